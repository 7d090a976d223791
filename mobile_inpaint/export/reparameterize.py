"""A trained generator as the plain, equal network that a converter gets."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from mobile_inpaint.errors import ExportError
from mobile_inpaint.export.golden_photos import GoldenPhoto
from mobile_inpaint.models.base import Generator

TOLERANCE = 1e-4
"""Largest difference allowed between before and after, in standard deviations of the output inside the hole."""


@dataclass(frozen=True)
class Plain:
    """What :func:`reparameterize` makes.

    Attributes:
        network: fused and folded, in evaluation mode.
        largest_activation: the largest magnitude that any activation of the generator reached on the photos.
        difference: between the two networks' outputs in the hole, in standard deviations of the output.
    """

    network: Generator
    largest_activation: float
    difference: float


@torch.no_grad()
def reparameterize(generator: Generator, photos: Sequence[GoldenPhoto]) -> Plain:
    """A copy of ``generator`` with every block replaced by its ``fuse()`` and its constants folded.

    Both networks run on ``photos`` on the spot.

    Raises:
        ExportError: their outputs differ by more than :data:`TOLERANCE`.
    """
    before, largest = _run_watched(generator, photos)
    network = copy.deepcopy(generator).eval()
    _fuse(network)
    network.fold(largest_activation=largest)
    after = torch.cat([_hole(network, photo) for photo in photos])
    difference = ((after - before).abs().max() / before.std().clamp_min(1e-12)).item()
    if not difference <= TOLERANCE:
        raise ExportError(
            f"re-parameterizing changed the network: outputs differ by {difference:.2g} of their deviation, {TOLERANCE:g} allowed"
        )
    return Plain(network, largest, difference)


def _fuse(module: nn.Module) -> None:
    for name, child in module.named_children():
        if hasattr(child, "fuse"):
            setattr(module, name, child.fuse())
        else:
            _fuse(child)


def _run_watched(generator: Generator, photos: Sequence[GoldenPhoto]) -> tuple[torch.Tensor, float]:
    largest = 0.0

    def watch(_: nn.Module, __: object, output: torch.Tensor) -> None:
        nonlocal largest
        largest = max(largest, output.abs().max().item())

    hooks = [module.register_forward_hook(watch) for module in generator.activations()]
    try:
        outputs = torch.cat([_hole(generator, photo) for photo in photos])
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, largest


def _hole(network: Generator, photo: GoldenPhoto) -> torch.Tensor:
    image, mask = torch.from_numpy(photo.image), torch.from_numpy(photo.mask)
    return network(image, mask)[(mask > 0).expand_as(image)]
