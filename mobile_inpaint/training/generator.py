"""The network that a run trains: where it starts, and the form it trains and is saved in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from itertools import islice

import torch
from torch import Tensor, nn

from mobile_inpaint.artifact import Provenance, Quantization
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import create_model, family_of, open_checkpoint
from mobile_inpaint.training.config import GeneratorConfig
from mobile_inpaint.training.quantization_aware import round_generator


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
        network, slim = _random(config, seed), family_of(config.variant).slim
        if slim is None:
            raise TrainingError(f"generator.narrowed_by: {config.variant} cannot be fitted to a larger network; leave it out")
        note(f"fitting {config.variant} to {config.checkpoint}, layer by layer")
        try:
            slim(loaded, network, [_holed(*sample) for sample in islice(samples, config.narrowed_by)])
        except ValueError as error:
            raise TrainingError(f"generator.narrowed_by: {config.checkpoint} to {config.variant}: {error}") from error
        return network.train(), provenance
    if config.overrides:
        raise TrainingError("generator.overrides: a checkpoint decides its own size; leave one of the two out")
    try:
        return loaded.with_branches(config.tensors).train(), provenance
    except ValueError as error:
        raise TrainingError(str(error)) from error


def _random(config: GeneratorConfig, seed: int) -> Generator:
    # a family without re-parameterizable convolutions has no such number
    branches = {name: config.tensors for name in family_of(config.variant).plain if name == "tensors"}
    try:
        return create_model(config.variant, None, seed=seed, plain=False, **{**branches, **config.overrides})
    except ValueError as error:
        raise TrainingError(f"generator.overrides: {config.variant} cannot have {config.overrides} ({error})") from error


def _holed(image: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([mask, image * (1 - mask)])[None]


def averaged_copy(generator: Generator) -> Generator:
    """A copy to hold the moving average: evaluation mode, the noise that ships, no gradients."""
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    average.set_noise("constant")
    return average


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
