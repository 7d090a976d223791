"""What fills are judged on: squares of photos whose truth is known, each with a hole of every kind asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as pil

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.errors import PhotoError, ToolchainMissing, TrainingError
from mobile_inpaint.masks.strokes import SLICES, Shape, free_form, lama
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole
from mobile_inpaint.quoting import quoted

HOLES: Mapping[str, Shape] = {
    **SLICES,
    "published": free_form,
    "lama-thin": partial(lama, "thin"),
    "lama-medium": partial(lama, "medium"),
    "lama-thick": partial(lama, "thick"),
}
"""The holes of each size that artifacts are judged by, the published training's own, and LaMa's."""


class Case(NamedTuple):
    """A photo with one hole.

    Attributes:
        photo: its name.
        kind: of the hole, one of `HOLES`.
        truth: HWC uint8 RGB, the whole photo, square.
        hole: HW bool, True = hole.
    """

    photo: str
    kind: str
    truth: Pixels
    hole: Hole


class Cases:
    """The cases, photo by photo: the same for the same photos, size and seed, and the first of a larger limit.

    A photo's middle square is scaled to the size, by means over the areas that its pixels cover where that is smaller. A hole
    depends on the photo's name, its kind and the seed alone; at seed 0 the holes of `SLICES` at 512 px are those by which
    ``export`` judges artifacts. Photos are taken in an order drawn by lot.

    Args:
        photos: where they are.
        kinds: of holes, names in `HOLES`.
        size_px: side of the squares.
        seed: of the order and the holes.
        limit: take so many photos; None takes all.
        warn: told the line that names a photo which cannot be read and is left out.

    Raises:
        TrainingError: an unknown kind of hole.
    """

    def __init__(
        self, photos: PhotoSource, kinds: Sequence[str], size_px: int, seed: int, limit: int | None, warn: Callable[[str], None]
    ) -> None:
        for kind in kinds:
            if kind not in HOLES:
                raise TrainingError(f"unknown kind of hole {quoted(kind)}: there are {', '.join(HOLES)}")
        self.kinds, self.size_px, self.seed = tuple(dict.fromkeys(kinds)), size_px, seed
        self._photos, self._limit, self._warn = photos, limit, warn
        self._unreadable = set[int]()

    def __len__(self) -> int:
        """The number of cases if every photo can be read."""
        return min(len(self._photos), self._limit or len(self._photos)) * len(self.kinds)

    def __iter__(self) -> Iterator[Case]:
        """Raises :class:`TrainingError` where no photo can be read."""
        read = 0
        for index in np.random.default_rng(self.seed).permutation(len(self._photos)).tolist():
            if read == self._limit:
                return
            try:
                truth = _square(self._photos.pixels(index), self.size_px)
            except (PhotoError, ToolchainMissing) as error:
                if index not in self._unreadable:  # told once, however often the cases are gone through
                    self._warn(f"{error}; left out of the evaluation")
                self._unreadable.add(index)
                continue
            read += 1
            file = self._photos.photos[index]
            name = Path(file.member or file.path).stem
            for kind in self.kinds:
                random = np.random.default_rng((zlib.crc32(f"{name} {kind}".encode()), self.seed))
                yield Case(name, kind, truth, HOLES[kind](truth.shape[:2], random))
        if read == 0:
            raise TrainingError(f"{self._photos.name}: none of its {len(self._photos)} photos can be read")


def _square(pixels: Pixels, size_px: int) -> Pixels:
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = pil.fromarray(pixels[top : top + side, left : left + side])
    way = pil.Resampling.BOX if side >= size_px else pil.Resampling.BICUBIC
    return np.asarray(square.resize((size_px, size_px), way))
