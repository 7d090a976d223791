from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mobile_inpaint.bench.record.comparison import Change, parse_percent
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.errors import BenchError
from mobile_inpaint.metrics.bootstrap import median_ratio_interval

Report = Callable[..., LatencyReport]


def _times(median_ms: float, seed: int, n: int = 50, spread: float = 0.02) -> tuple[float, ...]:
    return tuple((median_ms * np.random.default_rng(seed).lognormal(0, spread, n)).tolist())


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(factor: float) -> None:
    held = 0
    for seed in range(40):
        low, high = median_ratio_interval(np.array(_times(100 * factor, 2 * seed)), np.array(_times(100, 2 * seed + 1)))
        held += low <= factor <= high
    assert held >= 34, "95 % of 40 is 38; a shade less is what resampling so few runs costs"


def test_disturbances_that_last_widen_the_interval() -> None:
    lasting = np.repeat(np.random.default_rng(0).lognormal(0, 0.05, 10), 10)
    shuffled = np.random.default_rng(1).permutation(lasting)
    steady = np.ones(100)
    wide, narrow = median_ratio_interval(lasting, steady), median_ratio_interval(shuffled, steady)
    assert wide[1] - wide[0] > 1.2 * (narrow[1] - narrow[0])


def test_what_met_both_alike_cancels_where_they_ran_in_turn() -> None:
    common = np.random.default_rng(0).lognormal(0, 0.2, 50)
    low, high = median_ratio_interval(1.1 * common, common, paired=True)
    assert (low, high) == pytest.approx((1.1, 1.1))
    low, high = median_ratio_interval(1.1 * common, common)
    assert high - low > 0.05


def test_a_long_series_takes_little_time_and_memory() -> None:
    values = np.random.default_rng(0).lognormal(0, 0.2, 100_000)
    started = time.process_time()
    tracemalloc.start()
    low, high = median_ratio_interval(1.1 * values, values[::-1])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert low < 1.1 < high < 1.11
    assert time.process_time() - started < 4 and most < 100e6


def test_slower_beyond_doubt_is_a_regression_and_a_little_slower_is_not(report: Report) -> None:
    before = report(times_ms=_times(100, 0), in_turn_with=())
    for factor, regression, undecided in ((1.0, False, False), (1.03, False, False), (1.05, False, True), (1.2, True, False)):
        change = Change.between(before, replace(before, times_ms=_times(100 * factor, 1)))
        assert change.reasons == () and not change.in_turn
        assert (change.is_regression(0.05), change.is_undecided(0.05)) == (regression, undecided), factor
    assert Change.between(before, replace(before, times_ms=_times(80, 1))).high < 1


def test_noise_is_no_regression(report: Report) -> None:
    noisy = [report(times_ms=_times(100, seed, n=30, spread=0.3)) for seed in range(40)]
    cried = sum(Change.between(a, b).is_regression(0.05) for a, b in zip(noisy[::2], noisy[1::2], strict=True))
    assert cried <= 1, "one in forty is what a 95 % interval allows"


def test_reports_of_one_run_are_paired(report: Report) -> None:
    a = report(in_turn_with=("b.onnx",))
    b = replace(a, subject=replace(a.subject, name="b.onnx"), in_turn_with=("a-fp32.onnx",))
    assert Change.between(a, b).in_turn
    assert not Change.between(a, replace(b, date="2026-11-22T06:00:00+00:00")).in_turn


def test_what_an_emulator_took_compares_with_nothing(report: Report) -> None:
    emulated = report(machine=replace(report().machine, emulated_by="qemu-aarch64 7.2"))
    assert Change.between(emulated, emulated).reasons == ("times of an emulated machine mean nothing",)
    assert Change.between(report(), emulated).reasons == ("emulated by None there, qemu-aarch64 7.2 here",)


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("2.5 %", 0.025), ("0%", 0.0)])
def test_a_percentage(text: str, share: float) -> None:
    assert parse_percent(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["5", "-5%", "five", "", "%"])
def test_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(BenchError, match=r"is no percentage; write for example 5%$"):
        parse_percent(text)
