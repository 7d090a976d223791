"""How much of this machine each artifact uses: operations, bytes, time, and the share of the measured peak.

    python benchmarks/roofline.py [FILE[@RUNTIME]...] [--artifacts artifacts] [--threads 2] [--rounds 20] [--out benchmarks]

Writes roofline.md, roofline.json and roofline.png. Without files: the published graph and every artifact there of the
precisions fp32 and w8a8, the ONNX ones by OpenVINO too. Peaks and artifacts are timed in turn, A B C, A B C.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from peaks import Peak, peaks
from profiles import profile

from mobile_inpaint.bench.devices.host import BUSY
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.flops import work
from mobile_inpaint.bench.measure.machine import commit, load_average, packages, this_machine
from mobile_inpaint.bench.measure.protocol import measure_in_turn
from mobile_inpaint.bench.measure.workload import load
from mobile_inpaint.checkpoints import store
from mobile_inpaint.cpu_count import usable_cores
from mobile_inpaint.errors import DeviceUnavailable
from mobile_inpaint.targets.onnx import openvino
from mobile_inpaint.targets.onnx.published_graph import published_graph
from mobile_inpaint.targets.registry import read_graph

CHECKPOINT = "migan-512-places2"
WITHOUT_AMX = "AVX512_CORE_FP16"
ISA = "ONEDNN_MAX_CPU_ISA"
FUSED = ("pointwise", "moving")
"""Kinds that a runtime can do while a neighbour's values are in its registers."""


@dataclass(frozen=True)
class Row:
    """One artifact.

    Attributes:
        computes_in: the peak that it is held against; fp32 where the runtime does not say.
        operations, convolutions: all, and those of convolutions alone, which the share counts.
        bytes: each operation reading and writing memory by itself; ``fused_bytes`` without pointwise and moving ones.
        share: of the peak, median over the rounds, each against that round's own peak.
        floor_ms: at the peak and the memory's bandwidth, operation by operation, and fused.
        spent_ms: by kind, as the runtime's profiler has it.
    """

    name: str
    runtime: str
    computes_in: str
    operations: int
    convolutions: int
    bytes: int
    fused_bytes: int
    times_ms: tuple[float, ...]
    share: float
    floor_ms: tuple[float, float]
    compute_bound: float
    by_kind: dict[str, int]
    spent_ms: dict[str, float] | None

    @property
    def ms(self) -> float:
        """Median time."""
        return median(self.times_ms)

    @property
    def intensity(self) -> float:
        """Operations a byte, fused."""
        return self.operations / self.fused_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE[@RUNTIME]")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--threads", type=int, default=min(usable_cores(), 4))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    bf16 = _bf16()
    candidates = [Candidate.parse(file) for file in arguments.files] or _default(arguments.artifacts, bf16)
    words = [one.name if one.path.is_absolute() else str(one) for one in candidates] if arguments.files else []
    if arguments.artifacts != parser.get_default("artifacts"):
        words += ["--artifacts", arguments.artifacts.name]
    words += ["--threads", str(arguments.threads), "--rounds", str(arguments.rounds)]
    command = shlex.join(["python", "benchmarks/roofline.py", *words])
    busy_before, date = load_average(), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    measured, rows = measure(candidates, arguments.threads, arguments.rounds, bf16)
    document = {
        "date": date,
        "command": command,
        "commit": commit(),
        "machine": asdict(this_machine()),
        "threads": arguments.threads,
        "load_average": busy_before,
        "without_amx": os.environ.get(ISA),
        "packages": packages(),
        "peaks": measured,
        "artifacts": [asdict(row) for row in rows],
    }
    (arguments.out / "roofline.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    text = report(document)
    (arguments.out / "roofline.md").write_text(text)
    plot(measured, rows, arguments.out / "roofline.png")
    print(text)


def _bf16() -> bool:
    """Whether bf16 can be measured; where only AMX is in its way, this process starts again without AMX."""
    try:
        openvino.import_runtime("openvino-bf16")
    except DeviceUnavailable as error:
        if str(error) == openvino.NO_BF16 or ISA in os.environ:
            return False
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {ISA: WITHOUT_AMX})
    return True


