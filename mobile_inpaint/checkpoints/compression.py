"""Weights in a quarter of the room, for what ships inside the package: 8-bit integers with a scale for each output channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mobile_inpaint.quoting import quoted

_SCALE = "#scale"


def small(state: Mapping[str, Tensor], is_filter: Callable[[str], bool]) -> dict[str, Tensor]:
    """The same tensors smaller: of a filter int8 [O, I, H, W] and its float16 scales [O], of anything else float16.

    Args:
        state: weights by name.
        is_filter: whether a weight of that name is rounded to integers; the rest, a few numbers beside them, is not.
    """
    result = {}
    for name, value in state.items():
        if is_filter(name):
            scale = (value.flatten(1).abs().amax(1) / 127).clamp_min(torch.finfo(torch.float16).tiny).half()
            result[name] = (value / _beside(scale, value)).round().clamp(-127, 127).to(torch.int8)
            result[name + _SCALE] = scale
        else:
            result[name] = value.half()
    return result


def restored(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`small` was given, rounded; any other tensors as they are.

    Raises:
        ValueError: scales that belong to no filter, or not one for each of its channels.
    """
    scales = {name.removesuffix(_SCALE): value for name, value in state.items() if name.endswith(_SCALE)}
    for name, scale in scales.items():
        filters = state.get(name)  # another number of scales would be repeated over the filter, or the filter over them
        if filters is None or filters.dtype != torch.int8 or not filters.ndim or scale.shape != filters.shape[:1]:
            raise ValueError(f"{quoted(name + _SCALE)} are not the scales of 8-bit integers in it")
    return {
        name: value.float() * _beside(scales[name], value) if name in scales else value
        for name, value in state.items()
        if not name.endswith(_SCALE)
    }


def _beside(scale: Tensor, filters: Tensor) -> Tensor:
    return scale.float().view(-1, *[1] * (filters.ndim - 1))
