"""Bootstrap intervals: they hold what they are of, and are as wide as statistics say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_inpaint.metrics.bootstrap import interval, ratio_interval


@given(values=st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    low, high = interval(np.array(values))
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert (low, high) == interval(np.array(values))


def test_the_interval_is_as_wide_as_statistics_say() -> None:
    values = np.random.default_rng(7).normal(0.01, 0.02, 400)
    low, high = interval(values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high


def test_a_ratio_of_pairs_that_go_together_is_far_surer_than_its_parts() -> None:
    random = np.random.default_rng(3)
    teacher = random.lognormal(-3, 0.8, 80)
    student = teacher * random.normal(1.1, 0.05, 80)
    low, high = ratio_interval(student, teacher)
    assert low < student.mean() / teacher.mean() < high
    assert high - low < 0.06
    apart = ratio_interval(random.permutation(student), teacher)
    assert apart[1] - apart[0] > 4 * (high - low)
    assert ratio_interval(teacher, teacher) == (1, 1)
