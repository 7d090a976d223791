"""The record as tables: what was timed, what it cost, and what others published; as Markdown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from mobile_inpaint.bench.measure.statistics import Ratio
from mobile_inpaint.bench.record.published import nearest
from mobile_inpaint.bench.report.latency_report import LatencyReport

PUBLISHED_GRAPH = "published-graph.onnx"
"""The name of the reference that tables give their ratios to."""

Machine = tuple[str, str, str, str]


@dataclass(frozen=True)
class Table:
    """Cells as text, the first column naming the row.

    Attributes:
        grey: for each row whether it cannot be compared.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    grey: tuple[bool, ...] = ()


def newest(reports: Sequence[LatencyReport]) -> list[LatencyReport]:
    """The newest of each file on each machine by each runtime, unit and number of threads, machine by machine."""
    found = {
        (*machine_of(one), one.subject.name, one.runtime.partition(" ")[0], one.accelerator, one.threads): one
        for one in sorted(reports, key=lambda report: report.date)
    }
    return [found[key] for key in sorted(found)]


def machine_of(report: LatencyReport) -> Machine:
    """What tells one machine from another: device, chip, cores and system."""
    machine = report.machine
    played = f"emulated by {machine.emulated_by}, times mean nothing" if machine.emulated_by else machine.os
    return machine.device, machine.chip, f"{machine.cores} cores", played


def by_machine(reports: Sequence[LatencyReport]) -> Iterator[tuple[Machine, list[LatencyReport]]]:
    """The newest reports of each machine."""
    for machine, own in itertools.groupby(newest(reports), key=machine_of):
        yield machine, list(own)


def timings(own: Sequence[LatencyReport], everything: Sequence[LatencyReport]) -> Table:
    """What each file took, and how many times as fast that is as the published graph in the same rounds."""
    columns = (
        "file", "runtime", "unit", "threads", "P50 ms", "P90", "P95", "P99", "mean", "σ", "min", "max",
        "as fast as the published graph", "measured", "doubts",
    )  # fmt: skip
    rows = []
    for report in own:
        its, ratio = report.statistics, ratio_to_published(report, everything)
        figures = (its.p50_ms, its.p90_ms, its.p95_ms, its.p99_ms, its.mean_ms, its.std_ms, its.min_ms, its.max_ms)
        rows.append(
            (
                _name(report),
                report.runtime,
                report.accelerator,
                str(report.threads),
                *(f"{figure:.1f}" for figure in figures),
                f"{ratio.median:.2f}× [{ratio.p10:.2f}–{ratio.p90:.2f}]" if ratio else "",
                f"{report.date[:10]}, {report.commit or 'no checkout'}",
                "; ".join((*_series(report), *report.warnings)),
            )
        )
    return Table(columns, tuple(rows), tuple(report.machine.emulated_by is not None for report in own))


def costs(own: Sequence[LatencyReport]) -> Table:
    """What else each file cost: beginning, dispatch, a photo, memory, energy, heat; without columns that nobody filled."""
    named = [(_name(report), dict(_costs(report))) for report in own]
    columns = [column for column in dict(_costs(own[0])) if any(cells[column] for _, cells in named)]
    return Table(("file", *columns), tuple((name, *(cells[column] for column in columns)) for name, cells in named))


def published(everything: Sequence[LatencyReport]) -> Table:
    """Each published figure, beside that of ours which has the fewest reasons against being compared with it."""
    rows, grey = [], []
    for report, comparison in nearest(newest(everything)):
        timing = comparison.timing
        theirs = f"{timing.ms:g}" + (f" ± {timing.std_ms:g}" if timing.std_ms is not None else "")
        theirs += f" to {timing.max_ms:g}" if timing.max_ms is not None else ""
        ours = f"{_name(report)} on {report.machine.device}, {comparison.ours_ms:.1f}"
        rows.append((timing.network, timing.device_name, str(timing.size_px), theirs, timing.source, ours, comparison.verdict))
        grey.append(bool(comparison.reasons))
    columns = ("network", "device", "px", "their ms", "source", "nearest of ours, P50 ms", "comparable")
    return Table(columns, tuple(rows), tuple(grey))


def ratio_to_published(report: LatencyReport, everything: Sequence[LatencyReport]) -> Ratio | None:
    """How many times as fast as the published graph, where that was measured in turn with ``report``."""
    for other in everything:
        together = (other.date, other.machine) == (report.date, report.machine) and other is not report
        together = together and len(other.times_ms) == len(report.times_ms)  # else they are not of the same rounds
        if together and other.subject.name == PUBLISHED_GRAPH:
            return Ratio.of(other.times_ms, report.times_ms)
    return None


def as_markdown(table: Table) -> str:
    """Of GitHub's kind."""
    cells = [
        tuple(cell.replace("|", "\\|") for cell in row) for row in (table.columns, ("---",) * len(table.columns), *table.rows)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _name(report: LatencyReport) -> str:
    return report.subject.name + (" (random weights: timing only)" if report.subject.timing_only else "")


def _series(report: LatencyReport) -> Iterator[str]:
    if report.series:
        yield f"each time is the mean of {report.series[0].runs} runs, for the tool tells no single ones"


def _costs(report: LatencyReport) -> Iterator[tuple[str, str]]:
    yield "compile ms", _whole(report.compile_ms)
    yield "cold load ms", _whole(report.load_ms)
    yield "first run ms", _whole(report.first_ms)
    yield "dispatch P50 ms", f"{median(report.dispatch_ms):.1f}" if report.dispatch_ms else ""
    parts = report.pipeline
    yield "photo: pre / net / post ms", " / ".join(map(_whole, parts.medians_ms)) if parts else ""
    yield "peak MB", _whole(report.peak_mb)
    yield "retained MB", _whole(report.retained_mb)
    yield "file MB", f"{report.subject.file_mb:.1f}"
    yield "mJ a run", _whole(report.energy_mj)
    heat = report.thermal
    yield "°C before → after", f"{heat.before_c:.0f} → {heat.after_c:.0f}" if heat and heat.before_c and heat.after_c else ""
    yield "operations on", ", ".join(f"{unit} {count}" for unit, count in (report.placement or {}).items())
    agreed = report.agreement
    yield "dB to what it should be", f"{agreed.psnr_db:.1f} (at least {agreed.required_db:g})" if agreed else ""


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
