"""What ``bench`` prints: tables for people, one document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mobile_inpaint import strict
from mobile_inpaint.bench import published
from mobile_inpaint.bench.report import LatencyReport, Ratio
from mobile_inpaint.cli import console


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
                "report": strict.dump(report),
                "statistics": asdict(report.statistics),
                "ratio": asdict(ratio) if (ratio := outcome.ratio(report)) else None,
            }
            for report in outcome.reports
        ],
        "published": [
            {
                "file": report.subject.name,
                **strict.dump(comparison.timing),
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
                "times_as_fast": outcome.beside.statistics.p50_ms / report.statistics.p50_ms,
                "reasons": list(published.differences(report, outcome.beside)),
            }
            for report in (outcome.subjects if outcome.beside else ())
            if outcome.beside
        ],
        "kept": [str(path) for path in kept],
    }


def show(outcome: Outcome) -> None:
    """The same on the terminal."""
    first = outcome.reports[0]
    machine, n, warmup = first.machine, len(first.times_ms), len(first.warmup_ms)
    console.say(f"{machine.device}: {machine.chip}, {machine.cores} cores, {machine.os}")
    threads = f"{first.threads} thread{'s' if first.threads > 1 else ''}"
    console.say(f"{threads} on the {first.accelerator}; {n} timed runs of each file in turn, after {warmup} others")
    console.say("")
    console.table(("file", "P50 ms", "P90", "P95", "P99", "mean", "σ", "min"), [*map(_times, outcome.reports)])
    console.say("")
    console.table(("file", "cold load ms", "first run", "peak MB", "file MB", "runtime"), [*map(_costs, outcome.reports)])
    if outcome.reference:
        console.say("")
        console.table(("file", f"times as fast as {outcome.reference.subject.name}", "P10", "P90"), [*_ratios(outcome)])
    if any(report.pipeline for report in outcome.reports):
        console.say("")
        scene = next(report.pipeline.photo for report in outcome.reports if report.pipeline)
        console.table(
            ("file", "photo ms", "before", "net", "after", "net's share"), [*_shares(outcome)], title=f"Photo of {scene}"
        )
    for report in outcome.subjects if outcome.paper else ():
        console.say("")
        console.table(
            ("network", "device", "px", "their ms", "our ms", ""),
            [
                (
                    comparison.timing.network,
                    comparison.timing.device_name,
                    comparison.timing.size_px,
                    comparison.timing.ms,
                    round(comparison.ours_ms, 1),
                    comparison.verdict,
                )
                for comparison in published.compare(report)
            ],
            title=f"{report.subject.name} beside published timings",
        )
    for report in outcome.subjects if outcome.beside else ():
        assert outcome.beside
        reasons = published.differences(report, outcome.beside)
        ratio = outcome.beside.statistics.p50_ms / report.statistics.p50_ms
        verdict = f"not comparable: {', '.join(reasons)}" if reasons else f"{ratio:.2f} times as fast, measured apart"
        console.say(f"{report.subject.name} beside {outcome.beside.subject.name} of {outcome.beside.date[:10]}: {verdict}")
    for report in outcome.reports:
        for warning in report.warnings:
            console.note(f"{report.subject.name}: {warning}")


def _times(report: LatencyReport) -> tuple[object, ...]:
    its = report.statistics
    figures = (its.p50_ms, its.p90_ms, its.p95_ms, its.p99_ms, its.mean_ms, its.std_ms, its.min_ms)
    return report.subject.name, *(_rounded(figure) for figure in figures)


def _costs(report: LatencyReport) -> tuple[object, ...]:
    figures = (report.load_ms, report.first_ms, report.peak_mb, report.subject.file_mb)
    return report.subject.name, *("" if figure is None else _rounded(figure) for figure in figures), report.runtime


def _ratios(outcome: Outcome) -> Iterator[tuple[object, ...]]:
    for report in outcome.reports:
        if ratio := outcome.ratio(report):
            yield report.subject.name, round(ratio.median, 2), round(ratio.p10, 2), round(ratio.p90, 2)


def _shares(outcome: Outcome) -> Iterator[tuple[object, ...]]:
    from statistics import median

    for report in outcome.reports:
        if parts := report.pipeline:
            total = median(parts.total_ms)
            before, net, after = map(_rounded, parts.medians_ms)
            yield report.subject.name, _rounded(total), before, net, after, f"{parts.medians_ms[1] / total:.0%}"


def _rounded(figure: float) -> float:
    """As many decimals as mean something."""
    return round(figure, 1) if figure >= 10 else round(figure, 3)
