"""The machine that this runs on, its processor only."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence

from mobile_inpaint.bench.devices.registry import Attached, Device, DeviceRow
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.cold_start import cold_start
from mobile_inpaint.bench.measure.machine import commit, load_average, packages, this_machine
from mobile_inpaint.bench.measure.pipeline import Scene, measure_pipeline
from mobile_inpaint.bench.measure.protocol import Plan, Timing, measure_in_turn
from mobile_inpaint.bench.measure.rehearsal import rehearse
from mobile_inpaint.bench.measure.sensors import Sensors, cool_down
from mobile_inpaint.bench.measure.statistics import doubts
from mobile_inpaint.bench.measure.workload import Workload, load
from mobile_inpaint.bench.report.latency_report import LatencyReport, Pipeline, Thermal
from mobile_inpaint.cpu_count import usable_cores

BUSY = 0.25
"""The load average per core above which other work is called a disturbance."""

WARM_C = 75.0
"""The hottest sensor from which on the timed runs wait, unless the plan says otherwise."""


class Host:
    """See :class:`~mobile_inpaint.bench.devices.registry.Device`."""

    def __init__(self, sensors: Sensors) -> None:
        self._sensors = sensors

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.devices.registry.Device`."""
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        busy_before = load_average()
        rounds = plan.warmup + plan.iterations
        total = len(candidates) * plan.cold_starts + rounds * (1 + (len(candidates) if scene else 0))
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        for one in candidates:
            rehearse(one, plan.threads)
        workloads = [load(one, plan.threads) for one in candidates]  # first, for what cannot be run fails here at once
        starts = []
        for candidate in candidates:
            own = []
            for _ in range(plan.cold_starts):
                own.append(cold_start(candidate, plan.threads))
                step()
            starts.append(tuple(own))
        timings, thermal = self._time(workloads, plan, step)
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
                warnings=tuple(_warnings(one, timing, pipeline, scene, busy_before, thermal)),
                thermal=thermal,
                energy_mj=timing.energy_mj,
            )
            for one, timing, cold, pipeline in zip(workloads, timings, starts, pipelines, strict=True)
        )

    def _time(self, workloads: Sequence[Workload], plan: Plan, step: Callable[[], None]) -> tuple[tuple[Timing, ...], Thermal]:
        """The timed runs, begun when the machine is cool, and how warm it was."""
        sensors = self._sensors
        limit_c = WARM_C if plan.max_temp_c is None else plan.max_temp_c
        waited_s = cool_down(sensors.hottest_c, limit_c, plan.cooldown_s)
        before_c, throttled_before = sensors.hottest_c(), sensors.throttled()
        runs = [one.run for one in workloads]
        timings = measure_in_turn(runs, plan.warmup, plan.iterations, advance=step, spent_mj=sensors.spent_mj)
        throttled = sensors.throttled()
        return timings, Thermal(
            before_c,
            sensors.hottest_c(),
            None if before_c is None else limit_c,
            waited_s,
            throttled=None if throttled is None or throttled_before is None else throttled - throttled_before,
        )


def connect(name: str, row: DeviceRow) -> Device:
    """This machine, which is always connected."""
    return Host(Sensors())


def attached() -> tuple[Attached, ...]:
    """This machine."""
    return (Attached("host", "host", "this machine"),)


def _pipeline(one: Workload, plan: Plan, scene: Scene | None, step: Callable[[], None]) -> Pipeline | None:
    if scene is None or one.fill is None or one.subject.size_px is None:
        return None
    return measure_pipeline(one.fill, one.subject.size_px, scene, plan.warmup, plan.iterations, advance=step)


def _warnings(
    one: Workload, timing: Timing, pipeline: Pipeline | None, scene: Scene | None, busy_before: float | None, thermal: Thermal
) -> Iterator[str]:
    yield from one.warnings
    yield from doubts(timing.times_ms, timing.completed)
    yield from thermal.doubts()
    if busy_before is not None and busy_before > BUSY * usable_cores():
        yield f"the machine was busy before: load average {busy_before:.1f} on {usable_cores()} cores"
    if scene is not None and pipeline is None:
        yield "no pipeline: a file without a manifest does not say how a photo goes through it"
