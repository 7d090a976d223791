"""Measure the latency of artifacts on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cpu_count import usable_cores
from mobile_inpaint.errors import ArgumentError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.bench.devices.registry import Device
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.measure.pipeline import Scene
    from mobile_inpaint.bench.measure.protocol import Plan
    from mobile_inpaint.bench.report.latency_report import LatencyReport

MOST_THREADS = 4
"""By default: what runtimes on phones use, for the other cores are slow ones."""


@dataclass(frozen=True)
class Measured:
    """What :func:`bench` returns.

    Attributes:
        reports: one for each file, in the order given; ``reports[0].statistics.p50_ms`` is a median.
        kept: the files that the reports were written to.
    """

    reports: tuple[LatencyReport, ...]
    kept: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"Measured({', '.join(f'{one.subject.name}: {one.statistics.p50_ms:.1f} ms' for one in self.reports)})"


def bench(
    files: str | Path | Artifact | Sequence[str | Path | Artifact],
    *,
    device: str = "host",
    threads: int | None = None,
    warmup: int = 10,
    iterations: int = 50,
    pipeline: bool = False,
    photo: str | Path | None = None,
    mask: str | Path | None = None,
    max_temp_c: float | None = None,
    cooldown_s: float = 300.0,
    tools: Sequence[str | Path] = (),
    apple_team: str = "",
    command: str = "",
    record: str | Path | None = None,
    advance: Callable[[int, int | None], None] = lambda done, total: None,
) -> Measured:
    """Measures how long files take: several are run in turn, A B A B.

    ::

        print(mi.bench("artifacts/migan-lite-fp16.onnx").reports[0].statistics.p50_ms)

    Args:
        files: one or several artifacts, or any ``.onnx`` or ``.tflite``. Behind an ``@`` the runtime, as far as the device has
            a choice: ``a.onnx@openvino``.
        device: where; ``mobile-inpaint devices`` lists them.
        threads: for the runtime; None is all cores, at most 4.
        warmup: runs before the timed ones.
        iterations: timed runs.
        pipeline: measure a whole photo too: before, in and after the network.
        photo: for that, instead of 12 synthetic megapixels.
        mask: the mask of ``photo``, white = hole.
        max_temp_c: begin the timed runs below that; None is what the device takes for cool.
        cooldown_s: how long it may take to get there.
        tools: the user's programs that time files on phones.
        apple_team: the development team that signs what runs on an iPhone.
        command: what to type to measure it again, for the reports.
        record: a folder to keep the reports in, with a table and plots; None keeps none.
        advance: called as ``advance(done, total)``.

    Raises:
        DeviceNotFound, DeviceUnavailable: no such device, or it is not connected.
        BenchError: a file cannot be measured there.
        ManifestError, ToolchainMissing: a file is damaged, or its runtime is not installed.
        ArgumentError: no file, ``photo`` without ``mask``, or a number out of range.
    """
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.measure.protocol import Plan

    named = [files] if isinstance(files, str | Path | Artifact) else list(files)
    if not named:
        raise ArgumentError("no file to measure: name an artifact, or any .onnx or .tflite")
    if (photo is None) != (mask is None):
        raise ArgumentError("photo and mask go together: name both, or neither")
    for name, value, least in (("threads", threads, 1), ("warmup", warmup, 0), ("iterations", iterations, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ArgumentError(f"{name} is {quoted(value)}: it must be a whole number from {least} up")
    on = reach(device)
    candidates = [Candidate(one.path) if isinstance(one, Artifact) else Candidate.parse(str(one), on.runtimes) for one in named]
    plan = Plan(
        threads or on.threads,
        warmup,
        iterations,
        max_temp_c=max_temp_c,
        cooldown_s=cooldown_s,
        command=command,
        tools=tuple(map(Path, tools)),
        apple_team=apple_team,
    )
    return measure(on, candidates, plan, scene_of(photo, mask, pipeline=pipeline), record, advance)


class Reached(NamedTuple):
    """A device that is connected.

    Attributes:
        device: what measures.
        runtimes: that a candidate may name behind its ``@``.
        threads: of a runtime there, where nobody says how many.
    """

    device: Device
    runtimes: tuple[str, ...]
    threads: int


def reach(name: str) -> Reached:
    """The device called ``name``, connected.

    Raises:
        DeviceNotFound, DeviceUnavailable: no such device, or it is not connected.
    """
    from mobile_inpaint.bench.devices.registry import connect, find_device, kind_of

    row = find_device(name)
    threads = min(usable_cores(), MOST_THREADS) if row.kind == "host" else MOST_THREADS
    return Reached(connect(name), kind_of(row).runtimes, threads)


def scene_of(photo: str | Path | None, mask: str | Path | None, *, pipeline: bool) -> Scene | None:
    """The photo that is measured whole: the one named, 12 synthetic megapixels for ``pipeline``, or none.

    Raises:
        PhotoError, MaskError: the photo or its mask cannot be read.
    """
    from mobile_inpaint.bench.measure.pipeline import open_scene, synthetic_scene

    if photo is not None and mask is not None:
        return open_scene(Path(photo), Path(mask))
    return synthetic_scene() if pipeline else None


def measure(
    on: Reached,
    candidates: Sequence[Candidate],
    plan: Plan,
    scene: Scene | None,
    record: str | Path | None,
    advance: Callable[[int, int | None], None],
) -> Measured:
    """Measures the candidates in turn and keeps the reports in ``record``; None keeps none.

    Raises:
        BenchError: a file cannot be measured there.
    """
    reports = on.device.measure(candidates, plan, scene, advance)
    if record is None:
        return Measured(tuple(reports))
    from mobile_inpaint.bench.record import store

    return Measured(tuple(reports), tuple(store.add(Path(record), reports)))