def _default(artifacts: Path, bf16: bool) -> list[Candidate]:
    found = [Candidate(published_graph(store.fetch(CHECKPOINT), store.home() / "cache"))]
    for precision in ("fp32", "w8a8"):
        for suffix in (".onnx", ".tflite"):
            path = artifacts / f"{CHECKPOINT}-{precision}{suffix}"
            if path.exists():
                found.append(Candidate(path))
                runtimes = openvino.RUNTIMES if precision == "fp32" and bf16 else ["openvino"]
                found += [Candidate(path, runtime) for runtime in runtimes if suffix == ".onnx"]
    return [found[0], Candidate(found[0].path, "openvino"), *found[1:]]


def measure(candidates: Sequence[Candidate], threads: int, rounds: int, bf16: bool) -> tuple[list[dict[str, Any]], list[Row]]:
    """Peaks as they go into the document, and a row for each candidate."""
    tops = list(peaks(threads, bf16))
    workloads = [load(one, threads) for one in candidates]
    timings = measure_in_turn([*(top.run for top in tops), *(one.run for one in workloads)], 3, rounds)
    top_times = [timing.times_ms for timing in timings[: len(tops)]]
    best = {top.of: (top, times) for top, times in sorted(zip(tops, top_times, strict=True), key=lambda pair: _rate(*pair))}
    bandwidth = _rate(*best["memory"])
    rows = []
    for candidate, one, timing in zip(candidates, workloads, timings[len(tops) :], strict=True):
        steps = work(read_graph(candidate.path))
        computes_in = one.computes_in if one.computes_in in best else "fp32"
        top, times = best[computes_in]
        peak = _rate(top, times)
        convolutions = sum(step.operations for step in steps if "convolution" in step.kind)
        ratios = [convolutions / own / (top.amount / its) for own, its in zip(timing.times_ms, times, strict=True)]
        floors = [(step, max(step.operations / peak, step.bytes / bandwidth) / 1e6) for step in steps]
        by_kind: Counter[str] = Counter()
        for step in steps:
            by_kind[step.kind] += step.operations
        rows.append(
            Row(
                one.subject.name,
                one.runtime,
                computes_in,
                sum(step.operations for step in steps),
                convolutions,
                sum(step.bytes for step in steps),
                sum(step.bytes for step in steps if step.kind not in FUSED),
                timing.times_ms,
                median(ratios),
                (sum(ms for _, ms in floors), sum(ms for step, ms in floors if step.kind not in FUSED)),
                sum(ms for step, ms in floors if step.operations / peak > step.bytes / bandwidth) / sum(ms for _, ms in floors),
                dict(by_kind),
                profile(candidate, threads),
            )
        )
    measured = [
        {
            "of": top.of,
            "by": top.by,
            "rate": _rate(top, times),
            "best": top.amount / min(times) / 1e6,
            "times_ms": times,
            "counts": best[top.of][0] is top,
        }
        for top, times in zip(tops, top_times, strict=True)
    ]
    return measured, rows


def _rate(top: Peak, times_ms: Sequence[float]) -> float:
    """10⁹ operations, or bytes, a second."""
    return top.amount / median(times_ms) / 1e6


