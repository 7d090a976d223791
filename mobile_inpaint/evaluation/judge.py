"""How good a fill is, in figures: to the true photo, and to the fill that another network made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.metrics import pixelwise
from mobile_inpaint.metrics.perceptual import Dists, Lpips
from mobile_inpaint.photo.compositor.tiles import bounding_box
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole

DISTS_PX = 256
"""The side at which its authors compare pictures."""
EQUAL_DB = 99.0
"""What stands for the infinite PSNR of equal pictures."""


class Figures(NamedTuple):
    """Of one fill.

    Attributes:
        lpips, dists: distance of the whole picture to the truth; ``dists`` is NaN where nobody asked for it.
        seam: CIEDE2000 across the hole's border.
        psnr: in dB, in the hole, to the truth.
        lpips_to_reference, psnr_to_reference: the same to another fill of that hole.
    """

    lpips: float
    dists: float
    seam: float
    psnr: float
    lpips_to_reference: float
    psnr_to_reference: float


class Judge:
    """The perceptual networks, loaded once.

    Args:
        dists: whether to ask DISTS as well, which takes most of the time.
        progress: of fetching the networks' weights.

    Raises:
        WeightsError: they are not here and cannot be fetched.
    """

    def __init__(self, *, dists: bool = True, progress: Progress | None = None) -> None:
        self._lpips = Lpips("alex", progress)
        self._dists = Dists(progress) if dists else None
        self.yardsticks = ("LPIPS v0.1 AlexNet", "DISTS") if dists else ("LPIPS v0.1 AlexNet",)

    @torch.inference_mode()
    def lpips(self, truth: Pixels, fills: Sequence[Pixels]) -> list[float]:
        """The distance of each fill to the truth; pictures of one size."""
        distances: Tensor = self._lpips(_stacked(fills), _stacked([truth]))
        return distances.tolist()

    @torch.inference_mode()
    def figures(
        self, truth: Pixels, holes: Sequence[Hole], fills: Sequence[Pixels], references: Sequence[Pixels]
    ) -> list[Figures]:
        """Of each of the ``fills`` of the ``holes`` in one photo; ``references`` are other fills of them, in the same order."""
        pictures, original = _stacked(fills), _stacked([truth])
        features = self._lpips.features(pictures)
        columns = [
            self._lpips.distance(features, self._lpips.features(original)).tolist(),
            [float("nan")] * len(fills)
            if self._dists is None
            else self._dists(_reduced(pictures), _reduced(original)).tolist(),
            [_seam(fill, hole) for fill, hole in zip(fills, holes, strict=True)],
            [_psnr(fill, truth, hole) for fill, hole in zip(fills, holes, strict=True)],
            self._lpips.distance(features, self._lpips.features(_stacked(references))).tolist(),
            [_psnr(*pictures) for pictures in zip(fills, references, holes, strict=True)],
        ]
        return [Figures(*row) for row in zip(*columns, strict=True)]


def _stacked(pictures: Sequence[Pixels]) -> Tensor:
    """[N, 3, H, W] in [0,1], channels last in memory, as a CPU likes its convolutions."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _reduced(pictures: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(pictures, min(DISTS_PX, pictures.shape[-1]))


def _seam(fill: Pixels, hole: Hole) -> float:
    box = bounding_box(hole)
    assert box is not None  # a hole is never empty
    part = box.grown(1, hole.shape).slices  # one pixel beyond the border is all that it looks at
    return pixelwise.seam_delta_e(fill[part], hole[part])


def _psnr(fill: Pixels, other: Pixels, hole: Hole) -> float:
    return min(pixelwise.psnr(fill, other, hole), EQUAL_DB)
