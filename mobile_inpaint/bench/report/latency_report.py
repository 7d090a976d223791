"""LatencyReport: what one file did on one device. Raw times are kept; every statistic is derived from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from mobile_inpaint import documents, schema
from mobile_inpaint.artifact import Quality
from mobile_inpaint.bench.measure.statistics import Statistics
from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.schema import ANY, Range

SCHEMA = 2
MOST_TIMES = 100_000
"""Timed runs in a report."""
_Ms = Annotated[float, Range(0, 1e15)]
_Count = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True)
class Subject:
    """What was timed.

    Attributes:
        name: the file's; behind an ``@`` the runtime, where it is not the format's own.
        sha256, bytes: of the file; a folder's as in its manifest.
        inputs: dtype and shape by name, as the file takes them.
        network, checkpoint, precision, size_px: as its manifest says; None for a file without one.
        quality: what its fills are worth, as its manifest says.
        timing_only: its weights are random: it may be timed, and nothing else.
    """

    name: str
    sha256: str
    bytes: Annotated[int, Range(0, 2**53)]
    inputs: dict[str, str]
    network: str | None = None
    checkpoint: str | None = None
    precision: str | None = None
    size_px: Annotated[int, Range(1, 65_536)] | None = None
    quality: Quality | None = None
    timing_only: bool = False

    @property
    def file_mb(self) -> float:
        """In millions of bytes."""
        return self.bytes / 1e6


@dataclass(frozen=True)
class Machine:
    """What it was timed on.

    Attributes:
        device: a name in devices.toml.
        chip: the processor's own name.
        cores: those this process may use.
        memory_mb: of the machine; None where the system does not say.
        free_mb: of that, what was free before.
        emulated_by: the program that plays this machine; where there is one, times mean nothing.
    """

    device: str
    chip: str
    cores: Annotated[int, Range(0, 1_000_000)]
    memory_mb: _Count | None
    os: str
    free_mb: _Count | None = None
    emulated_by: str | None = None


@dataclass(frozen=True)
class ColdStart:
    """A fresh process that had imported the runtime and nothing of the file; the file itself may be in the disk cache.

    Attributes:
        load_ms: from the path to a session that can run; without ``compile_ms``.
        first_ms: the first run after that.
        peak_bytes: most memory the process held, less what it held before loading; None where the system does not say.
        retained_bytes: what it still held after its runs, less the same.
        compile_ms: turning the file into what the device runs, where that is a step of its own (Core ML's compiler, a delegate
            taking over the graph); None where loading does it or nothing is compiled.
    """

    load_ms: _Ms
    first_ms: _Ms
    peak_bytes: int | None
    retained_bytes: int | None = None
    compile_ms: _Ms | None = None


@dataclass(frozen=True)
class Thermal:
    """How warm the device was.

    Attributes:
        before_c, after_c: right before and right after the timed runs, degrees Celsius: a computer's hottest sensor, a phone's
            skin or battery; None where the device does not tell.
        limit_c: what it had to be below before the timed runs began; None where no limit was asked for or known.
        waited_s: how long it was given to cool down.
        state: the worst that the system said, in its words: Android's ``none`` to ``shutdown``, Apple's ``nominal`` to
            ``critical``.
        throttled: how often the processor says it slowed down meanwhile; None where it does not count.
    """

    before_c: float | None = None
    after_c: float | None = None
    limit_c: float | None = None
    waited_s: float = 0.0
    state: str | None = None
    throttled: int | None = None

    def doubts(self) -> Iterator[str]:
        """Why heat may have disturbed the times: a line each, for a report's ``warnings``."""
        if self.before_c is not None and self.limit_c is not None and self.before_c >= self.limit_c:
            yield f"warm: {self.before_c:.0f} °C after {self.waited_s:.0f} s of cooling down, not below {self.limit_c:.0f} °C"
        if self.throttled:
            yield f"throttled: the processor slowed down for heat {self.throttled} times"


@dataclass(frozen=True)
class Agreement:
    """The output on that device beside the one that was expected of the same input.

    Attributes:
        expected: whose output that is, for example ``golden vector of the manifest`` or ``onnxruntime 1.31.1 on the host``.
        psnr_db: in the hole, peak 1.0; equal outputs get 200.
        max_abs_error: in the hole, of values in [0,1].
        required_db: what ``psnr_db`` must reach.
    """

    expected: str
    psnr_db: float
    max_abs_error: float
    required_db: float

    @property
    def holds(self) -> bool:
        """The device computes what it should."""
        return self.psnr_db >= self.required_db


@dataclass(frozen=True)
class Pipeline:
    """A whole photo through the Compositor, in each run's three parts; the ``i``-th of each belong to one run.

    Attributes:
        photo: width x height and the hole's share, for example ``4000x3000, hole 0.7 %``.
        pre_ms: until the network is called for the first time.
        net_ms: in the network, all calls together.
        post_ms: the rest, which is between two calls and behind the last.
    """

    photo: str
    pre_ms: tuple[_Ms, ...]
    net_ms: tuple[_Ms, ...]
    post_ms: tuple[_Ms, ...]

    @property
    def total_ms(self) -> tuple[float, ...]:
        """Of each run."""
        return tuple(map(sum, zip(self.pre_ms, self.net_ms, self.post_ms, strict=True)))

    @property
    def medians_ms(self) -> tuple[float, float, float]:
        """Before, in and behind the network."""
        return float(np.median(self.pre_ms)), float(np.median(self.net_ms)), float(np.median(self.post_ms))


