"""Reports of what Core ML does with a program, on this Mac or on a device that Xcode reaches from it."""

from __future__ import annotations

import datetime
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mobile_inpaint.artifact import Artifact, manifest_path, sha256_of, size_of
from mobile_inpaint.bench.apple import xctest
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.machine import commit, packages
from mobile_inpaint.bench.measure.pipeline import Scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.statistics import doubts
from mobile_inpaint.bench.measure.workload import subject_of
from mobile_inpaint.bench.report.latency_report import ColdStart, LatencyReport, Machine, Subject
from mobile_inpaint.errors import BenchError
from mobile_inpaint.targets.coreml.benchmark import CoremlTiming, time_in_turn
from mobile_inpaint.targets.registry import get_target, has_format

_TEST_S = 1800.0
_UNSEEN = "Core ML's timer throws the outputs away, so nothing shows that they changed with the input"
_TENSORS = "it takes and gives tensors here: to a device coremltools sends no pictures"
_APP_TEST = "an app's test measured this: its warm-up, loading and outputs are its own affair"


class CoreMl:
    """See :class:`~mobile_inpaint.bench.devices.registry.Device`.

    Args:
        machine: what a report calls it.
        udid: of the device; None for this Mac.
    """

    def __init__(self, machine: Machine, udid: str | None) -> None:
        self._machine, self._udid = machine, udid

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.devices.registry.Device`; an app's test where the tools hold an ``.xctestrun``."""
        subjects = [_subject(one) for one in candidates]
        app = next((tool for tool in plan.tools if tool.suffix == ".xctestrun"), None)
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        if app is not None and self._udid is not None:
            pairs = zip(candidates, subjects, strict=True)
            told = tuple(self._by_app(app, self._udid, one, subject, plan) for one, subject in pairs)
        else:
            told = self._by_core_ml(candidates, plan, advance)
        versions, head = packages(), commit()
        return tuple(
            LatencyReport(
                subject=subject,
                machine=self._machine,
                runtime="Core ML by the app's test" if app else "Core ML",
                accelerator=one.runtime or max(timing.placement, key=timing.placement.__getitem__, default="all"),
                computes_in=None,
                threads=plan.threads,
                timed="dispatch",
                warmup_ms=timing.warmup_ms,
                times_ms=timing.times_ms,
                cold_starts=tuple(ColdStart(load, first, None) for load, first in timing.starts),
                pipeline=None,
                in_turn_with=() if app else tuple(other.name for other in subjects if other is not subject),
                date=date,
                load_average=None,
                packages=versions,
                commit=head,
                command=plan.command,
                warnings=tuple(self._warnings(timing, scene, app)),
                placement=timing.placement or None,
            )
            for one, subject, timing in zip(candidates, subjects, told, strict=True)
        )

    def _by_core_ml(
        self, candidates: Sequence[Candidate], plan: Plan, advance: Callable[[int, int | None], None]
    ) -> tuple[CoremlTiming, ...]:
        total, done = len(candidates) * max(1, plan.cold_starts) + plan.warmup + plan.iterations, 0

        def step() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        programs = [(one.path, one.runtime) for one in candidates]
        counts = plan.cold_starts, plan.warmup, plan.iterations
        return time_in_turn(programs, *counts, udid=self._udid, team=plan.apple_team, step=step)

    def _by_app(self, app: Path, udid: str, candidate: Candidate, subject: Subject, plan: Plan) -> CoremlTiming:
        """What the app's test told, where the app holds this very file and let Core ML use what was asked for."""
        unit = candidate.runtime or "all"
        told = os.environ | xctest.environment(candidate.runtime, plan.iterations)
        command = xctest.command(app, udid)
        try:
            ran = subprocess.run(command, env=told, capture_output=True, text=True, timeout=_TEST_S, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{app.name}: its test was not done after {_TEST_S:.0f} s") from None
        test = xctest.read(ran.stdout + ran.stderr)
        if ran.returncode:
            raise BenchError(f"{app.name}: xcodebuild failed with exit status {ran.returncode}")
        if test.sha256 != subject.sha256:
            raise BenchError(
                f"{subject.name}: the app holds another file (sha256 {test.sha256[:12]}…): bundle this one and build it"
            )
        if test.unit != unit:
            raise BenchError(f"{subject.name}: the app's test ran it on {test.unit}, not on {unit}")
        return CoremlTiming((), (), test.times_ms, {})

    def _warnings(self, timing: CoremlTiming, scene: Scene | None, app: Path | None) -> Iterator[str]:
        yield _APP_TEST if app else _UNSEEN
        if self._udid is not None and app is None:
            yield _TENSORS
        yield from doubts(timing.times_ms, completed=True)
        if scene is not None:
            yield "no pipeline: Core ML's timer runs the network alone"


def _subject(candidate: Candidate) -> Subject:
    path = candidate.path
    if not path.exists():
        raise BenchError(f"{path}: no such file")
    if not has_format(path, "coreml"):
        suffix = get_target("coreml").suffix
        raise BenchError(f"{path.name}: Core ML runs {suffix} files; make one with: mobile-inpaint export --target coreml")
    if manifest_path(path).exists():
        return subject_of(candidate, Artifact.open(path).manifest)
    return Subject(candidate.name, sha256_of(path), size_of(path), {})
