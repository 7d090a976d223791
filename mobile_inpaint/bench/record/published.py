"""Timings that others published, and what sets ours beside them: side by side always, compared only where that is fair."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from mobile_inpaint import documents, schema
from mobile_inpaint.bench.devices.registry import list_devices
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.errors import BenchError


@dataclass(frozen=True)
class Source:
    """Where figures were published.

    Attributes:
        note: what else it, or another, says about them.
    """

    title: str
    link: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class PublishedTiming:
    """One figure as published; None where the source does not say.

    Attributes:
        network: the family, as in our models' names.
        device: a name in devices.toml, or words where no row fits.
        ms, std_ms: mean or typical time and its deviation; ``max_ms`` ends a range that ``ms`` begins.
        timed: the bare network, a whole pipeline, or nobody knows.
        source, quote: a name under ``[sources]``, and the words the figure stands on.
        second_hand: the source reports somebody else's network, or we read it elsewhere.
    """

    network: Literal["migan", "comodgan", "lama"]
    device: str
    size_px: int
    ms: float
    timed: Literal["network", "pipeline", "unknown"]
    source: str
    quote: str
    std_ms: float | None = None
    max_ms: float | None = None
    precision: str | None = None
    runtime: str | None = None
    accelerator: Literal["cpu", "gpu", "ane", "npu"] | None = None
    file_mb: float | None = None
    peak_mb: float | None = None
    second_hand: bool = False

    @property
    def device_name(self) -> str:
        """As it is sold."""
        row = list_devices().get(self.device)
        return row.name if row else self.device


@dataclass(frozen=True)
class Published:
    """The whole of published.toml."""

    sources: dict[str, Source]
    timings: tuple[PublishedTiming, ...]


@dataclass(frozen=True)
class Comparison:
    """A published figure beside ours.

    Attributes:
        timing: theirs.
        ours_ms: our median.
        reasons: why the two must not be compared; none when they may be.
    """

    timing: PublishedTiming
    ours_ms: float
    reasons: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """``yes: ours takes 0.85 of the time``, or ``no: `` and every reason."""
        if self.reasons:
            return f"no: {', '.join(self.reasons)}"
        return f"yes: ours takes {self.ours_ms / self.timing.ms:.2f} of the time"


@functools.cache
def published() -> Published:
    """Every published timing known here, the paper's first."""
    file = resources.files(__package__) / "published.toml"
    rows = documents.parse_toml(file.read_text(encoding="utf-8"), file.name, BenchError)
    found = schema.load(Published, rows, file.name, BenchError)
    unknown = {timing.source for timing in found.timings} - set(found.sources)
    assert not unknown, f"published.toml: sources without a table: {unknown}"
    return found


def compare(report: LatencyReport) -> tuple[Comparison, ...]:
    """Each published figure beside ``report``, those that may be compared first."""
    beside = [_beside(report, timing) for timing in published().timings]
    return tuple(sorted(beside, key=lambda comparison: bool(comparison.reasons)))


def nearest(reports: Sequence[LatencyReport]) -> list[tuple[LatencyReport, Comparison]]:
    """For each published figure, as published.toml has them, the report with the fewest reasons against comparing the two."""
    beside = [[(report, _beside(report, timing)) for report in reports] for timing in published().timings]
    return [min(candidates, key=lambda pair: len(pair[1].reasons)) for candidates in beside]


def differences(ours: LatencyReport, theirs: LatencyReport) -> tuple[str, ...]:
    """What forbids calling one of two reports faster: none when they differ in the file alone."""
    return tuple(
        f"{what} {their_value} there, {our_value} here"
        for what, our_value, their_value in (
            ("device", ours.machine.device, theirs.machine.device),
            ("chip", ours.machine.chip, theirs.machine.chip),
            ("threads", ours.threads, theirs.threads),
            ("accelerator", ours.accelerator, theirs.accelerator),
            ("size", ours.subject.size_px, theirs.subject.size_px),
            ("timed", ours.timed, theirs.timed),
            ("emulated by", ours.machine.emulated_by, theirs.machine.emulated_by),
        )
        if our_value != their_value
    ) + (("times of an emulated machine mean nothing",) if ours.machine.emulated_by and theirs.machine.emulated_by else ())


def _beside(report: LatencyReport, timing: PublishedTiming) -> Comparison:
    return Comparison(timing, report.statistics.p50_ms, tuple(_differences(report, timing)))


def _differences(report: LatencyReport, timing: PublishedTiming) -> Iterator[str]:
    if report.machine.device != timing.device:
        yield "another device"
    if report.machine.emulated_by is not None:
        yield "an emulated machine here, whose times mean nothing"
    if report.subject.network is None:
        yield "our file does not say which network it is"
    elif not report.subject.network.startswith(timing.network + "-"):
        yield "another network"
    if report.subject.size_px != timing.size_px:
        ours = f"{report.subject.size_px} px" if report.subject.size_px else "unknown"
        yield f"{timing.size_px} px there, {ours} here"
    if timing.timed == "pipeline":
        yield "a pipeline there, the network here"
    if timing.timed == "unknown":
        yield "unknown what was timed there"
    if report.timed == "dispatch":
        yield "completion not shown here"
    if report.agreement is not None and not report.agreement.holds:
        yield "computes wrongly here"
    if timing.accelerator is not None and report.accelerator != timing.accelerator:
        yield f"{timing.accelerator} there, {report.accelerator} here"
