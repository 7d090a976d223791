"""The machine that this runs on, its processor only."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mobile_inpaint
from mobile_inpaint.bench.candidate import Candidate
from mobile_inpaint.bench.cold_start import cold_start
from mobile_inpaint.bench.device import Device, DeviceRow
from mobile_inpaint.bench.pipeline import Scene, measure_pipeline
from mobile_inpaint.bench.protocol import Plan, Timing, measure_in_turn
from mobile_inpaint.bench.report import LatencyReport, Machine, Pipeline, Statistics
from mobile_inpaint.bench.workload import Workload, load

BUSY = 0.25
"""The load average per core above which other work is called a disturbance."""


class Host:
    """See :class:`~mobile_inpaint.bench.device.Device`."""

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.device.Device`."""
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        load_average = _load_average()
        rounds = plan.warmup + plan.iterations
        total = len(candidates) * plan.cold_starts + rounds * (1 + (len(candidates) if scene else 0))
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        workloads = [load(one, plan.threads) for one in candidates]  # first, for what cannot be run fails here at once
        starts = []
        for candidate in candidates:
            own = []
            for _ in range(plan.cold_starts):
                own.append(cold_start(candidate, plan.threads))
                step()
            starts.append(tuple(own))
        timings = measure_in_turn([one.run for one in workloads], plan.warmup, plan.iterations, advance=step)
        pipelines = [_pipeline(one, plan, scene, step) for one in workloads]
        machine, packages, commit = _machine(), _packages(), _commit()
        return tuple(
            LatencyReport(
                subject=one.subject,
                machine=machine,
                runtime=one.runtime,
                accelerator="cpu",
                computes_in=one.computes_in,
                threads=plan.threads,
                timed="completion" if timing.completed else "dispatch",
                warmup_ms=timing.warmup_ms,
                times_ms=timing.times_ms,
                cold_starts=cold,
                pipeline=pipeline,
                in_turn_with=tuple(other.subject.name for other in workloads if other is not one),
                date=date,
                load_average=load_average,
                packages=packages,
                commit=commit,
                command=plan.command,
                warnings=tuple(_warnings(one, timing, pipeline, scene, load_average)),
            )
            for one, timing, cold, pipeline in zip(workloads, timings, starts, pipelines, strict=True)
        )


def connect(name: str, row: DeviceRow) -> Device:
    """This machine, which is always connected."""
    return Host()


def usable_cores() -> int:
    """Those this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no such thing
        return os.cpu_count() or 1


def _pipeline(one: Workload, plan: Plan, scene: Scene | None, step: Callable[[], None]) -> Pipeline | None:
    if scene is None or one.fill is None or one.subject.size_px is None:
        return None
    return measure_pipeline(one.fill, one.subject.size_px, scene, plan.warmup, plan.iterations, advance=step)


def _warnings(
    one: Workload, timing: Timing, pipeline: Pipeline | None, scene: Scene | None, load_average: float | None
) -> Iterator[str]:
    yield from one.warnings
    statistics = Statistics.of(timing.times_ms)
    if statistics.unsteady:
        share = statistics.iqr_ms / statistics.p50_ms
        yield f"unsteady: the middle half of the times spans {share:.0%} of their median"
    if not timing.completed:
        yield "the output did not change with the input, so these may be times of a dispatch, not of finished work"
    if load_average is not None and load_average > BUSY * usable_cores():
        yield f"the machine was busy before: load average {load_average:.1f} on {usable_cores()} cores"
    if scene is not None and pipeline is None:
        yield "no pipeline: a file without a manifest does not say how a photo goes through it"


def _machine() -> Machine:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Machine("host", _chip(), usable_cores(), _memory_mb(), system)


def _chip() -> str:
    """The processor's own name, or its architecture where the system does not tell."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        name = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(name, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def _load_average() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):  # Windows has none
        return None


def _packages() -> dict[str, str]:
    found = {"python": platform.python_version(), "mobile-inpaint": mobile_inpaint.__version__}
    for name in ("numpy", "onnxruntime", "ai-edge-litert", "coremltools", "openvino"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """Of the checkout that this package stands in, not of one that the package is installed below."""
    checkout = Path(mobile_inpaint.__file__).parents[1]
    if not (checkout / ".git").exists():
        return None
    git = ["git", "-C", str(checkout)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "mobile_inpaint"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("-dirty" if changed else "")
