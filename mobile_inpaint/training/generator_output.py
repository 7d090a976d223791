"""What a network answers in training, where its own image is neither bounded nor hidden behind a clamp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.migan import network as migan


class Answer(NamedTuple):
    """One batch filled, by the network that learns or by its teacher.

    Attributes:
        fill: float [N, 3, S, S], RGB, nominally in [0,1]; outside the hole exactly the photo.
        levels: what each level of the network adds to its image, by side r: float [N, 3, r, r] in units of [-1,1]; empty
            where the network has no such levels.
    """

    fill: Tensor
    levels: Mapping[int, Tensor]


def answer_of(network: Generator, image: Tensor, mask: Tensor) -> Answer:
    """What ``network`` makes of a batch, composited as its ``forward`` does but not clamped: a clamp would take the gradient
    from every value that lies outside [0,1].

    Args:
        network: any generator.
        image: float [N, 3, R, R], RGB in [0,1]; not read under the hole.
        mask: float [N, 1, R, R], 1 = hole.
    """
    known = image * (1 - mask)
    holed = torch.cat([mask, known], dim=1)
    if isinstance(network, migan.Generator):
        predicted, residuals = network.predict_levels(holed)
        levels = {residual.shape[-1]: residual for residual in residuals}
    else:
        predicted, levels = network.predict(holed), {}
    return Answer(known + predicted * mask, levels)
