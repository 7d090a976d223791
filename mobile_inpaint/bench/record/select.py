"""Which artifact suits a class of devices: out of the record, within bounds, and never by another class's times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from mobile_inpaint.bench.devices.registry import DeviceClass, list_devices
from mobile_inpaint.bench.record.fill_quality import lpips_by_file
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.bench.report.tables import newest
from mobile_inpaint.errors import BenchError


@dataclass(frozen=True)
class Bounds:
    """What an artifact must keep; None bounds nothing.

    Attributes:
        device_class: as in devices.toml.
        max_ms: median time of a run, on every device of that class that it was measured on.
        max_mb, max_peak_mb: of the file, and of memory while it runs, in millions of bytes.
    """

    device_class: DeviceClass
    max_ms: float | None = None
    max_mb: float | None = None
    max_peak_mb: float | None = None


@dataclass(frozen=True)
class Option:
    """One artifact on one class of devices.

    Attributes:
        reports: on each device of the class, chip by chip, its fastest measurement, by whatever runtime and unit.
        lpips: as :func:`~mobile_inpaint.bench.record.fill_quality.lpips_by_file` has it; None where nobody judged.
        misses: why it is not chosen; none where it may be.
    """

    reports: tuple[LatencyReport, ...]
    lpips: float | None
    misses: tuple[str, ...]

    @property
    def slowest(self) -> LatencyReport:
        """The measurement that the bound on time is held against."""
        return max(self.reports, key=lambda report: report.statistics.p50_ms)

    @property
    def _rank(self) -> tuple[bool, bool, float, int, float]:
        """The best fills first, to a thousandth of LPIPS; then the smaller file, then the faster one."""
        report = self.slowest
        lpips = round(self.lpips, 3) if self.lpips is not None else 0.0
        return bool(self.misses), self.lpips is None, lpips, report.subject.bytes, report.statistics.p50_ms


def options(reports: Sequence[LatencyReport], bounds: Bounds) -> list[Option]:
    """Every artifact that was measured on such a device, the one to take first.

    Raises:
        BenchError: none was; the record's other devices stand for none of that class.
    """
    rows = list_devices()
    of_class = [
        report
        for report in newest(reports)
        if report.subject.checkpoint is not None
        and (row := rows.get(report.machine.device)) is not None
        and row.device_class == bounds.device_class
    ]
    if not of_class:
        such = ", ".join(name for name, row in rows.items() if row.device_class == bounds.device_class)
        measured = ", ".join(dict.fromkeys(report.machine.device for report in reports))
        raise BenchError(
            f"no artifact was measured on a device of class {bounds.device_class} ({such}); "
            f"the record has {measured}, which stands for none: mobile-inpaint bench --device NAME, with one of them"
        )
    by_file = itertools.groupby(sorted(of_class, key=_sha256), key=_sha256)
    lpips = lpips_by_file(reports)
    return sorted((_option(list(own), bounds, lpips.get(sha256)) for sha256, own in by_file), key=lambda option: option._rank)


def _option(own: Sequence[LatencyReport], bounds: Bounds, lpips: float | None) -> Option:
    by_chip = itertools.groupby(sorted(own, key=_chip), key=_chip)
    fastest = tuple(min(group, key=lambda report: (bool(_flaws(report)), report.statistics.p50_ms)) for _, group in by_chip)
    slowest = max(fastest, key=lambda report: report.statistics.p50_ms)
    peaks = [report.peak_mb for report in fastest if report.peak_mb is not None]
    held = (
        ("ms", slowest.statistics.p50_ms, bounds.max_ms),
        ("MB", slowest.subject.file_mb, bounds.max_mb),
        ("MB of memory", max(peaks, default=None), bounds.max_peak_mb),
    )
    misses = [flaw for report in fastest for flaw in _flaws(report)]
    for unit, value, most in held:
        if most is not None and value is None:
            misses.append(f"{unit} unknown")
        elif most is not None and value is not None and value > most:
            misses.append(f"{value:.1f} {unit}")
    return Option(fastest, lpips, tuple(dict.fromkeys(misses)))


def _flaws(report: LatencyReport) -> list[str]:
    """Why this measurement, or this artifact, recommends nothing."""
    quality, agreed = report.subject.quality, report.agreement
    flaws = {
        "random weights": report.subject.timing_only,
        "emulated, its times mean nothing": report.machine.emulated_by is not None,
        "completion was not shown": report.may_be_unfinished,
        "its fills fall short": quality is not None and bool(quality.misses),
        "computes wrongly there": agreed is not None and not agreed.holds,
    }
    return [flaw for flaw, applies in flaws.items() if applies]


def _sha256(report: LatencyReport) -> str:
    return report.subject.sha256


def _chip(report: LatencyReport) -> tuple[str, str]:
    """Every computer is a host, and some phones are sold with two chips."""
    return report.machine.device, report.machine.chip
