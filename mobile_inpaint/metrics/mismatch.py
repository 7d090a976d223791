"""How far the texture in a hole is from the texture around it, window by window; no ground truth is needed."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from mobile_inpaint.metrics.mobilenet import MobileNetV2

_DEPTH = 6
"""Of MobileNetV2's blocks: cells of 8 px, which see about 50 px: textures and edges rather than things."""
_WINDOW, _EVERY = 24, 12
"""Cells: windows of 192 px, half of which overlap with the next."""
_LEAST = 8
"""Cells of the hole that a window must have; in a hole without such a window all its cells are one."""
_TINY = 1e-6


class _Window(NamedTuple):
    """One place.

    Attributes:
        inside: [n], cells of the hole.
        width: of the kernel.
        around: [m, c], features of the nearest known cells.
        own: the mean of the kernel over pairs of ``around``.
    """

    inside: Tensor
    width: float
    around: Tensor
    own: Tensor


class Mismatch:
    """The figure of fills of one hole in one photo: 0 where hole and surroundings show the same, about 0.2 at most.

    A picture is seen in cells of 8 px, each a unit vector of MobileNetV2's features. For every window w of 192 px, X are its
    cells in the hole and Y as many known cells as the window has in all, those nearest to its middle::

        mismatch = sum_w |X_w| MMD2(X_w, Y_w) / sum_w |X_w|
        MMD2(X, Y) = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), without the pairs x = x' and y = y'
        k(a, b) = mean over s in (0.5, 1, 2) of exp(-|a - b|^2 / (s m))

    with m the median of |y - y'|^2. Known cells are those of the photo, so that all fills of a hole are compared with the same.
    Blur, foreign texture and a repeated pattern raise it. What is copied from beside the hole can lie below the photo itself.

    Args:
        network: with whose features the cells are compared.
        photo: [1, 3, H, W] RGB in [0,1], the truth, or any fill: what lies in the hole is not looked at.
        hole: [1, 1, H, W], 1 = hole.

    Source: the form of RC-S in Li, You, Hu et al., PROVE: A Perceptual RemOVal cohErence Benchmark for Visual Media (2026):
    MMD between hole and background in sliding windows. The features, the choice of the background's cells and the scale are
    other ones, so that its values cannot be compared with RC-S. MMD: Gretton et al., A Kernel Two-Sample Test (2012).
    """

    def __init__(self, network: MobileNetV2, photo: Tensor, hole: Tensor) -> None:
        self._network = network
        cells = self._cells(photo)
        share = functional.adaptive_avg_pool2d(hole, (cells.shape[1], cells.shape[2]))[0, 0]
        self._windows: list[_Window] = []
        # A cell beside the hole sees into it; where the hole leaves no other, those that see least of it stand in.
        seen = functional.max_pool2d(share[None, None], 3, 1, 1)[0, 0]
        known = torch.nonzero(seen == seen.min())
        for inside, middle in _places(share >= min(0.5, float(share.max()))):
            near = (known - middle).square().sum(1).argsort(stable=True)[: _WINDOW**2]
            around = cells[:, known[near, 0], known[near, 1]].T
            apart = torch.cdist(around, around).square()
            width = float(apart.median()) + _TINY
            self._windows.append(_Window(inside, width, around, _mean_of_pairs(_kernel(apart, width))))

    def of(self, fill: Tensor) -> float:
        """The figure of ``fill``, [1, 3, H, W] RGB in [0,1]; of the photo itself, too."""
        cells = self._cells(fill).flatten(1)
        total, count = 0.0, 0
        for window in self._windows:
            own = cells[:, window.inside].T
            within = _mean_of_pairs(_kernel(torch.cdist(own, own).square(), window.width))
            across = _kernel(torch.cdist(own, window.around).square(), window.width).mean()
            total += len(own) * float(within + window.own - 2 * across)
            count += len(own)
        return total / count

    def _cells(self, picture: Tensor) -> Tensor:
        return functional.normalize(self._network.maps(picture, _DEPTH))[0]


def _places(inside: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Of each window the numbers of its cells in the hole, and its middle; from ``inside``, [h, w] bool, not all False."""
    height, width = inside.shape
    numbers = torch.arange(height * width).reshape(height, width)
    found = []
    for top in _starts(height):
        for left in _starts(width):
            part = slice(top, top + _WINDOW), slice(left, left + _WINDOW)
            chosen = numbers[part][inside[part]]
            if len(chosen) >= _LEAST:
                found.append((chosen, torch.tensor([top + _WINDOW // 2, left + _WINDOW // 2])))
    if not found:
        found = [(numbers[inside], torch.nonzero(inside).float().mean(0).round().long())]
    return found


def _starts(length: int) -> list[int]:
    """Where windows begin, so that the last one ends at the edge."""
    last = max(length - _WINDOW, 0)
    return [*range(0, last, _EVERY), last]


def _kernel(apart: Tensor, width: float) -> Tensor:
    wide = torch.exp(-apart / (2 * width))
    middle = wide.square()
    return (wide + middle + middle.square()) / 3  # widths 2, 1 and 0.5, with one exponential


def _mean_of_pairs(kernel: Tensor) -> Tensor:
    """Of two different cells; that of a single cell with itself is 1."""
    count = len(kernel)
    return (kernel.sum() - count) / (count * (count - 1)) if count > 1 else kernel.mean()
