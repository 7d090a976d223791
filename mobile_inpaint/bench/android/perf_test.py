"""ONNX Runtime's ``onnxruntime_perf_test``: its command line, what it prints, and the file of single times that it writes.

Source: onnxruntime/test/perftest: README.md, performance_runner.cc.
"""

from __future__ import annotations

import re

from mobile_inpaint.bench.android.tool import Session, Tool
from mobile_inpaint.bench.report.latency_report import ColdStart
from mobile_inpaint.errors import BenchError

_RESULT = "times.csv"


def _arguments(model: str, threads: int, warmup: int, runs: int) -> tuple[str, ...]:
    return ("-I", "-m", "times", "-r", str(warmup + runs), "-x", str(threads), "-s", model, _RESULT)


def read(output: str, result: str, warmup: int, unit: str) -> Session:
    """The session that this output and this file of times tell of; its first ``warmup`` runs are the warm-up.

    Raises:
        BenchError: it broke off before the end.
    """
    load = re.search(r"^Session creation time cost: (\S+) s", output, re.MULTILINE)
    first = re.search(r"^First inference time cost: (\S+) ms", output, re.MULTILINE)
    peak = re.search(r"^Peak working set size: (\d+) bytes", output, re.MULTILINE)
    runs = [line.split(",") for line in result.splitlines() if line.count(",") >= 4]
    times = tuple(round(float(run[-4]) * 1000, 4) for run in runs)
    if load is None or first is None or len(times) <= warmup:
        raise BenchError("onnxruntime_perf_test: its output holds no timings")
    start = ColdStart(round(float(load[1]) * 1000, 4), float(first[1]), int(peak[1]) if peak else None)
    return Session(start, times[:warmup], times[warmup:])


TOOL = Tool(
    name="onnxruntime_perf_test",
    target="onnx",
    units={"cpu": ("-e", "cpu"), "nnapi": ("-e", "nnapi")},
    arguments=_arguments,
    result=_RESULT,
    read=read,
    doubts=(
        "onnxruntime_perf_test gives every run the same random input, so nothing shows that its work was finished in time",
        "onnxruntime_perf_test tells the memory of its whole process, the runtime's own included",
    ),
)
