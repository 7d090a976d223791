"""Weights in a quarter of the room, for what ships inside the package: 8-bit integers with a scale for each output channel."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_SCALE = "#scale"
_INTEGERS = ("depthwise.weight", "pointwise.weight")
"""What is rounded to integers; the rest, a few numbers beside these, is kept in half precision."""


def small(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors smaller: of a filter int8 [O, I, H, W] and its float16 scales [O], of anything else float16."""
    result = {}
    for name, value in state.items():
        if name.endswith(_INTEGERS):
            scale = (value.flatten(1).abs().amax(1) / 127).clamp_min(torch.finfo(torch.float16).tiny).half()
            result[name] = (value / _beside(scale, value)).round().clamp(-127, 127).to(torch.int8)
            result[name + _SCALE] = scale
        else:
            result[name] = value.half()
    return result


def restored(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`small` was given, rounded; any other tensors as they are."""
    scales = {name.removesuffix(_SCALE): value for name, value in state.items() if name.endswith(_SCALE)}
    return {
        name: value.float() * _beside(scales[name], value) if name in scales else value
        for name, value in state.items()
        if not name.endswith(_SCALE)
    }


def _beside(scale: Tensor, filters: Tensor) -> Tensor:
    return scale.float().view(-1, *[1] * (filters.ndim - 1))
