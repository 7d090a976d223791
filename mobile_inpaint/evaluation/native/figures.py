"""Figures of one fill at the photo's own size, in the hole's window, held against the photo as it was."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.evaluation.figures import REINPAINTER_PX, Kind, picture_of, reinpainter
from mobile_inpaint.metrics import pixelwise
from mobile_inpaint.metrics.hallucination import Inventing
from mobile_inpaint.metrics.mismatch import Mismatch
from mobile_inpaint.metrics.mobilenet import MobileNetV2
from mobile_inpaint.metrics.perceptual import Dists, Lpips
from mobile_inpaint.metrics.reinpainting import Reinpainting
from mobile_inpaint.metrics.spectrum import Spectra, lattice
from mobile_inpaint.photo.compositor.tiles import Box, bounding_box
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole

TILE_PX = 384
"""Side of the square in which DISTS is taken."""
OCTAVES = 5
_MARGIN_PX = 48
_AROUND_PX = 96
"""Of the part in which mismatch is taken: as many known cells as it asks for lie around any hole."""
_LEAST_STEP = 1 / 1020
"""A quarter of a grey level, added to both steps of a seam's contrast, so that clean graphics do not divide by zero."""

NATIVE_KINDS: Mapping[str, Kind] = {
    "lpips": Kind("LPIPS", "less", 4, "AlexNet, averaged over the hole at the photo's own size"),
    "dists": Kind("DISTS", "less", 4, f"of the {TILE_PX} px square with the most hole, at the photo's own size"),
    **{
        f"octave_{k + 1}": Kind(
            f"{2 ** (k + 1)} to {2 ** (k + 2)} px, dB", "like the photo", 1, "power in the hole beside the truth's: 0 is alike"
        )
        for k in range(OCTAVES)
    },
    "spectrum_db": Kind("spectrum, dB", "less", 2, "the octaves' mean distance from the truth"),
    "seam_contrast": Kind("seam contrast", "like the photo", 2, "step across the hole's edge as a multiple of the truth's"),
    "hallucination": Kind("hallucination", "like the photo", 3, "what the hole shows and its surroundings do not"),
    "mismatch": Kind("mismatch", "like the photo", 3, "how far the texture in the hole is from that around it"),
    "reinpainting": Kind("re-inpainting", "less", 4, "distance of the surroundings, filled again from the fill, to the photo"),
    "checkerboard": Kind("checkerboard", "like the photo", 3, "what repeats in the hole every 2, 4, 8 or 16 px"),
}
"""Every figure by its name, those that matter most first."""


class NativeJudge:
    """The networks that judge, loaded once.

    Raises:
        WeightsError: they are not here and cannot be fetched.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self._alex, self._dists = Lpips("alex", progress), Dists(progress)
        self._mobilenet = MobileNetV2(progress)
        self._network = reinpainter()

    @torch.inference_mode()
    def figures(self, truth: Pixels, hole: Hole, fills: list[Pixels]) -> list[Mapping[str, float]]:
        """Those of the photo itself, then of each of ``fills``; all HWC uint8 RGB of one size."""
        box = bounding_box(hole)
        assert box is not None  # a hole is never empty
        near, tile = box.grown(_MARGIN_PX, hole.shape).slices, tile_of(hole).slices
        wide = box.grown(max(_MARGIN_PX, box.side // 8), hole.shape).slices
        where, around = _where(hole[near]), _where(hole[wide])
        alex, dists = self._alex.features(picture_of(truth[near])), self._dists.features(picture_of(truth[tile]))
        inventing = Inventing(self._mobilenet, picture_of(truth[wide]), around)
        texture, wider = (box.grown(by, hole.shape).slices for by in (_AROUND_PX, REINPAINTER_PX // 2))
        mismatch = Mismatch(self._mobilenet, picture_of(truth[texture]), _where(hole[texture]))
        again = Reinpainting(self._alex, self._network, REINPAINTER_PX, picture_of(truth[wider]), _where(hole[wider]))
        octaves, seam = _octaves(truth[near], where), pixelwise.seam_jump(truth[near], hole[near])
        found: list[Mapping[str, float]] = []
        for fill in (truth, *fills):
            bands = 10 * np.log10(_octaves(fill[near], where) / octaves)
            step = pixelwise.seam_jump(fill[near], hole[near])
            same = fill is truth
            figures = {
                "lpips": 0.0 if same else float(self._alex.distance(self._alex.features(picture_of(fill[near])), alex, where)),
                "dists": 0.0 if same else float(self._dists.distance(self._dists.features(picture_of(fill[tile])), dists)),
                **{f"octave_{k + 1}": float(value) for k, value in enumerate(bands)},
                "spectrum_db": float(np.abs(bands).mean()),
                "seam_contrast": (step + _LEAST_STEP) / (seam + _LEAST_STEP),
                "hallucination": inventing.of(picture_of(fill[wide])),
                "mismatch": mismatch.of(picture_of(fill[texture])),
                "reinpainting": again.of(picture_of(fill[wider])),
                "checkerboard": float(lattice(Spectra.of(picture_of(fill[near]), where)).mean()),
            }
            found.append(figures)
        return found


def tile_of(hole: Hole) -> Box:
    """The square of `TILE_PX`, or as much of it as the photo has, that holds the most hole: of equals the first."""
    height, width = (min(TILE_PX, side) for side in hole.shape)
    counts = np.pad(hole.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = counts[height:, width:] - counts[:-height, width:] - counts[height:, :-width] + counts[:-height, :-width]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return Box(int(top), int(top) + height, int(left), int(left) + width)


def _where(hole: Hole) -> Tensor:
    return torch.from_numpy(hole)[None, None].float()


def _octaves(pixels: Pixels, where: Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Power of the brightness by octave of the period, from 2 to 4 px on."""
    power = Spectra.of(picture_of(pixels), where, share=0.85).powers[0, 0].double().numpy()
    frequency = np.fft.fftfreq(power.shape[0])
    radius = np.hypot(frequency[:, None], frequency)
    return np.array([power[(radius >= 2.0 ** -(k + 2)) & (radius < 2.0 ** -(k + 1))].mean() for k in range(OCTAVES)])