@dataclass(frozen=True)
class Series:
    """What a tool that tells no single times told of a series of runs, in milliseconds; None where it does not tell."""

    runs: _Count
    std_ms: float
    min_ms: float
    max_ms: float
    p50_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True)
class LatencyReport:
    """One file on one device.

    Attributes:
        subject, machine: what, and on what.
        runtime, accelerator: for example ``onnxruntime 1.31.1`` on ``cpu``; others are ``gpu``, ``npu`` and ``ane``, Apple's.
        computes_in: the arithmetic, where the runtime says.
        threads: given to the runtime.
        timed: ``completion`` where the output was seen to change with the input each time, else ``dispatch``.
        warmup_ms, times_ms: of every run, in order.
        cold_starts: each in a process of its own.
        pipeline: where it was asked for.
        in_turn_with: names of the files timed in the same rounds; their reports carry the same date.
        date: when the measurement began, UTC, ISO 8601.
        load_average: runnable processes over the minute before, None where the system does not say.
        packages: versions by distribution.
        commit: of the checkout this package ran from, ``-dirty`` where the package had changes; None when installed otherwise.
        command: what to type to measure it again.
        warnings: why to doubt it.
        dispatch_ms: of each timed run, until the call came back, where reading the output back is a step of its own that may
            have to wait; empty where one call does both. ``times_ms`` are until the output was read.
        thermal: how warm it was.
        energy_mj: a timed run's, median, in millijoules, as the processor counts; None where nobody does.
        placement: how many of the graph's operations each unit computes (``cpu``, ``gpu``, ``npu``, ``ane``), where the runtime
            says.
        agreement: whether it computes what it should, where that was checked on the device.
        series: where not empty, each of ``times_ms`` and ``warmup_ms`` is the mean of a series, because the tool tells no
            single times; and what else it told of the timed ones.
        schema: of this JSON.
    """

    subject: Subject
    machine: Machine
    runtime: str
    accelerator: str
    computes_in: str | None
    threads: Annotated[int, Range(0, 1_000_000)]
    timed: Literal["completion", "dispatch"]
    warmup_ms: tuple[float, ...]
    times_ms: tuple[Annotated[float, ANY], ...]
    cold_starts: tuple[ColdStart, ...]
    pipeline: Pipeline | None
    in_turn_with: tuple[str, ...]
    date: str
    load_average: Annotated[float, Range(0, 1e9)] | None
    packages: dict[str, str]
    commit: str | None
    command: str
    warnings: tuple[str, ...]
    dispatch_ms: tuple[float, ...] = ()
    thermal: Thermal | None = None
    energy_mj: _Ms | None = None
    placement: dict[str, int] | None = None
    agreement: Agreement | None = None
    series: tuple[Series, ...] = ()
    schema: Annotated[int, Range(1, SCHEMA)] = SCHEMA

    @property
    def statistics(self) -> Statistics:
        """Of the timed runs."""
        return Statistics.of(self.times_ms)

    @property
    def may_be_unfinished(self) -> bool:
        """Nobody saw the output change, and the unit is one whose calls may come back before it is done, as a CPU's do not."""
        return self.timed == "dispatch" and self.accelerator != "cpu"

    @property
    def load_ms(self) -> float | None:
        """Median cold load."""
        return _median([start.load_ms for start in self.cold_starts])

    @property
    def first_ms(self) -> float | None:
        """Median first run."""
        return _median([start.first_ms for start in self.cold_starts])

    @property
    def compile_ms(self) -> float | None:
        """Median compilation."""
        return _median([start.compile_ms for start in self.cold_starts if start.compile_ms is not None])

    @property
    def retained_mb(self) -> float | None:
        """Median memory still held after the runs of a cold start, in millions of bytes."""
        held = _median([float(start.retained_bytes) for start in self.cold_starts if start.retained_bytes is not None])
        return None if held is None else held / 1e6

    @property
    def peak_mb(self) -> float | None:
        """Largest memory of all cold starts, in millions of bytes."""
        peaks = [start.peak_bytes for start in self.cold_starts if start.peak_bytes is not None]
        return max(peaks) / 1e6 if peaks else None

    def to_json(self) -> str:
        """The report as a document that :meth:`load` reads."""
        return json.dumps(schema.dump(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def load(cls, path: Path) -> LatencyReport:
        """The report at ``path``.

        Raises:
            BenchError: unreadable, not a report, without times, or of a newer schema.
        """
        if not path.exists():
            raise BenchError(f"{path}: no such file; name a report that was kept with: mobile-inpaint bench --record DIR")
        return cls.from_json(documents.read_text(path, BenchError), path.name)

    @classmethod
    def from_json(cls, text: str, where: str) -> LatencyReport:
        """The report that ``text`` is; every app reads and writes it alike (``golden/report.json``).

        Raises:
            BenchError: not a report, without times, or of a newer schema.
        """
        try:
            table = documents.parse_json(text, where, BenchError)
        except BenchError as error:
            raise BenchError(f"{where}: not a latency report; measure again") from error
        version = table.get("schema") if isinstance(table, dict) else None
        if isinstance(version, int) and version > SCHEMA:
            raise BenchError(f"{where}: schema {quoted(version)} is newer than this package reads ({SCHEMA}); upgrade it")
        report = schema.load(cls, table, where, BenchError)
        if not report.times_ms or not all(0 < time_ms < math.inf for time_ms in report.times_ms):
            raise BenchError(f"{where}: 'times_ms' must hold times above zero")
        if len(report.times_ms) > MOST_TIMES:
            raise BenchError(f"{where}: {len(report.times_ms)} timed runs, more than {MOST_TIMES}; measure again")
        return report


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None
