"""The record: one JSON a measurement, never changed afterwards, and the table that is made from all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import mobile_inpaint
from mobile_inpaint.bench.report import LatencyReport
from mobile_inpaint.bench.statistics import Ratio

PUBLISHED_GRAPH = "published-graph.onnx"
"""The name of the reference that the table gives its ratios to."""

_COLUMNS = (
    "| file | runtime | threads | P50 ms | P90 ms | P99 ms | σ ms | as fast as the published graph | cold load ms "
    "| first run ms | peak MB | file MB | pre / net / post ms | measured | doubts |\n" + "| --- " * 15 + "|"
)


def checkout_record(here: Path) -> Path | None:
    """``benchmarks/`` of the checkout this package runs from, if ``here`` is inside that checkout."""
    checkout = Path(mobile_inpaint.__file__).parents[1]
    record = checkout / "benchmarks"
    return record if here.is_relative_to(checkout) and (record / "results").is_dir() else None


def add(record: Path, reports: Iterable[LatencyReport]) -> list[Path]:
    """Writes each report to ``record/results/<device>/<file>.<date>.json`` and makes ``record/table.md`` anew.

    A file that is there stays as it is; a second report of the same second gets a number.
    """
    written = [_write(record / "results" / report.machine.device, report) for report in reports]
    (record / "table.md").write_text(table(record), encoding="utf-8")
    return written


def read(record: Path) -> list[LatencyReport]:
    """Every report under ``record/results``, oldest first.

    Raises:
        BenchError: one is not a report.
    """
    reports = [LatencyReport.load(path) for path in sorted((record / "results").glob("*/*.json"))]
    return sorted(reports, key=lambda report: report.date)


def table(record: Path) -> str:
    """Markdown: for each machine the newest measurement of each file at each number of threads."""
    everything = read(record)
    newest = {(*_machine(report), report.subject.name, report.threads): report for report in everything}
    lines = [
        "# Measured by `mobile-inpaint bench`",
        "",
        "Made from [results/](results) by every run that adds to it; the protocol is in [README.md](README.md).",
        "Only rows with the same date were measured in turn and may be compared to a few per cent. The ratio to the",
        "published graph is the median over the rounds of one run, its 10th and 90th percentile in brackets.",
    ]
    in_order = [newest[key] for key in sorted(newest)]
    for machine, reports in itertools.groupby(in_order, key=_machine):
        lines += ["", f"## {' · '.join(machine)}", "", _COLUMNS]
        lines += [_row(report, everything) for report in reports]
    return "\n".join(lines) + "\n"


def _write(folder: Path, report: LatencyReport) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = report.date.removesuffix("+00:00").replace(":", "").replace("-", "")
    for number in itertools.count(1):
        path = folder / f"{report.subject.name}.{stamp}{'' if number == 1 else f'-{number}'}.json"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(report.to_json())
        except FileExistsError:
            continue
        return path
    raise AssertionError("itertools.count ended")


def _machine(report: LatencyReport) -> tuple[str, str, str, str]:
    machine = report.machine
    return machine.device, machine.chip, f"{machine.cores} cores", machine.os


def _row(report: LatencyReport, everything: Sequence[LatencyReport]) -> str:
    statistics = report.statistics
    ratio = _ratio(report, everything)
    cells = (
        f"`{report.subject.name}`",
        report.runtime,
        str(report.threads),
        f"{statistics.p50_ms:.1f}",
        f"{statistics.p90_ms:.1f}",
        f"{statistics.p99_ms:.1f}",
        f"{statistics.std_ms:.1f}",
        f"{ratio.median:.2f}× [{ratio.p10:.2f}–{ratio.p90:.2f}]" if ratio else "",
        _whole(report.load_ms),
        _whole(report.first_ms),
        _whole(report.peak_mb),
        f"{report.subject.file_mb:.1f}",
        " / ".join(map(_whole, report.pipeline.medians_ms)) if report.pipeline else "",
        f"{report.date[:10]}, {report.commit or 'no checkout'}",
        "; ".join(report.warnings),
    )
    return f"| {' | '.join(cells)} |"


def _ratio(report: LatencyReport, everything: Sequence[LatencyReport]) -> Ratio | None:
    """To the published graph, where it was measured in turn with ``report``."""
    for other in everything:
        together = (other.date, other.machine) == (report.date, report.machine) and other is not report
        if together and other.subject.name == PUBLISHED_GRAPH:
            return Ratio.of(other.times_ms, report.times_ms)
    return None


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
