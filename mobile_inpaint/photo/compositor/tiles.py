"""Which parts of a hole are filled together, and through which square of the photo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hole = npt.NDArray[np.bool_]

THIN = 8
"""A hole whose mean width, or a gap whose width, is compared with this fraction of its longer side."""


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.bottom - self.top, self.right - self.left)

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing an array of the photo's size."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, shape: tuple[int, ...]) -> Box:
        """``by`` pixels larger on each side, as far as a photo of ``shape`` (height, width) goes."""
        return Box(
            max(self.top - by, 0), min(self.bottom + by, shape[0]), max(self.left - by, 0), min(self.right + by, shape[1])
        )


class Square(NamedTuple):
    """What the network sees; where the photo is shorter than ``side`` it reaches beyond, into the photo's mirror images."""

    top: int
    left: int
    side: int


def parts(hole: Hole, limit: int) -> Iterator[Box]:
    """Disjoint boxes, tight, that together hold the whole hole; each is filled through one crop, in this order.

    A box up to ``limit`` pixels long is one part. A longer one is cut across its longer side, again and again: in the
    middle of its widest empty band if that is longer than 1/8 of the box, or else, where the hole is thin (its area is less
    than 1/8 of the longer side's square), at the thinnest place of the middle half. So far-apart strokes, and the pieces of
    a long wire, keep the photo's full resolution, and a solid object stays whole.
    """
    height, width = hole.shape
    waiting = [Box(0, height, 0, width)]
    while waiting:
        loose = waiting.pop()
        box = bounding_box(hole, loose)
        if box is None:
            continue
        cut = _cut(hole, box, limit)
        if cut is None:
            yield box
        elif box.bottom - box.top == box.side:
            waiting += [box._replace(top=box.top + cut), box._replace(bottom=box.top + cut)]
        else:
            waiting += [box._replace(left=box.left + cut), box._replace(right=box.left + cut)]


def square_round(box: Box, shape: tuple[int, ...], context: float, smallest: int) -> Square:
    """The crop for ``box``: ``context`` times its longer side but at least ``smallest``, centred as far as the photo allows.

    It is moved inside the photo where it fits; on an axis on which it does not, the photo stands in its middle. Mirror
    images are poor company: the crop stays below 5/4 of the photo's shorter side, unless the hole with an eighth to spare
    is longer.
    """
    height, width = shape
    widest = max(box.side + box.side // 8, 5 * min(height, width) // 4)
    side = max(smallest, min(math.ceil(context * box.side), widest, max(height, width)))
    return Square(_start(box.top, box.bottom, side, height), _start(box.left, box.right, side, width), side)


def _start(low: int, high: int, side: int, length: int) -> int:
    if side >= length:
        return (length - side) // 2
    return min(max((low + high - side) // 2, 0), length - side)


def bounding_box(hole: Hole, within: Box | None = None) -> Box | None:
    """The smallest box that holds every True of ``hole``, HW bool, or those ``within``; None where there is none."""
    loose = within or Box(0, hole.shape[0], 0, hole.shape[1])
    inside = hole[loose.slices]
    rows = np.flatnonzero(inside.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(inside[top:bottom].any(axis=0))
    return Box(loose.top + top, loose.top + bottom, loose.left + int(columns[0]), loose.left + int(columns[-1]) + 1)


def _cut(hole: Hole, box: Box, limit: int) -> int | None:
    """Pixels from the box's start along its longer side, or None for a part."""
    side = box.side
    if side <= limit:
        return None
    along = 1 if box.bottom - box.top == side else 0
    profile = np.count_nonzero(hole[box.slices], axis=along)
    filled = np.flatnonzero(profile)
    gaps = np.diff(filled)
    widest = int(gaps.argmax())
    if (int(gaps[widest]) - 1) * THIN > side:
        return int(filled[widest] + filled[widest + 1] + 1) // 2
    if int(profile.sum()) * THIN < side * side:
        return side // 4 + int(profile[side // 4 : side - side // 4].argmin())
    return None
