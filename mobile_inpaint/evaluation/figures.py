"""Figures of a fill, in the hole, around it and at its edge, held against the photo as it was and against another fill.

One judge serves both sides: ``export`` holds an artifact's fills against the generator's (:meth:`Judge.figures`), ``evaluate``
holds any fill against the photo (:meth:`Judge.look_at`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.metrics import pixelwise
from mobile_inpaint.metrics.hallucination import Inventing
from mobile_inpaint.metrics.mismatch import Mismatch
from mobile_inpaint.metrics.mobilenet import MobileNetV2
from mobile_inpaint.metrics.perceptual import Dists, Lpips
from mobile_inpaint.metrics.reinpainting import Reinpainting
from mobile_inpaint.metrics.spectrum import Spectra, lattice
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.compositor.tiles import bounding_box
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole
from mobile_inpaint.targets.base import Runner
from mobile_inpaint.targets.reference import run_by_torch

EQUAL_DB = 99.0
"""What stands for the infinite PSNR of equal pictures."""
_REDUCED_PX = 256
"""The side at which DISTS is defined, and at which a picture's pooled features are taken."""
REINPAINTER, REINPAINTER_PX = "migan-lite", 512
"""The network that fills the surroundings again, and the side of its squares: the one that ships in the package."""
_SSIM_RIM = 5


@dataclass(frozen=True)
class Kind:
    """How a figure is read.

    Attributes:
        title: for people.
        better: ``less`` or ``more``; ``like the photo`` where the photo's own figure is what is aimed at.
        digits: behind the point.
        meaning: in one line.
    """

    title: str
    better: Literal["less", "more", "like the photo"]
    digits: int
    meaning: str


KINDS: Mapping[str, Kind] = {
    "lpips": Kind("LPIPS", "less", 4, "distance of the whole square to the photo as AlexNet sees it; the yardstick"),
    "lpips_hole": Kind("LPIPS in hole", "less", 4, "the same, averaged over the hole alone"),
    "lpips_vgg": Kind("LPIPS VGG", "less", 4, "distance of the whole square to the photo as VGG16 sees it"),
    "dists": Kind("DISTS", "less", 4, "distance of the whole square at 256 px; forgives texture that differs in detail alone"),
    "inventing": Kind("inventing", "like the photo", 3, "see the documentation: docs/evaluation.md"),
    "mismatch": Kind("mismatch", "like the photo", 3, "how far the texture in the hole is from that around it"),
    "reinpainting": Kind("re-inpainting", "less", 4, "distance of the surroundings, filled again from the fill, to the photo"),
    "lattice": Kind("lattice", "like the photo", 3, "what repeats in the hole every 2, 4, 8 or 16 px: a grid, a mosaic"),
    "psnr_db": Kind("PSNR dB", "more", 2, "in the hole; favours blur"),
    "ssim": Kind("SSIM", "more", 4, "in the hole; favours blur"),
    "l1": Kind("L1", "less", 4, "mean absolute difference in the hole, white being 1"),
    "l2": Kind("L2", "less", 5, "mean squared difference in the hole"),
    "tv": Kind("TV", "like the photo", 4, "mean step to the next pixel in the hole: low is smooth"),
    "seam_delta_e": Kind("seam ΔE", "like the photo", 2, "CIEDE2000 across the hole's edge"),
    "seam_jump": Kind("seam jump", "like the photo", 4, "step across the hole's edge that slopes on both sides do not explain"),
}
"""Every figure by its name, those that matter most first."""


