from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_inpaint.bench.report import ColdStart, LatencyReport, Ratio, Statistics
from mobile_inpaint.errors import BenchError

Report = Callable[..., LatencyReport]
TIMES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)


def test_statistics_of_a_known_series() -> None:
    its = Statistics.of([float(i) for i in range(1, 102)])
    assert (its.n, its.p50_ms, its.p90_ms, its.p95_ms, its.p99_ms) == (101, 51.0, 91.0, 96.0, 100.0)
    assert (its.min_ms, its.max_ms, its.mean_ms, its.iqr_ms) == (1.0, 101.0, 51.0, 50.0)
    assert its.std_ms == pytest.approx(statistics.stdev(range(1, 102)))


@given(TIMES)
def test_statistics_are_in_order(times: list[float]) -> None:
    its = Statistics.of(times)
    ordered = [its.min_ms, its.p50_ms, its.p90_ms, its.p95_ms, its.p99_ms, its.max_ms]
    assert all(low <= high * (1 + 1e-12) for low, high in itertools.pairwise(ordered))
    assert its.min_ms * (1 - 1e-12) <= its.mean_ms <= its.max_ms * (1 + 1e-12)
    assert its.iqr_ms >= 0 and (its.std_ms > 0 or its.n == 1 or min(times) == max(times))


def test_one_slow_run_moves_the_mean_and_not_the_median() -> None:
    steady = [*([100.0] * 20), 100_000.0]
    assert Statistics.of(steady).p50_ms == 100 and Statistics.of(steady).mean_ms > 1000


def test_unsteady_is_an_interquartile_range_above_a_tenth_of_the_median() -> None:
    assert not Statistics.of([95.0, 100.0, 105.0]).unsteady
    assert Statistics.of([90.0, 100.0, 111.0]).unsteady


@given(TIMES, st.floats(0.01, 100))
def test_a_ratio_is_taken_round_by_round(times: list[float], factor: float) -> None:
    ratio = Ratio.of([time * factor for time in times], times)
    assert (ratio.p10, ratio.median, ratio.p90) == pytest.approx((factor, factor, factor))


def test_a_ratio_shows_its_spread() -> None:
    ratio = Ratio.of([100, 200, 300], [100, 100, 100])
    assert (ratio.p10, ratio.median, ratio.p90) == pytest.approx((1.2, 2.0, 2.8))


def test_json_and_back(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for original in (report(), report(pipeline=None, cold_starts=(), commit=None, computes_in=None)):
        path.write_text(original.to_json())
        assert LatencyReport.load(path) == original


def test_derived_figures(report: Report) -> None:
    made = report()
    assert (made.load_ms, made.first_ms, made.peak_mb, made.subject.file_mb) == (25.0, 300.0, 500.0, 28.0)
    assert made.pipeline is not None and made.pipeline.total_ms == (114.0,)
    assert made.pipeline.medians_ms == (5.0, 100.0, 9.0)
    bare = report(cold_starts=(ColdStart(1.0, 2.0, None),))
    assert bare.peak_mb is None and report(cold_starts=()).load_ms is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "newer"),
        ({"times_ms": []}, "times_ms"),
        ({"times_ms": [1.0, -2.0]}, "times_ms"),
        ({"times_ms": [1.0, "2"]}, r"times_ms\[1\]"),
        ({"timed": "something"}, "completion, dispatch"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"threads": True}, "whole number"),
    ],
)
def test_a_damaged_report_is_refused_in_one_line(
    report: Report, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(json.loads(report().to_json()) | change))
    with pytest.raises(BenchError, match=message) as caught:
        LatencyReport.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{", b"null"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"report\.json"):
        LatencyReport.load(path)
