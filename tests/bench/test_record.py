from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mobile_inpaint.bench.record import store as record
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.bench.report.plots import charts
from mobile_inpaint.bench.report.tables import PUBLISHED_GRAPH
from mobile_inpaint.errors import BenchError

REPOSITORY = Path(__file__).parents[2]


Report = Callable[..., LatencyReport]


@pytest.fixture
def reference(report: Report) -> LatencyReport:
    """Of the published graph, in the same run as ``report()``."""
    subject = replace(report().subject, name=PUBLISHED_GRAPH)
    return report(subject=subject, times_ms=(200.0, 220.0, 210.0, 204.0), pipeline=None)


def test_the_table_and_the_plots_of_this_repository_are_those_of_its_results() -> None:
    benchmarks = REPOSITORY / "benchmarks"
    made = record.pages(record.read(benchmarks))
    stale = [name for name, text in made.items() if (benchmarks / name).read_text(encoding="utf-8") != text]
    assert not stale, "made from results/; run: python -m mobile_inpaint.bench.record.store"
    assert {path.name for path in (benchmarks / "plots").iterdir()} == {Path(name).name for name in made} - {"table.md"}


def test_a_report_is_kept_as_it_was_and_never_written_over(report: Report, tmp_path: Path) -> None:
    (first,) = record.add(tmp_path, [report()])
    assert first == tmp_path / "results" / "host" / "a-fp32.onnx.20261121T060000.json"
    before = first.read_bytes()
    (second,) = record.add(tmp_path, [report(times_ms=(1.0,))])
    assert first.read_bytes() == before
    assert second.name == "a-fp32.onnx.20261121T060000-2.json"
    assert LatencyReport.load(first) == report()


def test_the_users_own_plots_stay(report: Report, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in ("mine.svg", "quality-7.svg"):
        (tmp_path / "plots" / name).write_text("<svg/>")
    record.add(tmp_path, [report()])
    there = {path.name for path in (tmp_path / "plots").iterdir()}
    assert "mine.svg" in there and "latency.svg" in there and "quality-7.svg" not in there
    assert not list(tmp_path.rglob(".*"))


def test_the_table_shows_the_newest_and_the_ratio_of_the_same_run(
    report: Report, reference: LatencyReport, tmp_path: Path
) -> None:
    record.add(tmp_path, [report(date="2026-11-20T06:00:00+00:00", times_ms=(9999.0,)), report(), reference])
    table = (tmp_path / "table.md").read_text()
    assert "9999" not in table
    row, costs = [line for line in table.splitlines() if line.startswith("| a-fp32.onnx")]
    assert "2.00× [2.00–2.00]" in row and "| 103.5 |" in row and "0123456789ab" in row
    assert "5 / 100 / 9" in costs
    row, _ = [line for line in table.splitlines() if line.startswith("| published-graph.onnx")]
    assert "×" not in row
    for name, text in record.pages(record.read(tmp_path)).items():
        assert (tmp_path / name).read_text() == text
        assert name == "table.md" or f"]({name})" in table


def test_a_plot_that_nothing_makes_any_more_goes(report: Report, tmp_path: Path) -> None:
    record.add(tmp_path, [report()])
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == {"latency", "memory", "paper"}
    (tmp_path / "plots" / "quality.svg").write_text("of yesterday")
    record.add(tmp_path, [report()])
    assert not (tmp_path / "plots" / "quality.svg").exists()


def test_reports_and_records_are_gathered(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = record.add(tmp_path / "kept", [report()])
    (tmp_path / "empty").mkdir()
    assert record.gather([tmp_path / "kept", kept]) == [report(), report()]
    with pytest.raises(BenchError, match=r"empty: no reports; make some with: mobile-inpaint bench"):
        record.gather([tmp_path / "empty"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError, match=r"^no reports named, and no checkout here"):
        record.gather([])


def test_runs_of_different_days_give_no_ratio(report: Report, reference: LatencyReport, tmp_path: Path) -> None:
    record.add(tmp_path, [report(), replace(reference, date="2026-11-22T06:00:00+00:00")])
    assert "×" not in record.markdown(record.read(tmp_path))


def test_each_machine_has_its_own_table(report: Report, tmp_path: Path) -> None:
    other = replace(report().machine, chip="Slow Chip 1")
    record.add(tmp_path, [report(), report(machine=other)])
    assert [line for line in record.markdown(record.read(tmp_path)).splitlines() if line.startswith("## ")] == [
        "## host · Fast Chip 9 · 2 cores · Linux 6 x86_64",
        "## host · Slow Chip 1 · 2 cores · Linux 6 x86_64",
        "## Beside published timings",
    ]


def test_plots_tell_machines_apart_that_differ_by_their_system_alone(report: Report) -> None:
    one, slow = report().machine, replace(report().machine, chip="Slow Chip 1")
    both = [report(), report(machine=replace(one, os="Linux 7 x86_64")), report(machine=slow)]
    latency = next(svg for name, _, svg in charts(both) if name == "latency")
    for name in ("Fast Chip 9, 2 cores, Linux 6 x86_64)", "Fast Chip 9, 2 cores, Linux 7 x86_64)", "Slow Chip 1, 2 cores)"):
        assert latency.count(name) == 1, name


def test_a_damaged_result_is_named(report: Report, tmp_path: Path) -> None:
    (path,) = record.add(tmp_path, [report()])
    path.write_text("{}")
    with pytest.raises(BenchError, match=path.name):
        record.read(tmp_path)


def test_reports_are_kept_in_a_checkout_when_standing_in_it(tmp_path: Path) -> None:
    assert record.checkout_record(REPOSITORY / "tests") == REPOSITORY / "benchmarks"
    assert record.checkout_record(tmp_path) is None


def test_reports_of_one_date_and_other_rounds_give_no_ratio(report: Report, reference: LatencyReport, tmp_path: Path) -> None:
    record.add(tmp_path, [report(times_ms=(1.0, 2.0)), replace(reference, times_ms=(1.0, 2.0, 3.0))])
    assert "×" not in record.markdown(record.read(tmp_path))
