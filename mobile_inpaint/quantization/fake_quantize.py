"""Convolutions that compute in floats what their 8-bit form will compute, so that training can take its rounding into account.

Gradients pass through the rounding as if it were not there, and stop where a value is clipped.

Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference (CVPR 2018).
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

N = TypeVar("N", bound=nn.Module)

STEPS = 255
"""Between the ends of a map's range."""
LARGEST_WEIGHT = 127


class RoundedConv2d(nn.Conv2d):
    """A convolution whose input, weights and output are rounded to 8 bits; trained and saved as the plain one it was.

    In the network that ships, equalization divides each channel of a map by a factor of its own before one range serves them
    all (:func:`~.equalization.equalize`). Here maps keep their channels as they are, and each channel gets
    the range times its factor.

    Attributes:
        factor: [1, C, 1, 1], by what the input's channels are divided in the network that ships.
        read, written: [2, 1, C, 1, 1], ends of the ranges of input and output; not a number where a map is not rounded.
    """

    factor: torch.Tensor
    read: torch.Tensor
    written: torch.Tensor

    def __init__(self, conv: nn.Conv2d) -> None:
        """``conv`` itself, sharing its parameters; it rounds its weights, and so far nothing else."""
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]  # as the base class keeps it
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            groups=conv.groups,
            bias=conv.bias is not None,
        )
        self.weight, self.bias = conv.weight, conv.bias
        self.register_buffer("factor", torch.ones(1, conv.in_channels, 1, 1))
        self.register_buffer("read", torch.full((2, 1, conv.in_channels, 1, 1), torch.nan))
        self.register_buffer("written", torch.full((2, 1, conv.out_channels, 1, 1), torch.nan))

    def plain(self) -> nn.Conv2d:
        """A convolution that shares the parameters and does not round."""
        conv = nn.Conv2d(
            self.in_channels,
            self.out_channels,
            self.kernel_size,  # type: ignore[arg-type]
            self.stride,  # type: ignore[arg-type]
            self.padding,  # type: ignore[arg-type]
            groups=self.groups,
            bias=self.bias is not None,
        )
        conv.weight, conv.bias = self.weight, self.bias
        return conv

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The next map: float [N, C', H', W'] of [N, C, H, W], as the convolution makes it of rounded values."""
        of_input = self.factor if self.groups == 1 else self.factor.transpose(0, 1)
        weight = self.weight * of_input
        step = weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / LARGEST_WEIGHT
        weight = _to_steps(weight, step) / of_input
        return round_to(self._conv_forward(round_to(input, self.read), weight, self.bias), self.written)


def with_rounding(network: nn.Module) -> None:
    """Replaces every plain convolution in ``network``, in place, by one that can round; ranges are still to be given."""
    for name, child in network.named_children():
        if type(child) is nn.Conv2d:
            setattr(network, name, RoundedConv2d(child))
        else:
            with_rounding(child)


def without_rounding(network: N) -> N:
    """``network`` itself if nothing in it rounds, else a copy with plain convolutions of the same weights."""
    if not any(isinstance(module, RoundedConv2d) for module in network.modules()):
        return network
    plain = copy.deepcopy(network)
    for name, module in list(plain.named_modules()):
        if isinstance(module, RoundedConv2d):
            owner, _, attribute = name.rpartition(".")
            setattr(plain.get_submodule(owner), attribute, module.plain())
    return plain


def round_to(x: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """``x`` limited to a range and rounded to 256 levels, of which zero is one; as it is where the range is no number.

    Args:
        x: [N, C, H, W].
        ends: [2, 1, C, 1, 1], low and high; low at most 0 and high at least 0.
    """
    if ends.isnan().any():
        return x
    low, high = ends
    step = (high - low).clamp_min(1e-12) / STEPS
    low = (low / step).round() * step
    return _to_steps(torch.minimum(torch.maximum(x, low), low + STEPS * step), step)


def _to_steps(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return x + ((x / step).round() * step - x).detach()
