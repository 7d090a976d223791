"""What a run would cost: shapes, parameters, operations, memory and time, from a few steps that leave nothing behind."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.models.base import count_parameters
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.distributed import launch
from mobile_inpaint.training.samples import Samples, batches
from mobile_inpaint.training.step import train_step
from mobile_inpaint.training.train import open_losses, starting_state

STEPS = 3
"""The first has the gradient penalty and whatever is set up once; the fastest of the others is a step's time."""


@dataclass(frozen=True)
class Layer:
    """A layer of the generator.

    Attributes:
        name: its module's.
        kind: its class.
        shape: of its output for one image, without the batch.
        parameters: learned numbers of its own.
        macs: multiply-accumulates for one image.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Cost:
    """What a run would cost.

    Attributes:
        layers: of the generator, in the order in which they run.
        parameters: learned numbers by network.
        macs: of the generator, for one image, forward only.
        seconds_per_step, images_per_second: of this process; not counting the steps with a gradient penalty.
        data_seconds_per_step: of them, for photos and holes where no other process prepares them.
        memory_mb: the most that was in use; on a GPU of its memory, else of this process's.
        hours: for all the steps.
        arithmetic: of the networks.
        device: where.
    """

    layers: tuple[Layer, ...]
    parameters: dict[str, int]
    macs: int
    seconds_per_step: float
    images_per_second: float
    data_seconds_per_step: float
    memory_mb: float
    hours: float
    arithmetic: str
    device: str


def dry_run(config: TrainConfig, photos: PhotoSource) -> Cost:
    """The cost of the run ``config`` here; writes nothing.

    Raises:
        TrainingError: whatever would keep the run from starting.
    """
    fabric = launch(config.run)
    samples = Samples(photos, config.data.size_px, config.data.seed, config.data.holes)
    state, _ = starting_state(config, samples, fabric.device)
    losses = open_losses(config).to(fabric.device)
    layers = _layers(state.average, config.data.size_px)

    data, steps = [], []
    clock = time.perf_counter()
    for batch in batches(samples, config.data.batch, range(STEPS), warn=lambda line: None):
        ready = time.perf_counter()
        train_step(fabric, config, losses, state, batch)  # reads its losses, so that a GPU has finished
        data.append(ready - clock)
        clock = time.perf_counter()
        steps.append(clock - ready)
    seconds = min(steps[1:]) + (0 if config.run.workers else min(data[1:]))
    return Cost(
        layers,
        {name: count_parameters(network) for name, network in state.networks.items() if name != "average"},
        sum(layer.macs for layer in layers),
        seconds,
        config.data.batch / seconds,
        min(data[1:]),
        _memory_mb(fabric.device),
        config.run.steps * seconds / 3600,
        "bf16" if "bf16" in fabric._precision.precision else "fp32",
        str(fabric.device),
    )


@torch.no_grad()
def _layers(network: nn.Module, size_px: int) -> tuple[Layer, ...]:
    found: list[Layer] = []
    hooks = []
    leaves = [
        (name, module)
        for name, module in network.named_modules()
        if not list(module.children()) and not isinstance(module, nn.Identity)
    ]
    device = next(network.parameters()).device
    with FlopCounterMode(display=False) as counter:
        before = 0

        def note(name: str, module: nn.Module, output: torch.Tensor) -> None:
            nonlocal before
            total = counter.get_total_flops()
            found.append(
                Layer(name, type(module).__name__, tuple(output.shape[1:]), count_parameters(module), (total - before) // 2)
            )
            before = total

        for name, module in leaves:
            hooks.append(module.register_forward_hook(lambda m, _, output, name=name: note(name, m, output)))
        network(torch.zeros(1, 3, size_px, size_px, device=device), torch.ones(1, 1, size_px, size_px, device=device))
    for hook in hooks:
        hook.remove()
    return tuple(found)


def _memory_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    if sys.platform == "win32":  # which has no getrusage
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
