from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_inpaint.bench.measure.statistics import Ratio, Statistics, doubts
from mobile_inpaint.bench.report.latency_report import Agreement, ColdStart, LatencyReport, Thermal
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


def test_what_is_doubtful_is_said_whatever_device_it_was() -> None:
    assert list(doubts([100.0, 101.0, 99.0] * 5, completed=True)) == []
    assert [text.partition(":")[0] for text in doubts([100.0, 130.0] * 8, completed=True)] == ["unsteady"]
    *_, slower = doubts([100.0] * 9 + [103.0] * 9 + [112.0] * 9, completed=True)
    assert slower.startswith("slower towards the end: the last third of the runs took 12% longer than the first")
    (dispatch,) = doubts([100.0], completed=False)
    assert dispatch.startswith("the output did not change")


def test_heat_is_doubtful_when_it_was_not_waited_out() -> None:
    assert list(Thermal(60.0, 80.0, 75.0, 0.0, throttled=0).doubts()) == list(Thermal().doubts()) == []
    assert list(Thermal(81.0, 90.0, 75.0, 300.0, throttled=2).doubts()) == [
        "warm: 81 °C after 300 s of cooling down, not below 75 °C",
        "throttled: the processor slowed down for heat 2 times",
    ]


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
    full = report(
        dispatch_ms=(1.0, 2.0, 1.5, 1.0),
        thermal=Thermal(31.5, 36.0, 38.0, 12.0, "light", 0),
        energy_mj=812.5,
        placement={"gpu": 509, "cpu": 0},
        agreement=Agreement("golden vector", 58.0, 0.01, 50.0),
    )
    for original in (report(), full, report(pipeline=None, cold_starts=(), commit=None, computes_in=None)):
        path.write_text(original.to_json())
        assert LatencyReport.load(path) == original


def test_derived_figures(report: Report) -> None:
    made = report()
    assert (made.load_ms, made.first_ms, made.peak_mb, made.subject.file_mb) == (25.0, 300.0, 500.0, 28.0)
    assert made.pipeline is not None and made.pipeline.total_ms == (114.0,)
    assert made.pipeline.medians_ms == (5.0, 100.0, 9.0)
    starts = (ColdStart(1.0, 2.0, 9, 3_000_000, 70.0), ColdStart(1.0, 2.0, 9, 5_000_000, 90.0), ColdStart(1.0, 2.0, None))
    compiled = report(cold_starts=starts)
    assert (compiled.compile_ms, compiled.retained_mb) == (80.0, 4.0) and (made.compile_ms, made.retained_mb) == (None, None)
    bare = report(cold_starts=(ColdStart(1.0, 2.0, None),))
    assert bare.peak_mb is None and report(cold_starts=()).load_ms is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "newer"),
        ({"times_ms": []}, "times_ms"),
        ({"times_ms": [1.0] * 100_001}, "100001 timed runs"),
        ({"schema": 0}, "from 1 to 2"),
        ({"times_ms": [1.0, -2.0]}, "times_ms"),
        ({"times_ms": [1.0, float("nan")]}, "not a latency report"),
        ({"times_ms": [1.0, float("inf")]}, "not a latency report"),
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
