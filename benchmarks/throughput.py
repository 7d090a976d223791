"""How fast training is here: images a second by recipe, their share of this machine's measured peak, and where the rest goes.

    python benchmarks/throughput.py --photos DIR [RECIPE|FILE.toml ...] [--threads 2] [--steps 8] [--out benchmarks/training]

Writes throughput.md and throughput.json. Steps of all recipes and the peak, a 3×3 convolution in the same arithmetic, are timed
in turn, A B C, A B C; then one more step of each runs under torch's profiler. On a GPU if there is one.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from peaks import CHANNELS, OPERATIONS, convolution
from torch.profiler import ProfilerActivity
from torch.utils.flop_counter import FlopCounterMode

from mobile_inpaint.bench.measure.machine import commit, load_average, packages, this_machine
from mobile_inpaint.data.photo_source import PhotoSource, open_photos
from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.training.config import TrainConfig, read_config, shipped_config
from mobile_inpaint.training.distributed import launch
from mobile_inpaint.training.samples import Samples, batches
from mobile_inpaint.training.step import train_step
from mobile_inpaint.training.train import open_losses, starting_state

RECIPES = ("migan-lite-texture", "migan-512-erase")
PEAK_IMAGES = 4
PEAK_OPERATIONS = PEAK_IMAGES * OPERATIONS
WARM_UP = 2
KINDS = {
    "optimizer": ("_foreach_", "_fused_", "lerp", "norm"),
    "resizing": ("upsample", "pixel_shuffle", "conv_transpose"),
    "moving": ("copy_", "clone", "cat", "fill_", "zero_", "pad", "contiguous", "empty", "index", "slice_backward"),
}
"""Parts of operations' names; a convolution goes by its shape, what fits nowhere is pointwise."""


class Recipe:
    """A run that goes on, a step at a time, without being written anywhere."""

    def __init__(self, name: str, photos: PhotoSource, threads: int) -> None:
        config = read_config(Path(name)) if name.endswith(".toml") else shipped_config(name)
        self.name = Path(name).stem
        self.config: TrainConfig = dataclasses.replace(config, run=dataclasses.replace(config.run, threads=threads))
        self.fabric = launch(self.config.run)
        samples = Samples(photos, self.config.data.size_px, self.config.data.seed, self.config.data.holes)
        self._state, _ = starting_state(self.config, samples, self.fabric.device)
        self._losses = open_losses(self.config).to(self.fabric.device)
        self._batches = batches(samples, self.config.data.batch, range(self.config.run.steps), warn=lambda line: None)
        self._next = next(self._batches)

    def step(self) -> None:
        """One step on a batch that has been read; it reads its losses back, so that a GPU has finished."""
        train_step(self.fabric, self.config, self._losses, self._state, self._next)

    def read(self) -> None:
        """The next batch."""
        self._next = next(self._batches)

    def operations(self) -> int:
        """Of one step: every convolution and product, forward and backward, the losses' and the teacher's too."""
        with FlopCounterMode(display=False, custom_mapping={torch.ops.aten.convolution_backward: _backward}) as counter:
            self.step()
        return int(counter.get_total_flops())

    def spent(self) -> dict[str, float]:
        """Where a step's time goes: shares by kind of operation, the largest first."""
        on_gpu = self.fabric.device.type == "cuda"
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
        with torch.profiler.profile(activities=activities, record_shapes=True) as profiler:
            started = time.perf_counter()
            self.step()
            whole_us = (time.perf_counter() - started) * 1e6
        spent: dict[str, float] = {}
        for event in profiler.key_averages(group_by_input_shape=True):
            own = float(event.self_device_time_total if on_gpu else event.self_cpu_time_total)
            if own and (event.key.startswith("aten::") or event.key.startswith("mkldnn::")):
                kind = _kind(event.key, event.input_shapes)
                spent[kind] = spent.get(kind, 0.0) + own
        spent["between operations"] = max(0.0, whole_us - sum(spent.values()))
        return {kind: own / sum(spent.values()) for kind, own in sorted(spent.items(), key=lambda pair: -pair[1])}


def _backward(
    gradient: list[int], given: list[int], weight: list[int], *rest: Any, out_shape: Any = None, out_val: Any = None
) -> int:
    """Operations of a convolution's gradients, each as many as forward; torch takes a depthwise one for a dense one."""
    transposed, mask = rest[4], rest[7]
    positions = given if transposed else gradient
    return int(2 * math.prod(weight) * positions[0] * math.prod(positions[2:]) * sum(mask[:2]))


