"""``mobile-inpaint which``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.bench.report.latency_report import LatencyReport


def which(
    device_class: Annotated[str, typer.Option(help="phone-low, phone-mid, phone-high, tablet, browser, host …")],
    max_ms: Annotated[float | None, typer.Option(min=0, max=1e12, help="Median time of a run.")] = None,
    max_mb: Annotated[float | None, typer.Option(min=0, max=1e12, help="Size of the file.")] = None,
    max_peak_mb: Annotated[float | None, typer.Option(min=0, max=1e12, help="Memory while it runs.")] = None,
    record: Annotated[list[Path] | None, typer.Option(help="Reports or records; none: the checkout's benchmarks/.")] = None,
    json: console.Json = False,
) -> None:
    """Pick the artifact with the best fills that keeps the bounds on devices of a class, out of what was measured on such."""
    from mobile_inpaint.bench.devices.registry import DeviceClass
    from mobile_inpaint.bench.record import store as records
    from mobile_inpaint.bench.record.select import Bounds, options

    if device_class not in get_args(DeviceClass):
        raise BenchError(f"unknown class {quoted(device_class)}: there are {', '.join(get_args(DeviceClass))}")
    bounds = Bounds(cast(DeviceClass, device_class), max_ms, max_mb, max_peak_mb)
    found = options(records.gather(record or []), bounds)
    best = None if found[0].misses else found[0]
    rows = [
        {
            "file": option.slowest.subject.name,
            "ms": option.slowest.statistics.p50_ms,
            "mb": option.slowest.subject.file_mb,
            "lpips": option.lpips,
            "device": option.slowest.machine.device,
            "chip": option.slowest.machine.chip,
            "by": f"{option.slowest.runtime} on {option.slowest.accelerator}",
            "misses": list(option.misses),
        }
        for option in found
    ]
    if json:
        chosen = best and {"file": rows[0]["file"], "sha256": best.slowest.subject.sha256, "measured": _measured(best.slowest)}
        console.emit({"chosen": chosen, "options": rows})
    else:
        if best:
            console.say(f"{best.slowest.subject.name}\n\nmeasured on {_measured(best.slowest)}\n")
        shown = [
            (
                row["file"],
                f"{row['ms']:.1f}",
                f"{row['mb']:.1f}",
                "not judged" if option.lpips is None else f"{option.lpips:.4f}",
                f"{row['device']} ({row['chip']})",
                row["by"],
                "chosen" if option is best else "; ".join(option.misses) or "keeps the bounds too",
            )
            for row, option in zip(rows, found, strict=True)
        ]
        console.table(("file", "P50 ms", "MB", "LPIPS", "slowest on", "by", "verdict"), shown)
    if best is None:
        raise BenchError(f"none of {len(found)} artifacts measured on class {device_class} keeps the bounds")


def _measured(report: LatencyReport) -> str:
    """Where the figures are from."""
    return f"{report.machine.device} ({report.machine.chip}), {report.date[:10]}, commit {report.commit}: {report.command}"
