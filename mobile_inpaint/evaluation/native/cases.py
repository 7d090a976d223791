"""What whole fills are judged on: photos at their own size, with holes as large as objects in them are."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.errors import PhotoError, ToolchainMissing, TrainingError
from mobile_inpaint.evaluation.cases import Case
from mobile_inpaint.masks.silhouettes import object_shape
from mobile_inpaint.masks.strokes import draw_stroke
from mobile_inpaint.photo.compositor.tiles import bounding_box
from mobile_inpaint.photo.mask import Hole

Half = Literal["all", "tuning", "held-out"]
"""Photos to choose numbers on, and photos that take no part in any choice: by a hash of the name."""

LEAST_PX = 1400
"""The longer side of a photo, at least."""
HOLE_PX = (250, 900)
"""The longer side of a hole, both ends inclusive; at most four fifths of the photo's shorter side."""
KINDS = ("tight", "painted")
"""The object's own outline, and the same object painted over with a round brush."""
_PAINTED_SHARE = 1.4
"""The painted area, as a multiple of the tight one."""
_TRIES = 64


class NativeCases:
    """The cases, photo by photo: the same for the same photos and seed, and the first of a larger limit.

    Args:
        photos: where they are; those below `LEAST_PX` are left out.
        half: which of them.
        seed: of the order and the holes.
        limit: take so many photos; None takes all.
        warn: told the line that names a photo which cannot be read and is left out.
    """

    def __init__(self, photos: PhotoSource, half: Half, seed: int, limit: int | None, warn: Callable[[str], None]) -> None:
        self.kinds, self.seed, self.half = KINDS, seed, half
        self._photos, self._limit, self._warn = photos, limit, warn
        self._order = [
            index
            for index in np.random.default_rng(seed).permutation(len(photos)).tolist()
            if half in ("all", half_of(self._name(index)))
        ]

    def __len__(self) -> int:
        """The number of cases at most."""
        return min(len(self._order), self._limit or len(self._order)) * len(self.kinds)

    def __iter__(self) -> Iterator[Case]:
        """Raises :class:`TrainingError` where no photo is large enough."""
        taken = 0
        for index in self._order:
            if taken == self._limit:
                return
            try:
                truth = self._photos.pixels(index)
            except (PhotoError, ToolchainMissing) as error:
                self._warn(f"{error}; left out of the evaluation")
                continue
            if max(truth.shape[:2]) < LEAST_PX or min(truth.shape[:2]) * 4 // 5 < HOLE_PX[0]:
                continue
            taken += 1
            name = self._name(index)
            tight, painted = holes((truth.shape[0], truth.shape[1]), name, self.seed)
            yield Case(name, "tight", truth, tight)
            yield Case(name, "painted", truth, painted)
        if taken == 0:
            raise TrainingError(
                f"{self._photos.name}: no photo has a side of {LEAST_PX} px or more (half: {self.half}): "
                "name a folder of larger photos"
            )

    def _name(self, index: int) -> str:
        file = self._photos.photos[index]
        return Path(file.member or file.path).stem


def half_of(name: str) -> Literal["tuning", "held-out"]:
    """The half that a photo of this name belongs to."""
    return "tuning" if zlib.crc32(f"{name} half".encode()) % 2 else "held-out"


def holes(size: tuple[int, int], name: str, seed: int) -> tuple[Hole, Hole]:
    """The tight and the painted hole in a photo of ``size`` (height, width); they depend on name and seed alone."""
    random = np.random.default_rng((zlib.crc32(f"{name} native".encode()), seed))
    longest = min(HOLE_PX[1], min(size) * 4 // 5)
    wanted = int(random.integers(HOLE_PX[0], longest, endpoint=True))
    best: Hole | None = None
    apart = longest
    for _ in range(_TRIES):
        drawn = object_shape((wanted, wanted), random, (0.25, 0.5))
        box = bounding_box(drawn)
        if box is not None and abs(box.side - wanted) < apart:
            best, apart = drawn[box.slices], abs(box.side - wanted)
        if apart * 20 < wanted:
            break
    assert best is not None  # an object is never empty
    free = np.array(size) - best.shape
    top, left = (int(random.integers(0, room, endpoint=True)) for room in free)
    tight = np.zeros(size, np.bool_)
    tight[top : top + best.shape[0], left : left + best.shape[1]] = best
    return tight, painted_over(tight, random)


def painted_over(tight: Hole, random: np.random.Generator) -> Hole:
    """``tight`` covered by strokes to and fro with the brush that comes nearest to 1.4 times its area from above."""
    box = bounding_box(tight)
    assert box is not None
    phase, wobble = random.uniform(0, 1), random.normal(0, 1, (256, 2))
    area = np.count_nonzero(tight)
    for brush in range(max(8, box.side // 16), box.side, max(2, box.side // 64)):
        painted = tight.copy()
        points = []
        rows = np.arange(box.top + brush * phase * 0.4, box.bottom, brush * 0.8)
        for turn, row in enumerate(rows):
            band = tight[max(int(row - brush / 4), 0) : int(row + brush / 4) + 1]
            columns = np.flatnonzero(band.any(axis=0))
            if len(columns):
                ends = [(row, columns[0]), (row, columns[-1])][:: -1 if turn % 2 else 1]
                points += [np.array(end) + wobble[(2 * turn + k) % 256] * brush / 8 for k, end in enumerate(ends)]
        if len(points) > 1:
            draw_stroke(painted, np.array(points), brush)
        if np.count_nonzero(painted) >= _PAINTED_SHARE * area:
            return painted
    return painted