def _kind(name: str, shapes: list[Any]) -> str:
    if "convolution" in name or "conv_depthwise" in name or name.endswith("conv2d"):
        weight = shapes[2] if "backward" in name else shapes[1]
        if len(weight) == 4:
            return "depthwise convolution" if weight[1] == 1 else "1×1 convolution" if weight[2] == 1 else "other convolution"
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), "pointwise")


def _seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def measure(recipes: list[Recipe], steps: int) -> Iterator[dict[str, Any]]:
    """A row for each, its times beside the peak's of the same rounds."""
    fabric = recipes[0].fabric
    arithmetic = "bf16" if "bf16" in fabric._precision.precision else "fp32"
    dtype = torch.bfloat16 if arithmetic == "bf16" else torch.float32
    peak = partial(convolution(dtype, 1, PEAK_IMAGES, fabric.device), 0)
    operations = [recipe.operations() for recipe in recipes]
    rounds: list[tuple[float, list[float], list[float]]] = []
    for number in range(WARM_UP + steps):
        best = min(_seconds(peak) for _ in range(3))
        read = [_seconds(recipe.read) for recipe in recipes]
        rounds.append((best, read, [_seconds(recipe.step) for recipe in recipes]))
        print(f"round {number + 1} of {WARM_UP + steps}", file=sys.stderr, flush=True)
    for index, recipe in enumerate(recipes):
        kept = rounds[WARM_UP:]
        yield {
            "recipe": recipe.name,
            "arithmetic": arithmetic,
            "device": str(fabric.device),
            "batch": recipe.config.data.batch,
            "operations": operations[index],
            "step_s": [own[index] for _, _, own in kept],
            "peak_per_s": [PEAK_OPERATIONS / best for best, _, _ in kept],
            "waited_for_photos_s": median(read[index] for _, read, _ in kept),
            "share": [operations[index] / own[index] / (PEAK_OPERATIONS / best) for best, _, own in kept],
            "spent": recipe.spent(),
        }


def report(document: dict[str, Any]) -> str:
    """The Markdown page."""
    machine, rows = document["machine"], document["recipes"]
    gpu = f", {document['gpu']}" if document["gpu"] else ""
    lines = [
        "# Training throughput",
        "",
        f"Made by `{document['command']}` on {document['date'][:16]} UTC, commit {document['commit']}: {machine['chip']}, "
        f"{machine['cores']} cores, {machine['os']}{gpu}; {document['threads']} threads; load average before "
        f"{document['load_average']:.2f}; "
        + ", ".join(f"{name} {version}" for name, version in document["packages"].items())
        + ".",
        "",
        f"Steps and the peak, a 3×3 convolution of {CHANNELS} channels in the same arithmetic, in turn; medians, 10th and",
        "90th percentile in brackets. Operations are those of every convolution, forward and backward, the losses' and the",
        "teacher's too, and the share is theirs. A teacher's answers are kept (`data.different`); here it is asked.",
        "",
        "| recipe | in | images/s | a step | 10⁹ operations an image | peak, 10⁹/s | share of it | where a step's time goes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        speeds = sorted(row["batch"] / seconds for seconds in row["step_s"])
        shares = sorted(row["share"])
        spent = ", ".join(f"{kind} {part:.0%}" for kind, part in row["spent"].items() if part >= 0.01)
        cells = (
            row["recipe"],
            row["arithmetic"],
            _middle(speeds, ".2f"),
            str(row["batch"]),
            f"{row['operations'] / row['batch'] / 1e9:.0f}",
            f"{median(row['peak_per_s']) / 1e9:.0f}",
            _middle(shares, ".0%"),
            spent,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _middle(ordered: list[float], form: str) -> str:
    low, high = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
    return f"{median(ordered):{form}} [{low:{form}}–{high:{form}}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE|FILE.toml", default=RECIPES)
    parser.add_argument("--photos", required=True, type=Path)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "training")
    asked = parser.parse_args()
    busy, date = load_average() or 0.0, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    photos = open_photos(asked.photos)
    rows = list(measure([Recipe(name, photos, asked.threads) for name in asked.recipes], asked.steps))
    words = [*(asked.recipes if asked.recipes != RECIPES else ()), "--threads", str(asked.threads), "--steps", str(asked.steps)]
    document = {
        "date": date,
        "command": shlex.join(["python", "benchmarks/throughput.py", "--photos", "DIR", *words]),
        "commit": commit(),
        "machine": dataclasses.asdict(this_machine()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": asked.threads,
        "load_average": busy,
        "packages": packages() | {"torch": torch.__version__},
        "recipes": rows,
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "throughput.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    (asked.out / "throughput.md").write_text(report(document))
    print(report(document))


if __name__ == "__main__":
    try:
        main()
    except MobileInpaintError as error:
        sys.exit(f"throughput: {error}")
