"""The photos on which an artifact's fills are held against the truth, with a hole of each size; they ship with the package."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args, overload

import numpy as np
from PIL import Image as pil

from mobile_inpaint.artifact import HoleSize
from mobile_inpaint.data.shipped import SHIPPED, set_name
from mobile_inpaint.masks.strokes import SLICES
from mobile_inpaint.photo.image import Image, to_image

FOLDER = SHIPPED / "quality"
SIDE_PX = 512
"""Of the photos as they are stored."""


@dataclass(frozen=True)
class QualityCase:
    """One photo with one hole, as a network takes them; the photo itself is the truth.

    Attributes:
        name: of the photo.
        slice: the size of the hole, drawn as `SLICES` says.
        image: [1, 3, size, size] float32 RGB in [0,1], whole.
        mask: [1, 1, size, size] float32, 0 or 1, 1 = hole.
    """

    name: str
    slice: HoleSize
    image: Image
    mask: Image


class QualityCases(Sequence[QualityCase]):
    """Every photo with a hole of each slice, photo by photo, decoded at each access into arrays of your own.

    Attributes:
        name: of the set of photos, with their sha256; for :attr:`Quality.photos`.
    """

    def __init__(self, size_px: int, photos: Sequence[Path]) -> None:
        self.name = set_name("quality", photos)
        self._cases: list[tuple[Path, HoleSize]] = [(photo, slice) for photo in photos for slice in get_args(HoleSize)]
        self._size_px = size_px

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, index: int) -> QualityCase: ...
    @overload
    def __getitem__(self, index: slice) -> list[QualityCase]: ...
    def __getitem__(self, index: int | slice) -> QualityCase | list[QualityCase]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        photo, hole = self._cases[index]
        return QualityCase(photo.stem, hole, _image(photo, self._size_px), _mask(photo.stem, hole, self._size_px))


def quality_cases(size_px: int, limit: int | None = None) -> QualityCases:
    """Photos of ``size_px`` by ``size_px`` with their holes, `limit` of each slice; the same bits at each call.

    Their order is drawn by lot and kept, so that a few are a fair sample of all. They are stored at 512 px. For a smaller
    network the photo is averaged over the area that each new pixel covers, and a pixel that the hole touches is hole.
    """
    with (FOLDER / "photos.csv").open(encoding="utf-8", newline="") as table:
        photos = [FOLDER / row["file"] for row in csv.DictReader(table)]
    return QualityCases(size_px, photos[:limit])


def _image(photo: Path, size_px: int) -> Image:
    with pil.open(photo) as picture:
        return to_image(np.asarray(picture.convert("RGB").resize((size_px, size_px), pil.Resampling.BOX)))


@cache
def _packed(photo: str, slice: HoleSize) -> bytes:
    """The hole at 512 px, eight pixels a byte: drawing one takes longer than a small network takes to fill it."""
    seed = zlib.crc32(f"{photo} {slice}".encode())
    return np.packbits(SLICES[slice]((SIDE_PX, SIDE_PX), np.random.default_rng(seed))).tobytes()


def _mask(photo: str, slice: HoleSize, size_px: int) -> Image:
    bits = np.unpackbits(np.frombuffer(_packed(photo, slice), np.uint8)).reshape(SIDE_PX, SIDE_PX)
    touched = pil.fromarray(bits.astype(np.float32)).resize((size_px, size_px), pil.Resampling.BOX)
    return (np.asarray(touched) > 0).astype(np.float32)[None, None]
