"""The network that a run trains: where it starts, and the form it trains and is saved in."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, cast

import torch
from torch import Tensor, nn

from mobile_inpaint.artifact import Provenance, Quantization
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.layers.repconv import RepConv2d
from mobile_inpaint.models.registry import create_model, open_checkpoint
from mobile_inpaint.training.config import GeneratorConfig
from mobile_inpaint.training.quantization_aware import round_generator
from mobile_inpaint.training.slimming.narrow import narrow

UNIT_NORM_TOLERANCE = 1e-3
"""How far from 1 a stored filter's norm may be; published ones are off by 1e-6, fp16 files by 2e-4."""


def starting_generator(
    config: GeneratorConfig,
    seed: int,
    samples: Iterable[tuple[Tensor, Tensor]] = (),
    note: Callable[[str], None] = lambda line: None,
) -> tuple[Generator, Provenance | None]:
    """The network at step 0, on the CPU, in training mode, and where its weights are from (None of a random start).

    Args:
        config: which one.
        seed: of a random start.
        samples: (image [3, S, S], mask [1, S, S]); as many as needed are taken where a network is narrowed.
        note: told what takes minutes.

    Raises:
        TrainingError: overrides that no network can have; filters that ``tensors`` cannot stand for; a network that cannot be
            narrowed to the variant.
        ModelNotFound, CheckpointNotFound, WeightsError: see :mod:`mobile_inpaint.models`.
    """
    if config.checkpoint is None:
        return _random(config, seed).train(), None
    loaded, provenance = open_checkpoint(config.checkpoint)
    if config.integers_by:
        try:
            round_generator(loaded, list(islice(samples, config.integers_by)), Quantization())
        except ValueError as error:
            raise TrainingError(f"generator.integers_by: {config.checkpoint}: {error}") from error
        return loaded, provenance
    if config.narrowed_by:
        network = _random(config, seed)
        note(f"fitting {config.variant} to {config.checkpoint}, layer by layer")
        try:
            narrow(loaded, network, [_holed(*sample) for sample in islice(samples, config.narrowed_by)])
        except ValueError as error:
            raise TrainingError(f"generator.narrowed_by: {config.checkpoint} to {config.variant}: {error}") from error
        return network.train(), provenance
    if config.overrides:
        raise TrainingError("generator.overrides: a checkpoint decides its own size; leave one of the two out")
    return with_tensors(loaded, config.tensors).train(), provenance


def _random(config: GeneratorConfig, seed: int) -> Generator:
    try:
        return create_model(config.variant, None, seed=seed, **{**config.overrides, "tensors": config.tensors})
    except (TypeError, ValueError) as error:
        raise TrainingError(f"generator.overrides: {config.variant} cannot have {config.overrides} ({error})") from error


def _holed(image: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([mask, image * (1 - mask)])[None]


@torch.no_grad()
def with_tensors(generator: Generator, tensors: int) -> Generator:
    """A new network with the same output whose convolutions hold ``tensors`` tensors each; 0 is the fused form.

    Only the direction of a re-parameterized filter counts, while its length sets how far a step of Adam turns it. So a fused
    filter, which has length 1, is given the length it has in a random start, sqrt(its numbers): learning rates then mean the
    same for both starts. A filter that has tensors already keeps its length.

    Args:
        generator: of a family whose ``variant`` has ``tensors``.
        tensors: at least 0.

    Raises:
        TrainingError: a fused filter's length is not 1, so that no tensors can stand for it.
    """
    variant = vars(cast(Any, generator).variant)
    result = create_model(generator.name, **{**variant, "tensors": tensors})
    sources = dict(generator.named_modules())
    for name, target in result.named_modules():
        source = sources[name]
        if isinstance(target, RepConv2d):
            target.tensors.copy_(_direction(source, name) / math.sqrt(len(target.tensors)))
        elif isinstance(source, RepConv2d):
            cast(nn.Conv2d, target).weight.copy_(source.weight)
        else:
            for key, value in _own(target):
                value.copy_(dict(_own(source))[key])
            continue
        if (bias := cast(nn.Conv2d, source).bias) is not None:
            cast(Tensor, target.bias).copy_(bias)
    return result


def _own(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]


def _direction(source: nn.Module, name: str) -> Tensor:
    if isinstance(source, RepConv2d):
        return source.tensors.sum(0) / math.sqrt(len(source.tensors))
    weight = cast(nn.Conv2d, source).weight
    off = (weight.square().sum((1, 2, 3)).sqrt() - 1).abs().max().item()
    if off > UNIT_NORM_TOLERANCE:
        raise TrainingError(
            f"the filters of '{name}' do not have unit norm (one is off by {off:.2g}), as those of a re-parameterized network "
            "have: train its plain convolutions with generator.tensors = 0"
        )
    return weight * math.sqrt(weight[0].numel())


def averaged_copy(generator: Generator) -> Generator:
    """A copy to hold the moving average: evaluation mode, the noise that ships, no gradients."""
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    set_noise(average, "constant")
    return average


def set_noise(generator: Generator, mode: str) -> None:
    """Chooses what the noise layers add, in families that have any."""
    if hasattr(generator, "set_noise"):
        cast(Any, generator).set_noise(mode)


@torch.no_grad()
def advance_average(average: nn.Module, generator: nn.Module, decay: float) -> None:
    """Moves ``average`` by ``1 - decay`` of the way to ``generator``; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)
    for ours, theirs in zip(average.buffers(), generator.buffers(), strict=True):
        ours.copy_(theirs)


def decay_at(images: int, batch: int, half_life: float, ramp_up: float) -> float:
    """Decay of the moving average for one batch, so that its half-life is ``half_life`` images.

    Args:
        images: seen so far, with this batch.
        batch: images in this batch.
        half_life: in images.
        ramp_up: while few were seen, the half-life is at most this share of ``images``; 0 is no ramp.

    Source: StyleGAN2 (Karras et al., 2020), whose training ramps up likewise; MI-GAN's does not.
    """
    if ramp_up:
        half_life = min(half_life, images * ramp_up)
    return float(0.5 ** (batch / max(half_life, 1e-8)))