class Figures(NamedTuple):
    """What the gate of ``export`` looks at, of one fill.

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


class Scored(NamedTuple):
    """One fill, looked at.

    Attributes:
        figures: by the names in `KINDS`.
        features: [1280], of the whole square at 256 px, for figures of sets.
    """

    figures: Mapping[str, float]
    features: Tensor


class Judge:
    """The networks that judge, loaded once; what only :meth:`look_at` needs, when it is first called.

    Args:
        dists: whether :meth:`figures` asks DISTS as well, which takes most of the time.
        vgg: ask LPIPS with VGG16 as well, ten times as slow.
        progress: of fetching the networks' weights.

    Raises:
        WeightsError: they are not here and cannot be fetched.
    """

    def __init__(self, *, dists: bool = True, vgg: bool = False, progress: Progress | None = None) -> None:
        self._progress, self._asks_dists = progress, dists
        self._alex = Lpips("alex", progress)
        self._vgg = Lpips("vgg", progress) if vgg else None
        self.yardsticks = ("LPIPS v0.1 AlexNet", "DISTS") if dists else ("LPIPS v0.1 AlexNet",)
        if dists:
            _ = self._dists  # what cannot be fetched is said at once

    @cached_property
    def _dists(self) -> Dists:
        return Dists(self._progress)

    @cached_property
    def _mobilenet(self) -> MobileNetV2:
        return MobileNetV2(self._progress)

    @cached_property
    def _network(self) -> Runner:
        return reinpainter()

    @torch.inference_mode()
    def lpips(self, truth: Pixels, fills: Sequence[Pixels]) -> list[float]:
        """The distance of each fill to the truth; pictures of one size, HWC uint8 RGB."""
        distances: Tensor = self._alex(_stacked(fills), _stacked([truth]))
        return distances.tolist()

    @torch.inference_mode()
    def figures(
        self, truth: Pixels, holes: Sequence[Hole], fills: Sequence[Pixels], references: Sequence[Pixels]
    ) -> list[Figures]:
        """Of each of the ``fills`` of the ``holes`` in one photo; ``references`` are other fills of them, in the same order."""
        pictures, original = _stacked(fills), _stacked([truth])
        features = self._alex.features(pictures)
        columns = [
            self._alex.distance(features, self._alex.features(original)).tolist(),
            self._dists(_reduced(pictures), _reduced(original)).tolist() if self._asks_dists else [float("nan")] * len(fills),
            [_seam(fill, hole) for fill, hole in zip(fills, holes, strict=True)],
            [_psnr(fill, truth, hole) for fill, hole in zip(fills, holes, strict=True)],
            self._alex.distance(features, self._alex.features(_stacked(references))).tolist(),
            [_psnr(*pictures) for pictures in zip(fills, references, holes, strict=True)],
        ]
        return [Figures(*row) for row in zip(*columns, strict=True)]

    @torch.inference_mode()
    def look_at(self, truth: Pixels, hole: Hole) -> Look:
        """The photo with its hole, as every fill of it is then compared with it."""
        return Look(self, truth, hole)


class Look:
    """One photo with its hole; what depends on the photo alone is computed once. Made by :meth:`Judge.look_at`."""

    def __init__(self, judge: Judge, truth: Pixels, hole: Hole) -> None:
        self._judge, self._truth, self._hole = judge, truth, hole
        picture, self._where = picture_of(truth), torch.from_numpy(hole)[None, None].float()
        self._alex = judge._alex.features(picture)
        self._vgg = judge._vgg.features(picture) if judge._vgg else None
        self._dists = judge._dists.features(_reduced(picture))
        self._inventing = Inventing(judge._mobilenet, picture, self._where)
        self._mismatch = Mismatch(judge._mobilenet, picture, self._where)
        self._reinpainting = (
            Reinpainting(judge._alex, judge._network, REINPAINTER_PX, picture, self._where)
            if min(truth.shape[:2]) >= REINPAINTER_PX
            else None
        )
        self.photo = self.scored(truth)
        """The photo's own figures: what a perfect fill would have."""

    @torch.inference_mode()
    def scored(self, fill: Pixels) -> Scored:
        """The figures of ``fill``, HWC uint8 RGB of the photo's size."""
        judge, picture = self._judge, picture_of(fill)
        alex = judge._alex.features(picture)
        perceptual = {
            "lpips": judge._alex.distance(alex, self._alex),
            "lpips_hole": judge._alex.distance(alex, self._alex, self._where),
            "dists": judge._dists.distance(judge._dists.features(_reduced(picture)), self._dists),
        }
        if judge._vgg is not None and self._vgg is not None:
            perceptual["lpips_vgg"] = judge._vgg.distance(judge._vgg.features(picture), self._vgg)
        figures = {name: float(distance) for name, distance in perceptual.items()}
        figures |= {
            "inventing": self._inventing.of(picture),
            "mismatch": self._mismatch.of(picture),
            "lattice": float(lattice(Spectra.of(picture, self._where)).mean()),
        }
        if self._reinpainting is not None:
            figures["reinpainting"] = self._reinpainting.of(picture)
        figures |= _plain(fill, self._truth, self._hole)
        return Scored({name: figures[name] for name in KINDS if name in figures}, judge._mobilenet(_reduced(picture))[0])


def reinpainter() -> Runner:
    """The network that fills surroundings again, the same for every system under test."""
    return run_by_torch(open_checkpoint(REINPAINTER)[0])


def _plain(fill: Pixels, truth: Pixels, hole: Hole) -> dict[str, float]:
    box = bounding_box(hole)
    assert box is not None  # a hole is never empty
    part = box.grown(_SSIM_RIM, hole.shape).slices  # all that the figures look at
    fill, truth, hole = fill[part], truth[part], hole[part]
    return {
        "psnr_db": _psnr(fill, truth, hole),
        "ssim": pixelwise.ssim(fill, truth, hole),
        "l1": pixelwise.l1(fill, truth, hole),
        "l2": pixelwise.l2(fill, truth, hole),
        "tv": pixelwise.tv(fill, hole),
        "seam_delta_e": pixelwise.seam_delta_e(fill, hole),
        "seam_jump": pixelwise.seam_jump(fill, hole),
    }


def picture_of(pixels: Pixels) -> Tensor:
    """[1, 3, H, W] in [0,1], channels last in memory, as a CPU likes its convolutions."""
    return _stacked([pixels])


def _stacked(pictures: Sequence[Pixels]) -> Tensor:
    """[N, 3, H, W] in [0,1], channels last in memory, as a CPU likes its convolutions."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _seam(fill: Pixels, hole: Hole) -> float:
    box = bounding_box(hole)
    assert box is not None  # a hole is never empty
    part = box.grown(1, hole.shape).slices  # one pixel beyond the border is all that it looks at
    return pixelwise.seam_delta_e(fill[part], hole[part])


def _psnr(fill: Pixels, other: Pixels, hole: Hole) -> float:
    return min(pixelwise.psnr(fill, other, hole), EQUAL_DB)


def _reduced(picture: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(picture, min(_REDUCED_PX, picture.shape[-1]))
