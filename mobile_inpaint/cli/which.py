"""``mobile-inpaint which``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.bench.report.latency_report import LatencyReport


def which(
    device_class: Annotated[
        str,
        typer.Option(
            metavar="CLASS",
            help="phone-low, phone-mid, phone-high, tablet, browser, desktop or host.",
            autocompletion=completion.device_classes,
        ),
    ],
    max_ms: Annotated[
        float | None, typer.Option(min=0, max=1e12, metavar="MS", help="Bound on the median time of a run.")
    ] = None,
    max_mb: Annotated[float | None, typer.Option(min=0, max=1e12, metavar="MB", help="Bound on the size of the file.")] = None,
    max_peak_mb: Annotated[
        float | None, typer.Option(min=0, max=1e12, metavar="MB", help="Bound on the memory while it runs.")
    ] = None,
    record: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.json|DIR",
            help="Reports, or folders given to bench --record.",
            show_default="benchmarks/ of the checkout",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show where each figure was measured.")] = False,
    json: console.Json = False,
) -> None:
    """Choose an artifact for a class of devices, from measurements.

    The one with the lowest LPIPS that keeps all bounds on each measured device of the class.
    """
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
            "sha256": option.slowest.subject.sha256,
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
        names = _told_apart([(option.slowest.subject.name, option.slowest.subject.sha256) for option in found])
        if best:
            console.say(names[0], "good")
            console.say(f"\nmeasured on {_measured(best.slowest)}\n")
        shown = [
            (
                name,
                f"{row['ms']:.1f}",
                f"{row['mb']:.1f}",
                "not judged" if option.lpips is None else f"{option.lpips:.4f}",
                *((f"{row['device']} ({row['chip']})", row["by"]) if verbose else ()),
                console.verdict("chosen", True) if option is best else "; ".join(option.misses) or "keeps the bounds too",
            )
            for name, row, option in zip(names, rows, found, strict=True)
        ]
        places = ("slowest on", "by") if verbose else ()
        console.table(("file", "P50 ms", "MB", "LPIPS", *places, "verdict"), shown)
        if best and (made := _export_of(best.slowest)):
            console.hint(made)
    if best is None:
        raise BenchError(f"none of {len(found)} artifacts measured on class {device_class} keeps the bounds")


def _told_apart(files: Sequence[tuple[str, str]]) -> list[str]:
    """Names by name and sha256: where two files have the same name, each with the beginning of its hash."""
    of_name = {name: {digest for other, digest in files if other == name} for name, _ in files}
    return [name if len(of_name[name]) == 1 else f"{name} ({digest[:8]})" for name, digest in files]


def _export_of(report: LatencyReport) -> str | None:
    """The command that makes such an artifact."""
    from mobile_inpaint.targets.registry import get_target, list_targets

    subject = report.subject
    suffix = Path(re.sub(r"@[\w-]+$", "", subject.name)).suffix  # without the runtime
    target = next((name for name in list_targets() if get_target(name).suffix == suffix), None)
    if target is None or subject.checkpoint is None or subject.precision is None:
        return None
    return f"mobile-inpaint export --target {target} --model {subject.checkpoint} --precision {subject.precision}"


def _measured(report: LatencyReport) -> str:
    """Where the figures are from."""
    return f"{report.machine.device} ({report.machine.chip}), {report.date[:10]}, commit {report.commit}: {report.command}"
