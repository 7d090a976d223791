"""What a network is run on to learn the ranges of its activations: crops of photos with holes in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, cycle
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from PIL import Image as pil

from mobile_inpaint.data.shipped import SHIPPED, set_name
from mobile_inpaint.errors import CalibrationError, PhotoError, ToolchainMissing
from mobile_inpaint.masks.silhouettes import object_shape
from mobile_inpaint.masks.strokes import Shape, free_form, lama
from mobile_inpaint.photo.image import Photo, Pixels, Sample, to_image
from mobile_inpaint.photo.io.formats import FORMATS
from mobile_inpaint.photo.mask import Hole, Mask

_LARGEST_HOLE = 0.6
_FREE = partial(free_form, share=(0.0, _LARGEST_HOLE))
# Half of the holes are objects, a third free-form as in training, but no larger than anyone erases, the rest strokes.
_HOLES: tuple[Shape, ...] = (
    *(object_shape, _FREE, object_shape, _FREE, object_shape, partial(lama, "thin")),
    *(object_shape, _FREE, object_shape, _FREE, object_shape, partial(lama, "medium")),
)


class Crop(NamedTuple):
    """A square of a photo with its hole, in bytes: HWC uint8 RGB, and HW bool, True = hole."""

    pixels: Pixels
    hole: Hole


class Calibration(Sequence[Sample]):
    """Samples, kept as bytes and made into arrays of your own at each access.

    A sample is an image [1, 3, size, size] float32 RGB in [0,1] and a mask [1, 1, size, size] float32, 1 = hole.

    Attributes:
        name: of the set of photos, with the sha256 of those that were read; for :attr:`Quantization.photos`.
    """

    def __init__(self, name: str, crops: Sequence[Crop]) -> None:
        self.name, self._crops = name, crops

    def __len__(self) -> int:
        return len(self._crops)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Calibration: ...
    def __getitem__(self, index: int | slice) -> Sample | Calibration:
        if isinstance(index, slice):
            return Calibration(self.name, self._crops[index])
        crop = self._crops[index]
        return to_image(crop.pixels), Mask(crop.hole).to_array()


def calibration_samples(folder: Path | None, count: int, size_px: int, seed: int, warn: Callable[[str], None]) -> Calibration:
    """``count`` samples of ``size_px`` pixels; the same for the same photos and seed, and the first of a larger count.

    A sample is a random square of a photo, at half of its shorter side or more, so that scales vary, mirrored by turns of a
    coin. Each photo serves once before any serves again.

    Args:
        folder: photos in any format that :meth:`Photo.open` reads, at any depth; None: those that ship with this package.
        count: of samples, 1 or more.
        size_px: side of the square that the network sees.
        seed: of the choice of photos, squares and holes.
        warn: is told the line that names a picture which cannot be read and is left out.

    Raises:
        CalibrationError: no such folder, no picture in it, or none that can be read.
    """
    paths = _pictures(folder or SHIPPED / "calibration")
    order = np.random.default_rng(seed).permutation(len(paths))
    readable, crops = list[Path](), list[Crop]()
    for path in chain((paths[place] for place in order), cycle(readable)):
        try:
            photo = Photo.open(path)
        except (PhotoError, ToolchainMissing) as error:
            warn(f"{error}; left out of the calibration")
            continue
        if path not in readable:
            readable.append(path)
        crops.append(_crop(photo.pixels, size_px, np.random.default_rng((seed, len(crops))), _HOLES[len(crops) % len(_HOLES)]))
        if len(crops) == count:
            break
    if not crops:
        raise CalibrationError(f"{folder}: none of its {len(paths)} pictures can be read; name a folder of photos")
    return Calibration(set_name(folder.resolve().name if folder else "mobile-inpaint calibration", readable), crops)


def _pictures(folder: Path) -> list[Path]:
    """The pictures in ``folder`` and below, by name."""
    if not folder.is_dir():
        raise CalibrationError(f"{folder}: no such folder; name one with photos to calibrate on")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FORMATS and path.is_file())
    if not found:
        raise CalibrationError(f"{folder}: holds no pictures to calibrate on ({', '.join(FORMATS)})")
    return found


def _crop(pixels: Pixels, size_px: int, random: np.random.Generator, shape: Shape) -> Crop:
    """A square of the photo at ``size_px``: as little as half the shorter side, but enlarged by no more than a third."""
    longest = min(pixels.shape[:2])
    shortest = min(longest * 3 // 4, max(size_px, longest // 2))
    side = int(random.integers(shortest, longest, endpoint=True))
    top, left = (int(random.integers(0, length - side, endpoint=True)) for length in pixels.shape[:2])
    square = pil.fromarray(pixels[top : top + side, left : left + side]).resize((size_px, size_px), pil.Resampling.BICUBIC)
    picture = np.asarray(square)[:, :: random.choice((-1, 1))]
    return Crop(np.ascontiguousarray(picture), shape((size_px, size_px), random))
