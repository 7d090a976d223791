"""The machine that this runs on, its processor only."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence

from mobile_inpaint.bench.candidate import Candidate
from mobile_inpaint.bench.cold_start import cold_start
from mobile_inpaint.bench.device import Device, DeviceRow
from mobile_inpaint.bench.machine import commit, load_average, packages, this_machine, usable_cores
from mobile_inpaint.bench.pipeline import Scene, measure_pipeline
from mobile_inpaint.bench.protocol import Plan, Timing, measure_in_turn
from mobile_inpaint.bench.report import LatencyReport, Pipeline, Statistics
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
        busy_before = load_average()
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
        machine, versions, head = this_machine(), packages(), commit()
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
                load_average=busy_before,
                packages=versions,
                commit=head,
                command=plan.command,
                warnings=tuple(_warnings(one, timing, pipeline, scene, busy_before)),
            )
            for one, timing, cold, pipeline in zip(workloads, timings, starts, pipelines, strict=True)
        )


def connect(name: str, row: DeviceRow) -> Device:
    """This machine, which is always connected."""
    return Host()


def _pipeline(one: Workload, plan: Plan, scene: Scene | None, step: Callable[[], None]) -> Pipeline | None:
    if scene is None or one.fill is None or one.subject.size_px is None:
        return None
    return measure_pipeline(one.fill, one.subject.size_px, scene, plan.warmup, plan.iterations, advance=step)


def _warnings(
    one: Workload, timing: Timing, pipeline: Pipeline | None, scene: Scene | None, busy_before: float | None
) -> Iterator[str]:
    yield from one.warnings
    statistics = Statistics.of(timing.times_ms)
    if statistics.unsteady:
        share = statistics.iqr_ms / statistics.p50_ms
        yield f"unsteady: the middle half of the times spans {share:.0%} of their median"
    if not timing.completed:
        yield "the output did not change with the input, so these may be times of a dispatch, not of finished work"
    if busy_before is not None and busy_before > BUSY * usable_cores():
        yield f"the machine was busy before: load average {busy_before:.1f} on {usable_cores()} cores"
    if scene is not None and pipeline is None:
        yield "no pipeline: a file without a manifest does not say how a photo goes through it"
