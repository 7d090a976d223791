"""A MI-GAN in the form with many tensors a convolution, and how fast each then learns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.layers.repconv import RepConv2d

G = TypeVar("G", bound=Generator)

UNIT_NORM_TOLERANCE = 1e-3
"""How far from 1 a stored filter's norm may be; published ones are off by 1e-6, fp16 files by 2e-4."""


@torch.no_grad()
def with_branches(generator: G, branches: int) -> G:
    """A new network with the same output whose convolutions hold ``branches`` tensors each; 0 is the fused form.

    Only the direction of a re-parameterized filter counts, while its length sets how far a step of Adam turns it. So a fused
    filter, which has length 1, is given the length it has in a random start, sqrt(its numbers): learning rates then mean the
    same for both starts. A filter that has tensors already keeps its length.

    Raises:
        ValueError: a fused filter's length is not 1, so that no tensors can stand for it.
    """
    make: Any = type(generator)
    result: G = make(generator.name, replace(generator.variant, tensors=branches)).eval()
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


def lr_scales(generator: nn.Module, branches: int) -> dict[str, float]:
    """By parameter, the factor of its learning rate with which its convolution learns as ``branches`` tensors would.

    n tensors learn like one at sqrt(n) times the learning rate, and so like m tensors at sqrt(m / n) times. The first
    convolution of a published network has one tensor whatever the others have.

    Args:
        generator: a generator or a discriminator of this family.
        branches: m, at least 1.
    """
    modules = ((name, module) for name, module in generator.named_modules() if isinstance(module, RepConv2d))
    return {
        f"{name}.tensors": math.sqrt((1 if name.endswith("fromrgb") else branches) / len(module.tensors))
        for name, module in modules
    }


def _own(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]


def _direction(source: nn.Module, name: str) -> Tensor:
    if isinstance(source, RepConv2d):
        return source.tensors.sum(0) / math.sqrt(len(source.tensors))
    weight = cast(nn.Conv2d, source).weight
    off = (weight.square().sum((1, 2, 3)).sqrt() - 1).abs().max().item()
    if off > UNIT_NORM_TOLERANCE:
        raise ValueError(
            f"the filters of '{name}' do not have unit norm (one is off by {off:.2g}), as those of a re-parameterized network "
            "have: train its plain convolutions with generator.tensors = 0"
        )
    return weight * math.sqrt(weight[0].numel())
