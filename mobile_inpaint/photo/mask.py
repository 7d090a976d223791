"""Mask: which pixels of a photo are to be filled. True is a hole, everywhere in this package."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo.image import Image

Hole = Literal["white", "black", "alpha"]
"""What marks a hole in a mask file: grey from 128 up, grey below 128, or alpha below 128."""


class Box(NamedTuple):
    """A rectangle of pixels: rows ``top`` to ``bottom``, columns ``left`` to ``right``, the last of each excluded."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Mask:
    """The hole in a photo.

    Attributes:
        hole: HW bool, True = to be filled.
    """

    hole: npt.NDArray[np.bool_]

    @classmethod
    def open(cls, path: str | Path, *, hole: Hole = "white") -> Mask:
        """The mask at ``path``."""
        with pil.open(path) as picture:
            if hole == "alpha":
                return cls(np.asarray(picture.convert("RGBA"))[..., 3] < 128)
            white = np.asarray(picture.convert("L")) >= 128
        return cls(white if hole == "white" else ~white)

    @classmethod
    def from_array(cls, array: npt.NDArray[Any]) -> Mask:
        """The mask in an HW array.

        Args:
            array: bool, True = hole; float in [0,1], hole from 0.5 up; integers, either 0 and 1 or grey with hole from 128 up.
        """
        if array.dtype == np.bool_:
            return cls(np.asarray(array))
        zero_or_one = array.dtype.kind == "f" or not (array > 1).any()
        return cls(np.asarray(array >= (0.5 if zero_or_one else 128)))

    def to_array(self) -> Image:
        """The mask as a Fill takes it: 11HW float32, 1 = hole."""
        return self.hole[None, None].astype(np.float32)

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.hole.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.hole.shape[1])

    @property
    def area(self) -> int:
        """Pixels to be filled."""
        return int(np.count_nonzero(self.hole))

    @property
    def box(self) -> Box:
        """The smallest rectangle that holds the hole.

        Raises:
            MaskError: there is no hole.
        """
        rows = np.flatnonzero(self.hole.any(axis=1))
        if not rows.size:
            raise MaskError("the mask is empty: it marks nothing to fill")
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(self.hole[top:bottom].any(axis=0))
        return Box(top, int(columns[0]), bottom, int(columns[-1]) + 1)

    def grow(self, px: int) -> Mask:
        """The mask with every pixel added whose centre lies within ``px`` of the centre of a hole pixel.

        Integers throughout, so that every language makes the same mask: a pixel ``(dy, dx)`` from the hole joins it where
        ``dy² + dx² <= px²``. Time goes with the area of the grown box times ``px``, memory with the former.
        """
        if px <= 0 or not self.area:
            return self
        box = self.box
        top, left = max(0, box.top - px), max(0, box.left - px)
        bottom, right = min(self.height, box.bottom + px), min(self.width, box.right + px)
        inside = self.hole[top:bottom, left:right]
        along = _distance_along_rows(inside, cap=px + 1)
        grown = along <= px
        for dy in range(1, px + 1):
            reach = along <= isqrt(px * px - dy * dy)
            grown[dy:] |= reach[:-dy]
            grown[:-dy] |= reach[dy:]
        hole = self.hole.copy()
        hole[top:bottom, left:right] = grown
        return Mask(hole)


def _distance_along_rows(hole: npt.NDArray[np.bool_], cap: int) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Columns from each pixel to the nearest hole pixel of its own row, at most ``cap``; in the smallest type that holds it."""
    columns = np.arange(hole.shape[1], dtype=np.int32)
    far = np.int32(cap)
    before = np.maximum.accumulate(np.where(hole, columns, -far), axis=1)
    after = np.minimum.accumulate(np.where(hole, columns, columns[-1] + far)[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(np.minimum(columns - before, after - columns), far).astype(np.min_scalar_type(cap))
