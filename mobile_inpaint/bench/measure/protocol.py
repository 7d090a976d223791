"""How a run is timed. benchmarks/README.md says the same in words."""

from __future__ import annotations

import contextlib
import gc
import itertools
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy.typing as npt

Clock: TypeAlias = Callable[[], float]
"""Seconds from any beginning, never backwards."""

REST_S = 0.05
"""Between the runs of two subjects. ONNX Runtime's threads go on spinning for a while after a run: without a rest whatever
ran next had a core less, and was a tenth slower."""

Run: TypeAlias = Callable[[int], npt.NDArray[Any]]
"""One run on the ``i``-th input, and what it computed, read back into memory. Neighbouring inputs differ."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        threads: given to the runtime.
        warmup, iterations: runs before the timed ones, which are kept but not counted, and timed runs.
        cold_starts: fresh processes, each of which loads the file, runs it and notes its memory.
        max_temp_c: the timed runs begin below that; None is what the device itself takes for cool.
        cooldown_s: how long it is given to get there.
        command: what to type to measure it again, for the report.
        tools: the user's programs that time files where this package cannot run itself: on phones.
        apple_team: the development team that signs what runs on an iPhone.
    """

    threads: int
    warmup: int = 10
    iterations: int = 50
    cold_starts: int = 3
    max_temp_c: float | None = None
    cooldown_s: float = 300.0
    command: str = ""
    tools: tuple[Path, ...] = ()
    apple_team: str = ""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of each run.

    Attributes:
        warmup_ms, times_ms: in the order they ran.
        completed: the output changed every time that the input did, so the times are those of finished work and not of a
            dispatch that something else finishes later.
        energy_mj: what the meter rose by, median of the timed runs; None without one.
    """

    warmup_ms: tuple[float, ...]
    times_ms: tuple[float, ...]
    completed: bool
    energy_mj: float | None = None


def measure(run: Run, warmup: int, runs: int, clock: Clock = time.perf_counter) -> Timing:
    """The times of ``runs`` runs after ``warmup`` others."""
    return measure_in_turn([run], warmup, runs, clock)[0]


def measure_in_turn(
    subjects: Sequence[Run],
    warmup: int,
    runs: int,
    clock: Clock = time.perf_counter,
    advance: Callable[[], None] = lambda: None,
    rest: Callable[[float], None] = time.sleep,
    spent_mj: Callable[[], float | None] = lambda: None,
) -> tuple[Timing, ...]:
    """The times of each subject, measured A B C, A B C, …, so that a disturbance meets all alike.

    The ``i``-th times of all subjects belong to one round, and only their ratio within a round is a fair comparison.

    Args:
        subjects: what to run.
        warmup: rounds before the timed ones.
        runs: timed rounds.
        clock: read right before and right after each run.
        advance: called after each round.
        rest: told for how many seconds to wait before each run, where there is more than one subject.
        spent_mj: an energy meter, read outside the timed span.
    """
    times: list[list[float]] = [[] for _ in subjects]
    spent: list[list[float]] = [[] for _ in subjects]
    checksums: list[list[int]] = [[] for _ in subjects]
    with _no_garbage_collection():
        for i in range(warmup + runs):
            for run, own_times, own_checksums, own_spent in zip(subjects, times, checksums, spent, strict=True):
                if len(subjects) > 1:
                    rest(REST_S)
                spent_before = spent_mj()
                started = clock()
                output = run(i)
                own_times.append(milliseconds(clock() - started))
                spent_after = spent_mj()
                if i >= warmup and spent_before is not None and spent_after is not None and spent_after > spent_before:
                    own_spent.append(spent_after - spent_before)
                own_checksums.append(zlib.crc32(output.tobytes()))
            advance()
    return tuple(
        Timing(tuple(own[:warmup]), tuple(own[warmup:]), _always_changed(sums), median(energy) if energy else None)
        for own, sums, energy in zip(times, checksums, spent, strict=True)
    )


def milliseconds(seconds: float) -> float:
    """``seconds`` in milliseconds, to a tenth of a microsecond."""
    return round(seconds * 1000, 4)


def _always_changed(checksums: Sequence[int]) -> bool:
    return len(checksums) > 1 and all(before != after for before, after in itertools.pairwise(checksums))


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Python's collector waits, as it does in ``timeit``: its pauses are not the runtime's."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
