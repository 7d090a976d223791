"""Ranges from histograms: what each method keeps of a distribution, however the values arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_inpaint.artifact import Quantization, RangeMethod
from mobile_inpaint.targets.observers import Histogram, Ranges

NORMAL = np.random.default_rng(0).normal(0, 1, 200_000).astype(np.float32)
SPIKED = np.append(NORMAL, [80.0, -120.0]).astype(np.float32)


def range_of(values: np.ndarray, method: RangeMethod, percentile: float = 99.99) -> tuple[float, float]:
    seen = Histogram()
    seen.add(values)
    return seen.range(Quantization(ranges=method, percentile=percentile))


def test_minmax_is_exact_and_holds_zero() -> None:
    assert range_of(SPIKED, "minmax") == (-120.0, 80.0)
    assert range_of(np.array([2.0, 3.0], np.float32), "minmax") == (0.0, 3.0)


@pytest.mark.parametrize("method", ["percentile", "mse", "entropy"])
def test_the_others_let_go_of_spikes(method: RangeMethod) -> None:
    low, high = range_of(np.append(NORMAL, [8.0, -12.0]).astype(np.float32), method)
    assert -12 < low < -2
    assert 2 < high < 8


def test_percentile_is_the_quantile() -> None:
    low, high = range_of(NORMAL, "percentile", 99.0)
    expected = np.quantile(NORMAL, [0.005, 0.995])
    np.testing.assert_allclose([low, high], expected, atol=8 / 2048)


def test_mse_is_the_best_of_what_it_tries() -> None:
    low, high = range_of(np.append(NORMAL, [8.0, -12.0]).astype(np.float32), "mse")

    def error(low: float, high: float) -> float:
        step = (high - low) / 255
        return float(np.square(np.clip(np.round(NORMAL / step) * step, low, high) - NORMAL).mean())

    assert error(low, high) < error(-12, 8) / 2


def test_a_leaky_relu_behind_a_tensor_lets_its_rare_negative_values_go() -> None:
    skewed = np.append(NORMAL, -np.abs(NORMAL[:2000]) * 4).astype(np.float32)
    seen = Histogram()
    seen.add(skewed)
    settings = Quantization(ranges="percentile", percentile=99.99)
    (low, high), (lower, upper) = seen.range(settings, 0.2), seen.range(settings)
    assert high == upper
    assert lower < low < 0

    def error_behind(low: float) -> float:
        step = (high - low) / 255
        rounded = np.clip(np.round(skewed / step) * step, low, high)
        return float(np.square(_leaky(rounded) - _leaky(skewed)).mean())

    assert error_behind(low) < 0.9 * error_behind(lower)
    assert seen.range(Quantization(ranges="minmax"), 0.2) == (float(skewed.min()), float(skewed.max()))


def _leaky(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, 0.2 * values, values)


def test_every_sample_counts_in_any_order() -> None:
    small, large = np.full(100, 0.01, np.float32), np.full(100, 50.0, np.float32)
    for parts in ((small, large), (large, small)):
        ranges = Ranges()
        for part in parts:
            ranges("x", part)
        assert ranges.of("x", Quantization(ranges="minmax")) == (0.0, 50.0)
        assert ranges.of("x", Quantization(ranges="percentile", percentile=99.9))[1] == pytest.approx(50, abs=0.1)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50), st.sampled_from(["percentile", "mse", "entropy"]))
def test_never_beyond_the_values_and_always_round_zero(values: list[float], method: RangeMethod) -> None:
    low, high = range_of(np.array(values, np.float32), method)
    assert min([*values, 0]) <= low <= 0 <= high <= max([*values, 0])


def test_a_tensor_of_zeros_has_an_empty_range() -> None:
    assert range_of(np.zeros(10, np.float32), "percentile") == (0.0, 0.0)