def report(document: dict[str, Any]) -> str:
    """Markdown out of what stands in roofline.json."""
    rows = [Row(**row) for row in document["artifacts"]]
    machine, rate = document["machine"], {top["of"]: top["rate"] for top in document["peaks"] if top["counts"]}
    versions = ", ".join(f"{name} {version}" for name, version in document["packages"].items())
    lines = [
        "# Roofline",
        "",
        f"Made by `{document['command']}` on {document['date'][:16]} UTC, commit {document['commit']}: {machine['chip']}, "
        f"{machine['cores']} cores, {machine['os']}; {document['threads']} threads; load average before "
        f"{document['load_average']}; {versions}.",
        "",
        "Peaks and artifacts were timed in turn; every figure is a median. The share counts the operations of convolutions",
        "alone, in each round against that round's own peak, in the arithmetic that the artifact computes in. Bytes are what",
        "the operations read and write: each by itself to memory, or pointwise work and moves fused into their neighbours. A",
        "floor is the time at the measured peak and bandwidth, operation by operation, either way; caches can beat it.",
    ]
    if (document["load_average"] or 0) > BUSY * machine["cores"]:
        lines += [
            "",
            "**The machine was busy before and may have been meanwhile: trust shares, and the best times, above medians.**",
        ]
    if document["without_amx"]:
        lines += ["", f"Run with {ISA}={document['without_amx']}: this virtual machine announces AMX but hides its palette"]
        lines[-1] += " (CPUID leaf 1D reads zero), so oneDNN's AMX kernels end the process. bf16 is AVX-512's."
    lines += ["", "| peak | measured | by |", "| --- | --- | --- |"]
    for top in document["peaks"]:
        unit = "GB/s" if top["of"] == "memory" else "GFLOP/s" if top["of"] != "int8" else "GOP/s"
        lines.append(f"| {top['of']}{'' if top['counts'] else ' (not the best)'} | {top['rate']:.1f} {unit} | {top['by']} |")
    best = {of: max(top["best"] for top in document["peaks"] if top["of"] == of) for of in rate}
    columns = ["artifact", "runtime", "in", "G operations", "GB moved, by itself / fused", "operations a byte, fused", "bound"]
    columns += ["ms", "G operations/s", "share of peak", "share, each one's best time", "floor ms, by itself / fused"]
    lines += ["", f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    for row in rows:
        cells = (
            f"`{row.name}`",
            row.runtime,
            row.computes_in,
            f"{row.operations / 1e9:.1f}",
            f"{row.bytes / 1e9:.2f} / {row.fused_bytes / 1e9:.2f}",
            f"{row.intensity:.1f}",
            "memory" if row.intensity < rate[row.computes_in] / rate["memory"] else "compute",
            f"{row.ms:.0f}",
            f"{row.operations / row.ms / 1e6:.0f}",
            f"{row.share:.0%}",
            f"{row.convolutions / min(row.times_ms) / 1e6 / best[row.computes_in]:.0%}",
            " / ".join(f"{ms:.0f}" for ms in row.floor_ms),
        )
        lines.append(f"| {' | '.join(cells)} |")
    ridges = ", ".join(f"{of} {rate[of] / rate['memory']:.1f}" for of in rate if of != "memory")
    lines += ["", f"Memory is the bound below {ridges} operations a byte.", "", "![roofline](roofline.png)", ""]
    lines += ["## What holds each back", "", *(f"* `{row.name}`: {_held_back(row, rate)}" for row in rows)]
    return "\n".join(lines) + "\n"


def _held_back(row: Row, rate: dict[str, float]) -> str:
    floor = f"operations that the peak alone bounds are {row.compute_bound:.0%} of its floor, memory bounds the rest"
    if row.spent_ms is None:
        return f"{floor}; LiteRT's Python interface has no profile."
    total = sum(row.spent_ms.values())
    parts = []
    for kind, ms in row.spent_ms.items():
        if ms > 0.02 * total:
            operations = row.by_kind.get(kind, 0)
            part_ms = ms / total * row.ms  # the profile was taken in runs of its own
            speed = f" at {operations / part_ms / 1e6 / rate[row.computes_in]:.0%} of the peak" if "convolution" in kind else ""
            parts.append(f"{kind} {ms / total:.0%}{speed}")
    return f"{', '.join(parts)} of its profile; {floor}."


def plot(measured: Sequence[dict[str, Any]], rows: Sequence[Row], path: Path) -> None:
    """Roofs and artifacts, both axes logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    rate = {top["of"]: top["rate"] for top in measured if top["counts"]}
    colour = {"fp32": "tab:blue", "bf16": "tab:orange", "int8": "tab:green"}
    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    for of, colour_of in colour.items():
        if of in rate:
            intensities = [2, rate[of] / rate["memory"], 256]
            roof = [min(rate[of], rate["memory"] * x) for x in intensities]
            axes.plot(intensities, roof, color=colour_of, label=f"{of}: {rate[of]:.0f} G/s")
    for number, row in enumerate(rows, 1):
        point = row.intensity, row.operations / row.ms / 1e6
        axes.scatter(*point, color=colour[row.computes_in], zorder=3, label=f"{number}  {row.name}, {row.share:.0%}")
        axes.annotate(str(number), point, textcoords="offset points", xytext=(5, 3))
    axes.set(xscale="log", yscale="log", xlabel="operations a byte, pointwise work fused", ylabel="G operations a second")
    axes.set_title(f"memory: {rate['memory']:.1f} GB/s")
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
