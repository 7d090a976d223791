"""TFLite's ``benchmark_model``: its command line, and what its output says in all three generations of it.

Source: tensorflow/lite/tools/benchmark/README.md; recorded outputs of 2.4 (GPU delegate of 2020), 2.12 and LiteRT of 2026.
"""

from __future__ import annotations

import re
from typing import Literal

from mobile_inpaint.bench.android.tool import Session, Tool
from mobile_inpaint.bench.report.latency_report import ColdStart, Series
from mobile_inpaint.errors import BenchError

_MOST_S = 600
_PREFIX = re.compile(r"^(?:.*\b[VIWE] tflite +: |(?:VERBOSE|INFO|WARNING|ERROR): )")
"""The second generation logs bare lines; later ones name the level first, or come through Android's log."""
_SERIES = re.compile(r"^count=(\d+)((?: \w+=[-\d.e+]+)*)$")
_TIMINGS = re.compile(
    r"^Inference timings in us: Init: (\S+), First inference: (\S+), Warmup \(avg\): (\S+), Inference \(avg\): (\S+)$"
)
_MEMORY = re.compile(
    r"^(?:Peak memory footprint|Memory footprint delta from the start of the tool) \(MB\): init=\S+ overall=(\S+)$"
)
_REPLACED = re.compile(r"^Replacing (\d+)(?: out of (\d+))? node\(s\) with delegate \((\w+)\)")
_APPLIED = re.compile(r"\b(GPU|NNAPI) delegate.*\b(be completely|be partially|not be) executed\b")
_DELEGATES = {"gpu": ("gpu", "GPU"), "nnapi": ("npu", "NNAPI")}
"""The name in a report, and the word in the output."""
_SHARE: dict[str, Literal["all", "some", "none"]] = {"be completely": "all", "be partially": "some", "not be": "none"}


def _arguments(model: str, threads: int, warmup: int, runs: int) -> tuple[str, ...]:
    """Exactly as many runs as asked for: without the zeros it goes on until its seconds are over."""
    return (
        f"--graph={model}",
        f"--num_threads={threads}",
        f"--warmup_runs={warmup}",
        "--warmup_min_secs=0",
        f"--num_runs={runs}",
        "--min_secs=0",
        f"--max_secs={_MOST_S}",
    )


def read(output: str, result: str, warmup: int, unit: str) -> Session:
    """The session that this output tells of.

    Raises:
        BenchError: it broke off before the timings.
    """
    lines = [_PREFIX.sub("", line.strip()) for line in output.splitlines()]
    series = [found for line in lines if (found := _SERIES.match(line))]
    timings = next(filter(None, map(_TIMINGS.match, lines)), None)
    if timings is None or len(series) < 2:
        raise BenchError("benchmark_model: its output holds no timings")
    load, first, _, mean = (_ms(figure) for figure in timings.groups())
    memory = next(filter(None, map(_MEMORY.match, lines)), None)
    peak = round(float(memory[1]) * 2**20) if memory else 0
    warm, timed = ({key: float(value) for key, value in re.findall(r"(\w+)=(\S+)", one[2])} for one in series[:2])
    delegated, placement = _delegation(lines, unit)
    return Session(
        ColdStart(load, first, peak or None),  # 0 is what it says where it cannot know
        () if int(series[0][1]) == 0 else (_ms(warm.get("avg", warm["curr"])),),
        (mean,),
        Series(
            int(series[1][1]),
            _ms(timed.get("std", 0)),
            _ms(timed.get("min", timed["curr"])),
            _ms(timed.get("max", timed["curr"])),
            _ms(timed["median"]) if "median" in timed else None,
            _ms(timed["p95"]) if "p95" in timed else None,
        ),
        delegated,
        placement,
    )


def _delegation(lines: list[str], unit: str) -> tuple[Literal["all", "some", "none"] | None, dict[str, int] | None]:
    replaced = [(int(one[1]), int(one[2] or 0), one[3].lower()) for line in lines if (one := _REPLACED.match(line))]
    total = max((total for _, total, _ in replaced), default=0)
    if unit == "cpu":
        return None, {"cpu": total} if total else None
    unit, word = _DELEGATES[unit]
    there = sum(count for count, _, delegate in replaced if word.lower() in delegate)
    said = [_SHARE[one[2]] for line in lines if (one := _APPLIED.search(line)) and one[1] == word]
    if not said and not there:
        return "none", {unit: 0, "cpu": total} if total else None
    counted: Literal["all", "some"] = "all" if there == total else "some"
    return said[0] if said else counted, {unit: there, "cpu": total - there} if total else None


def _ms(microseconds: str | float) -> float:
    return round(float(microseconds) / 1000, 4)


TOOL = Tool(
    name="benchmark_model",
    target="tflite",
    units={"cpu": ("--use_xnnpack=true",), "gpu": ("--use_gpu=true",), "nnapi": ("--use_nnapi=true",)},
    arguments=_arguments,
    result=None,
    read=read,
    doubts=(
        "benchmark_model gives every run the same random input, so nothing shows that its work was finished in time",
        "benchmark_model tells no single times: each time here is the mean of a series of runs in a process of its own",
    ),
)
