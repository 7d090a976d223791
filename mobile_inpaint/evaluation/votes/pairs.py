"""Pictures and pairs for a page of votes: what is left of an evaluation's fills once each case has been looked at."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as pil

from mobile_inpaint.evaluation.cases import Case
from mobile_inpaint.photo.compositor.tiles import bounding_box
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole

MOST_BYTES = 4_500_000
"""Of all pictures; a page is a third larger."""
_MARGIN_PX = 64
_QUALITY = 88


@dataclass(frozen=True)
class ShownCase:
    """A case of which at least two fills differ.

    Attributes:
        photo, kind: of the case.
        pictures: of each system, the hole's window at 100 %: WebP.
        outline: the hole's edge in that window: PNG, transparent elsewhere.
        pairs: of systems whose pictures differ, first < second.
    """

    photo: str
    kind: str
    pictures: tuple[bytes, ...] = field(repr=False)
    outline: bytes = field(repr=False)
    pairs: tuple[tuple[int, int], ...]


class ShownCases:
    """Collects the cases of an evaluation while it runs, as long as there is room.

    Attributes:
        cases: that are shown.
        identical: pairs that are not asked about, because both fills are the same.
        left_out: cases for which there was no room.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.cases: list[ShownCase] = []
        self.identical = self.left_out = 0
        self._room = most_bytes

    def __call__(self, case: Case, fills: Sequence[Pixels]) -> None:
        """Takes what ``fills``, each of the size of ``case.truth``, show around the hole; the first case always has room."""
        window = _window(case.hole)
        parts = [fill[window] for fill in fills]
        every = [(first, second) for second in range(len(parts)) for first in range(second)]
        pairs = [(first, second) for first, second in every if not np.array_equal(parts[first], parts[second])]
        self.identical += len(every) - len(pairs)
        if not pairs:
            return
        pictures, outline = tuple(_webp(part) for part in parts), _outline(case.hole[window])
        size = sum(map(len, pictures)) + len(outline)
        if self.left_out or (self.cases and size > self._room):  # no later, smaller case instead: large holes would be rarer
            self.left_out += 1
            return
        self._room -= size
        self.cases.append(ShownCase(case.photo, case.kind, pictures, outline, tuple(sorted(pairs))))


def _window(hole: Hole) -> tuple[slice, slice]:
    box = bounding_box(hole)
    assert box is not None  # a hole is never empty
    return box.grown(_MARGIN_PX, hole.shape).slices


def _webp(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    pil.fromarray(pixels).save(file, "WEBP", quality=_QUALITY)
    return file.getvalue()


def _outline(hole: Hole) -> bytes:
    """Magenta two pixels wide just outside the hole, so that it hides nothing of the fill."""
    padded = np.pad(hole, 2)
    near = np.zeros_like(hole)
    for down in range(5):
        for right in range(5):
            near |= padded[down : down + hole.shape[0], right : right + hole.shape[1]]
    picture = pil.fromarray((near & ~hole).astype(np.uint8), "P")
    picture.putpalette([0, 0, 0, 255, 0, 160])
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=0, optimize=True)
    return file.getvalue()
