"""What ``bench`` prints: tables for people, one document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from mobile_inpaint import schema
from mobile_inpaint.bench.measure.statistics import Ratio
from mobile_inpaint.bench.record import published
from mobile_inpaint.bench.record.comparison import Change
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.cli import console

Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True)
class Outcome:
    """Of one call.

    Attributes:
        reports: in the order measured.
        last_is_reference: the last one is what the others are compared with; otherwise the first of several is.
        paper: set the others beside published timings.
        beside: a stored report to set them beside.
    """

    reports: Sequence[LatencyReport]
    last_is_reference: bool
    paper: bool
    beside: LatencyReport | None

    @property
    def reference(self) -> LatencyReport | None:
        """What the ratios are to."""
        if self.last_is_reference:
            return self.reports[-1]
        return self.reports[0] if len(self.reports) > 1 else None

    @property
    def subjects(self) -> Sequence[LatencyReport]:
        """Those that were asked for."""
        return self.reports[:-1] if self.last_is_reference else self.reports

    def ratio(self, report: LatencyReport) -> Ratio | None:
        """How many times as fast as the reference, in the same rounds."""
        if self.reference is None or report is self.reference:
            return None
        return Ratio.of(self.reference.times_ms, report.times_ms)


def document(outcome: Outcome, kept: Sequence[Path]) -> dict[str, Any]:
    """Everything, for ``--json``: each report as it is kept, with what is derived from it beside it."""
    return {
        "reference": outcome.reference.subject.name if outcome.reference else None,
        "measured": [
            {
                "report": schema.dump(report),
                "statistics": asdict(report.statistics),
                "ratio": asdict(ratio) if (ratio := outcome.ratio(report)) else None,
            }
            for report in outcome.reports
        ],
        "published": [
            {
                "file": report.subject.name,
                **schema.dump(comparison.timing),
                "ours_ms": comparison.ours_ms,
                "comparable": not comparison.reasons,
                "reasons": list(comparison.reasons),
            }
            for report in (outcome.subjects if outcome.paper else ())
            for comparison in published.compare(report)
        ],
        "beside": [
            {
                "file": report.subject.name,
                "theirs": outcome.beside.subject.name,
                **asdict(Change.between(outcome.beside, report)),
            }
            for report in (outcome.subjects if outcome.beside else ())
            if outcome.beside
        ],
        "kept": [str(path) for path in kept],
    }


def show(outcome: Outcome, *, verbose: bool) -> None:
    """The same on the terminal; with ``verbose`` each published timing."""
    _show_conditions(outcome.reports)
    _table(("file", "P50 ms", "P90", "P99", "mean", "σ", "min", "max"), map(_times, outcome.reports))
    if any(report.dispatch_ms for report in outcome.reports):
        _table(("file", "dispatch P50 ms", "until read back"), map(_dispatches, outcome.reports))
    _table(*_costs(outcome.reports))
    if any(report.placement or report.agreement for report in outcome.reports):
        _table(("file", "operations on", "agreement, dB"), map(_checks, outcome.reports))
    if outcome.reference:
        _table(("file", f"times as fast as {outcome.reference.subject.name}", "P10", "P90"), _ratios(outcome))
    if scenes := [report.pipeline.photo for report in outcome.reports if report.pipeline]:
        columns = ("file", "photo ms", "before", "net", "after", "net's share")
        _table(columns, _parts(outcome.reports), title=f"Photo of {scenes[0]}")
    for report in outcome.subjects if outcome.paper else ():
        _show_published(report, verbose=verbose)
    for report in outcome.subjects if outcome.beside else ():
        assert outcome.beside
        console.say(f"\n{report.subject.name} beside {outcome.beside.subject.name} of {outcome.beside.date[:10]}:")
        console.say(f"  {_verdict(report, outcome.beside)}")
    for report in outcome.reports:
        for warning in report.warnings:
            console.note(f"{report.subject.name}: {warning}")


def _show_conditions(reports: Sequence[LatencyReport]) -> None:
    first = reports[0]
    machine, warmup, n = first.machine, len(first.warmup_ms), len(first.times_ms)
    runtimes = ", ".join(dict.fromkeys(report.runtime for report in reports))
    threads = f"{first.threads} thread{'s' if first.threads > 1 else ''}"
    console.say(f"{machine.device}: {machine.chip}, {machine.cores} cores, {machine.os}")
    console.say(f"{runtimes}, {threads} on the {first.accelerator}")
    console.say(f"{n} timed runs after {warmup} others" + (", all files in turn" if len(reports) > 1 else ""))
    if (thermal := first.thermal) and thermal.before_c is not None and thermal.after_c is not None:
        console.say(f"{thermal.before_c:.0f} °C before, {thermal.after_c:.0f} °C after" + _waited(thermal.waited_s))
    elif first.machine.emulated_by is None:
        console.say("temperature: unknown")


def _waited(seconds: float) -> str:
    return f"; {seconds:.0f} s were given to cool down" if seconds else ""


def _table(columns: Sequence[str], rows: Iterable[Row], title: str | None = None) -> None:
    console.say("")
    console.table(columns, list(rows), title=title)


def _times(report: LatencyReport) -> Row:
    its = report.statistics
    figures = (its.p50_ms, its.p90_ms, its.p99_ms, its.mean_ms, its.std_ms, its.min_ms, its.max_ms)
    return report.subject.name, *map(_rounded, figures)


def _costs(reports: Sequence[LatencyReport]) -> tuple[Sequence[str], list[Row]]:
    """What else the files cost; without figures that no device told."""
    figures: dict[str, list[float | None]] = {
        "compile ms": [report.compile_ms for report in reports],
        "cold load ms": [report.load_ms for report in reports],
        "first ms": [report.first_ms for report in reports],
        "peak MB": [report.peak_mb for report in reports],
        "held MB": [report.retained_mb for report in reports],
        "file MB": [report.subject.file_mb for report in reports],
        "mJ a run": [report.energy_mj for report in reports],
    }
    known = {name: values for name, values in figures.items() if any(value is not None for value in values)}
    rows: list[Row] = [
        (report.subject.name, *("" if values[at] is None else _rounded(values[at] or 0.0) for values in known.values()))
        for at, report in enumerate(reports)
    ]
    return ("file", *known), rows


def _dispatches(report: LatencyReport) -> Row:
    dispatch = _rounded(median(report.dispatch_ms)) if report.dispatch_ms else "the same call"
    return report.subject.name, dispatch, _rounded(report.statistics.p50_ms)


def _checks(report: LatencyReport) -> Row:
    placed = ", ".join(f"{unit} {count}" for unit, count in (report.placement or {}).items())
    agreed = report.agreement
    if agreed is None:
        return report.subject.name, placed, ""
    told = f"{agreed.psnr_db:.1f} ({agreed.required_db:.0f} needed), {agreed.expected}"
    return report.subject.name, placed, console.verdict(told, agreed.holds)


def _ratios(outcome: Outcome) -> Iterator[Row]:
    for report in outcome.reports:
        if ratio := outcome.ratio(report):
            yield report.subject.name, *(f"{figure:.2f}" for figure in (ratio.median, ratio.p10, ratio.p90))


def _parts(reports: Sequence[LatencyReport]) -> Iterator[Row]:
    for report in reports:
        if parts := report.pipeline:
            total, net = median(parts.total_ms), parts.medians_ms[1]
            yield report.subject.name, _rounded(total), *map(_rounded, parts.medians_ms), f"{net / total:.0%}"


def _show_published(report: LatencyReport, *, verbose: bool) -> None:
    """One line, and the timings that may be compared; each of them, with the reasons against it, where ``verbose``."""
    comparisons = published.compare(report)
    fair = [each for each in comparisons if not each.reasons]
    more = "" if verbose else "; each one and the reasons: --verbose"
    console.say(
        f"\n{report.subject.name}, {report.statistics.p50_ms:.1f} ms: comparable with {len(fair)} of {len(comparisons)} "
        f"published timings{_why_not(comparisons) if not fair else ''}{more}"
    )
    rows: list[Row] = [
        (each.timing.network, each.timing.device_name, each.timing.size_px, each.timing.ms, each.verdict)
        for each in (comparisons if verbose else fair)
    ]
    if rows:
        _table(("network", "device", "px", "their ms", "comparable"), rows)


def _why_not(comparisons: Sequence[published.Comparison]) -> str:
    """The reason that most of them have."""
    reasons = Counter(reason for each in comparisons for reason in each.reasons)
    reason, count = reasons.most_common(1)[0]
    return f" ({'all' if count == len(comparisons) else count}: {reason})"


def _verdict(ours: LatencyReport, theirs: LatencyReport) -> str:
    change = Change.between(theirs, ours)
    return f"not comparable: {', '.join(change.reasons)}" if change.reasons else str(change)


def _rounded(figure: float) -> float:
    """As many decimals as mean something."""
    return round(figure, 1) if figure >= 10 else round(figure, 3)
