"""How well a fill explains its surroundings: they are erased, filled again from the result, and compared with the photo."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mobile_inpaint.metrics.perceptual import Lpips
from mobile_inpaint.photo.image import Fill

_RING_PX = 48
_MOST_WINDOWS = 3
"""Of those that show the most of the ring: each costs a pass of the network and of AlexNet."""


class Reinpainting:
    """The figure of fills of one hole in one photo: less is more consistent; the photo's own is about the least there is.

    The ring of known pixels within 48 px of the hole is erased from the result F of the system under test. A network N, the
    same for all systems, fills it again; it sees the fill on one side of the ring and the photo on the other. The figure is
    the distance to the photo P in the ring::

        figure = LPIPS(N(F, ring), P), averaged over the ring

    From a fill that continues the photo, N finds the ring again; blur and foreign texture mislead it. The pixels compared are
    known, so that N does not favour fills that resemble its own.

    Args:
        lpips: the distance.
        network: N, a Fill of squares of ``side_px``.
        side_px: of the squares in which N looks at the picture, at the picture's own size.
        photo: [1, 3, H, W] RGB in [0,1], the truth, or any fill; smaller ones are continued by their last row and column.
        hole: [1, 1, H, W], 1 = hole.

    Source: Chen, Zhang, Hong, Zhang, Zhang, Assessing Image Inpainting via Re-Inpainting Self-Consistency Evaluation (2024):
    D = mean over k of d(F, N(F, M_k)) with second masks M_k of random patches. Here the only second mask is the ring: with
    patches in the hole, blurred fills were the most consistent of all (docs/evaluation.md).
    """

    def __init__(self, lpips: Lpips, network: Fill, side_px: int, photo: Tensor, hole: Tensor) -> None:
        self._lpips, self._network = lpips, network
        reach = 2 * _RING_PX + 1
        ring = functional.max_pool2d(functional.max_pool2d(hole, (reach, 1), 1, (_RING_PX, 0)), (1, reach), 1, (0, _RING_PX))
        self._missing = (0, max(side_px - photo.shape[3], 0), 0, max(side_px - photo.shape[2], 0))
        self._ring = functional.pad(ring * (1 - hole), self._missing)
        photo = functional.pad(photo, self._missing, mode="replicate")
        self._windows = _windows(self._ring[0, 0], side_px)
        self._truths = [lpips.features(photo[..., rows, columns]) for rows, columns in self._windows]

    def of(self, fill: Tensor) -> float:
        """The figure of ``fill``, [1, 3, H, W] RGB in [0,1]; of the photo itself, too. NaN where the hole leaves no ring."""
        fill = functional.pad(fill, self._missing, mode="replicate")
        total, count = 0.0, 0.0
        for (rows, columns), truth in zip(self._windows, self._truths, strict=True):
            part, ring = fill[..., rows, columns], self._ring[..., rows, columns]
            again = torch.from_numpy(np.asarray(self._network(part.contiguous().numpy(), ring.contiguous().numpy())))
            weight = float(ring.sum())
            total += weight * float(self._lpips.distance(self._lpips.features(again), truth, ring))
            count += weight
        return total / count if count else math.nan


def _windows(ring: Tensor, side: int) -> list[tuple[slice, slice]]:
    """Squares of ``side`` that show most of ``ring``, [H, W]: each next one most of what the others do not."""
    left = ring.clone()
    found = []
    for _ in range(_MOST_WINDOWS):
        sums = functional.pad(left.double().cumsum(0).cumsum(1), (1, 0, 1, 0))
        inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        top, start = divmod(int(inside.argmax()), inside.shape[1])
        if inside[top, start] == 0:
            break
        window = slice(top, top + side), slice(start, start + side)
        left[window] = 0
        found.append(window)
    return found
