"""How a fill differs to the eye: LPIPS and feature matching in and around the hole, and the focal frequency loss."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from mobile_inpaint.metrics.perceptual import Features, Lpips, mean_where, unit_length

STRIDE = 16
"""Px between two positions of a trunk's deepest map; VGG's and AlexNet's are alike."""

Grid = tuple[int, int]
"""Px from the top and from the left where a trunk begins to look."""


def any_grid(seed: int, step: int) -> Grid:
    """One at random, another in each step, the same in every process.

    AlexNet looks at every fourth pixel. A network that is always met on the same ones learns to please those, and paints a grid
    that this LPIPS never sees, and people do.
    """
    down, right = np.random.default_rng((seed, step)).integers(STRIDE, size=2).tolist()
    return down, right


def on(maps: Tensor, grid: Grid) -> Tensor:
    """The part of [N, C, H, W] from where ``grid`` begins."""
    return maps[:, :, grid[0] :, grid[1] :]


@dataclass(frozen=True)
class Looks:
    """What one trunk makes of pictures.

    Attributes:
        maps: its feature maps.
        unit: the same, every pixel a vector of length 1, as LPIPS compares them.
    """

    maps: Features
    unit: Features

    @classmethod
    def at(cls, pictures: Tensor, lpips: Lpips) -> Looks:
        """Those of ``pictures``, [N, 3, S, S] RGB in [0,1], in float32; VGG, the costly one, computes as the autocast says."""
        # AlexNet's first convolution backwards in bf16 kills the process on CPUs with AMX: an illegal instruction, torch 2.13
        exact = torch.autocast(pictures.device.type, enabled=False) if lpips.trunk == "alex" else nullcontext()
        with exact:
            maps = [values.float() for values in lpips.maps(pictures)]
        return cls(maps, unit_length(maps))

    def detach(self) -> Looks:
        """The same without their gradient."""
        return Looks([values.detach() for values in self.maps], [values.detach() for values in self.unit])


def surroundings(mask: Tensor, ring_px: int) -> Tensor:
    """The hole grown by ``ring_px`` on every side, [N, 1, S, S], 1 = inside: features out there see the hole."""
    side = 2 * ring_px + 1
    rows = max_pool2d(mask, (side, 1), stride=1, padding=(ring_px, 0))  # rows, then columns: side², but for twice side
    return max_pool2d(rows, (1, side), stride=1, padding=(0, ring_px))


def lpips_distance(lpips: Lpips, one: Looks, other: Looks, where: Tensor) -> Tensor:
    """LPIPS in each region ``where``, [N, 1, S, S], averaged over the batch."""
    with torch.autocast(where.device.type, enabled=False):
        return lpips.distance(one.unit, other.unit, where).mean()


def feature_difference(one: Looks, truth: Looks, where: Tensor) -> Tensor:
    """The mean absolute difference of the feature maps in each region ``where``, as a share of what the truth's hold in the
    whole picture, averaged over maps and batch.

    A share, because the maps of a trunk are of very different sizes.

    Source: feature matching as in Wang et al., High-Resolution Image Synthesis … with Conditional GANs (2018), on the fixed
    trunk of Johnson, Alahi, Fei-Fei, Perceptual Losses (2016).
    """
    shares = [
        mean_where((a - b).abs(), where) / (b.abs().mean((1, 2, 3)) + 1e-6) for a, b in zip(one.maps, truth.maps, strict=True)
    ]
    return torch.stack(shares).mean()


def focal_frequency(one: Tensor, truth: Tensor) -> Tensor:
    """The squared difference of the spectra, every frequency weighted by how wrong it is: blur lacks the high ones.

    Args:
        one: float [N, 3, S, S], RGB in [0,1].
        truth: likewise.

    Source: Jiang, Dai, Wu, Loy, Focal Frequency Loss for Image Reconstruction and Synthesis (2021), alpha 1, one patch.
    """
    spectrum = torch.fft.fft2(one.float() - truth.float(), norm="ortho")
    squares = spectrum.real.square() + spectrum.imag.square()
    weight = squares.detach().sqrt()
    weight = weight / weight.amax((2, 3), keepdim=True).clamp_min(1e-12)
    loss: Tensor = (weight * squares).mean()
    return loss
