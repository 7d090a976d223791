"""A phone or tablet with Android, over adb: a program of the runtime's makers times the file there."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.artifact import Artifact, manifest_path, sha256_of, size_of
from mobile_inpaint.bench.android import benchmark_model, perf_test
from mobile_inpaint.bench.android.phone import THERMAL_STATES, Phone, attached, find_phone
from mobile_inpaint.bench.android.session import run_session
from mobile_inpaint.bench.android.tool import Session, Tool, check_runs_on
from mobile_inpaint.bench.android.workspace import workspace
from mobile_inpaint.bench.devices.registry import Device, DeviceRow
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.machine import commit, packages
from mobile_inpaint.bench.measure.pipeline import Scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.sensors import cool_down
from mobile_inpaint.bench.measure.statistics import doubts
from mobile_inpaint.bench.measure.workload import subject_of
from mobile_inpaint.bench.report.latency_report import LatencyReport, Subject, Thermal
from mobile_inpaint.errors import BenchError
from mobile_inpaint.targets.registry import get_target, has_format

__all__ = ["attached", "connect"]

WARM_C = 37.0
"""The skin's temperature from which on a session waits, unless the plan says otherwise: some phones slow down soon above."""

_NAMES = {"nnapi": "npu"}
"""Of what stands behind an ``@``, in a report, where they differ."""

TOOLS = (benchmark_model.TOOL, perf_test.TOOL)


@dataclass(frozen=True)
class _Job:
    """A candidate and the program that times it."""

    candidate: Candidate
    subject: Subject
    tool: Tool
    program: Path
    unit: str


class Android:
    """See :class:`~mobile_inpaint.bench.devices.registry.Device`. ``plan.tools`` must hold a program for each kind of file."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.devices.registry.Device`.

        Each cold start is a session of ``plan.iterations`` timed runs.
        """
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        phone, abis = self._phone, self._phone.properties.get("ro.product.cpu.abilist", "")
        jobs = [_job(one, plan, abis) for one in candidates]
        machine, watch = phone.machine(), _Thermometer(phone)
        rounds, waited_s = max(1, plan.cold_starts), 0.0
        limit_c = WARM_C if plan.max_temp_c is None else plan.max_temp_c
        sessions: list[list[Session]] = [[] for _ in jobs]
        with workspace(phone.link) as folder:
            models = [f"{number}-{job.candidate.path.name}" for number, job in enumerate(jobs)]
            for job, model in zip(jobs, models, strict=True):
                phone.link.push(job.candidate.path, f"{folder}/{model}")
            for program in {job.program for job in jobs}:
                for file in (program, *program.parent.glob("*.so")):  # ONNX Runtime's library stands beside its program
                    phone.link.push(file, f"{folder}/{file.name}")
            phone.link.shell(f"chmod 755 {' '.join(shlex.quote(f'{folder}/{job.program.name}') for job in jobs)}")
            before_c = watch.hottest_c()
            for done in range(rounds):
                waited_s += cool_down(watch.hottest_c, limit_c, plan.cooldown_s)
                for number, (job, model) in enumerate(zip(jobs, models, strict=True)):
                    sessions[number].append(run_session(phone.link, folder, job.tool, job.program.name, model, job.unit, plan))
                    advance(done * len(jobs) + number + 1, rounds * len(jobs))
            after_c = watch.hottest_c()
        thermal = Thermal(before_c, after_c, None if before_c is None else limit_c, waited_s, watch.worst)
        versions, head = packages(), commit()
        return tuple(
            LatencyReport(
                subject=job.subject,
                machine=machine,
                runtime=job.tool.name,
                accelerator="cpu" if own[0].delegated == "none" else _NAMES.get(job.unit, job.unit),
                computes_in=None,
                threads=plan.threads,
                timed="dispatch",
                warmup_ms=tuple(ms for session in own for ms in session.warmup_ms),
                times_ms=tuple(ms for session in own for ms in session.times_ms),
                cold_starts=tuple(session.start for session in own),
                pipeline=None,
                in_turn_with=tuple(other.subject.name for other in jobs if other is not job),
                date=date,
                load_average=None,
                packages=versions | {job.tool.name: f"sha256 {sha256_of(job.program)[:12]}"},
                commit=head,
                command=plan.command,
                warnings=tuple(_warnings(job, own, scene, thermal)),
                thermal=thermal,
                placement=own[0].placement,
                series=tuple(session.series for session in own if session.series),
            )
            for job, own in zip(jobs, sessions, strict=True)
        )


def connect(name: str, row: DeviceRow) -> Device:
    """The phone that ``name`` asks for: ``android``, ``android:SERIAL``, or a named one.

    Raises:
        DeviceUnavailable: it is not connected, or not ready for commands; or several are.
    """
    return Android(find_phone(name, row))


class _Thermometer:
    """A phone's temperature, and the worst thermal state that it was seen in."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self.worst: str | None = None

    def hottest_c(self) -> float | None:
        """Degrees Celsius now."""
        celsius, state = self._phone.temperature()
        if state is not None:
            self.worst = max(self.worst or state, state, key=THERMAL_STATES.index)
        return celsius


def _job(candidate: Candidate, plan: Plan, abis: str) -> _Job:
    path = candidate.path
    if not path.exists():
        raise BenchError(f"{path}: no such file")
    tool = next((tool for tool in TOOLS if has_format(path, tool.target)), None)
    if tool is None:
        raise BenchError(
            f"{path.name}: Android phones run {' and '.join(get_target(tool.target).suffix for tool in TOOLS)} files"
        )
    unit = candidate.runtime or "cpu"
    if unit not in tool.units:
        raise BenchError(f"{candidate}: {tool.name} computes on {', '.join(tool.units)}, not on {unit}")
    program = next((program for program in plan.tools if tool.name in program.name), None)
    if program is None:
        raise BenchError(f"{path.name}: timed on a phone by {tool.name}: name your build of it with --tool")
    check_runs_on(program, abis)
    if manifest_path(path).exists():
        subject = subject_of(candidate, Artifact.open(path).manifest)
    else:
        subject = Subject(candidate.name, sha256_of(path), size_of(path), {})
    return _Job(candidate, subject, tool, program, unit)


def _warnings(job: _Job, sessions: list[Session], scene: Scene | None, thermal: Thermal) -> Iterator[str]:
    yield from job.tool.doubts
    yield from doubts([ms for session in sessions for ms in session.times_ms], completed=True)
    yield from thermal.doubts()
    unit, first = _NAMES.get(job.unit, job.unit), sessions[0]
    if first.delegated == "none":
        yield f"the {unit} was asked for and took nothing: these are times of the cpu"
    elif first.delegated == "some":
        counts = f"{first.placement[unit]} of {sum(first.placement.values())}" if first.placement else "not all"
        yield f"{counts} operations ran on the {unit}, the others on the cpu"
    if scene is not None:
        yield f"no pipeline: {job.tool.name} runs the network alone"
