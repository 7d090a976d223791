"""A fresh process that loads a file, runs it and says what that cost."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import milliseconds
from mobile_inpaint.bench.measure.workload import import_runtime, load
from mobile_inpaint.bench.report.latency_report import ColdStart
from mobile_inpaint.errors import BenchError

_RUNS = 4
"""Enough for a runtime that allocates on its second run too."""


def cold_start(candidate: Candidate, threads: int) -> ColdStart:
    """The cost of ``candidate`` to a process that has not touched it yet.

    Raises:
        BenchError: the process died, as it does when the system runs out of memory.
        MobileInpaintError: the file cannot be loaded.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, fresh, _ignore_interrupts) as process:
        try:
            with _born_without_interrupts():
                running = process.submit(_start, candidate, threads)
            return running.result()
        except BrokenProcessPool:
            raise BenchError(f"{candidate.name}: the process that ran it died; is there memory enough?") from None


@contextmanager
def _born_without_interrupts() -> Iterator[None]:
    """Inside, a new process starts with SIGINT blocked: until it has imported what ignores it, it would print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_interrupts() -> None:
    """Ctrl-C goes to every process of a terminal; the parent's answer to it is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _start(candidate: Candidate, threads: int) -> ColdStart:
    import_runtime(candidate)
    before = _resident_bytes()
    workload = load(candidate, threads)
    started = time.perf_counter()
    workload.run(0)
    first_ms = milliseconds(time.perf_counter() - started)
    for i in range(1, _RUNS):
        workload.run(i)
    held = _status("VmRSS") if sys.platform == "linux" else None
    peak = _peak_bytes()  # asked last: asking takes a page now and then, and no process holds more than its peak
    return ColdStart(
        workload.load_ms,
        first_ms,
        None if before is None or peak is None else peak - before,
        None if before is None or held is None else held - before,
    )


def _resident_bytes() -> int | None:
    """What this process holds now; on macOS, which does not say, the most it ever held."""
    return _status("VmRSS") if sys.platform == "linux" else _peak_bytes()


def _peak_bytes() -> int | None:
    """The most this process ever held.

    Not by ``getrusage`` on Linux: a process inherits that peak from the one that started it.
    """
    if sys.platform == "linux":
        return _status("VmHWM")
    elif sys.platform == "darwin":  # noqa: RET505, for mypy, which takes the rest for unreachable otherwise
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        return None


def _status(key: str) -> int | None:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return None
