"""The holes that training erases: a mix of what people draw, each made as people make it."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import numpy as np

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.masks.silhouettes import object_shape, silhouettes
from mobile_inpaint.masks.strokes import Shape, Size, boxes, draw_stroke, free_form, hairlines, lama
from mobile_inpaint.photo.mask import Hole, Mask
from mobile_inpaint.schema import Range

_Share = Annotated[float, Range(0, 1e9)]
_Part = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class HoleShares:
    """How often each kind of hole is drawn; any sum.

    Attributes:
        objects: one outline, as round a thing or a person.
        free_form: the published ones, most of the picture.
        thin, medium, thick: LaMa's strokes.
        boxes: upright rectangles.
        hairlines: wires and scratches.
    """

    objects: _Share = 0.70
    free_form: _Share = 0.10
    thin: _Share = 0.04
    medium: _Share = 0.04
    thick: _Share = 0.02
    boxes: _Share = 0.05
    hairlines: _Share = 0.05


@dataclass(frozen=True)
class HoleMix:
    """A shape that is a mix of shapes: ``mix(size, random) -> hole``, as `strokes.py` says it.

    The defaults are an eraser's: mostly objects of about a tenth of the picture. The published training's are `PUBLISHED`.

    Attributes:
        shares: how often each kind is drawn.
        object_least, object_most: bounds on an object's share of the picture, before it is grown or scribbled over.
        free_form_most: holes of the published kind that cover more are drawn again.
        scribbled: of the objects, how many are rubbed out with a finger's zigzag and not outlined.
        grown_percent: an object's outline grows by anything up to this part of its size (the side of a square as large), since
            people draw one loosely, or have it grown for them.
        joined: how often a second hole of the mix is added, since one photo may have two things to erase.
        silhouettes: a folder of pictures cut out by their alpha to take the outlines of objects from; None: made up.
    """

    shares: HoleShares = HoleShares()
    object_least: _Part = 0.03
    object_most: _Part = 0.15
    free_form_most: _Part = 0.75
    scribbled: _Part = 0.3
    grown_percent: Annotated[float, Range(0, 1_000)] = 8.0
    joined: _Part = 0.15
    silhouettes: str | None = None

    def __post_init__(self) -> None:
        shares = astuple(self.shares)
        if min(shares) < 0 or not sum(shares) > 0:
            raise TrainingError("shares of holes must not be negative, and one must be more than 0")
        if not 0 < self.object_least <= self.object_most < 1:
            raise TrainingError(f"objects must cover more than 0 and less than 1: {self.object_least} to {self.object_most}")
        if (
            not 0 < self.free_form_most <= 1
            or not 0 <= self.joined < 1
            or not 0 <= self.scribbled <= 1
            or self.grown_percent < 0
        ):
            raise TrainingError("free_form_most, joined and scribbled lie within 0 and 1, grown_percent is not negative")

    def __call__(self, size: Size, random: np.random.Generator) -> Hole:
        """One hole, HW bool, True = hole; some of the picture is hole and some is not.

        Args:
            size: (height, width) in pixels.
            random: the only source of chance.
        """
        hole = self._one(size, random)
        while random.random() < self.joined:
            both = hole | self._one(size, random)
            hole = hole if both.all() else both
        return hole

    def _one(self, size: Size, random: np.random.Generator) -> Hole:
        shares = np.array(astuple(self.shares))
        kinds: tuple[Shape, ...] = (
            self._object,
            partial(free_form, share=(0.0, self.free_form_most)),
            *(partial(lama, kind) for kind in ("thin", "medium", "thick")),
            boxes,
            hairlines,
        )
        while True:
            hole = kinds[int(random.choice(len(kinds), p=shares / shares.sum()))](size, random)
            if hole.any() and not hole.all():
                return hole

    def _object(self, size: Size, random: np.random.Generator) -> Hole:
        outlines = _outlines(self.silhouettes) if self.silhouettes else ()
        hole = object_shape(size, random, (self.object_least, self.object_most), outlines)
        if random.random() < self.scribbled:
            return scribbled(hole, random)
        return Mask(hole).grow(round(random.uniform(0, self.grown_percent) / 100 * math.sqrt(hole.sum()))).hole


PUBLISHED = HoleMix(HoleShares(0, 1, 0, 0, 0, 0, 0), free_form_most=1.0, joined=0.0)
"""What Co-Mod-GAN and MI-GAN were trained on: holes of 64 % of the picture on average at 512 pixels, 73 % at 256."""


def scribbled(hole: Hole, random: np.random.Generator) -> Hole:
    """The hole as a finger rubs it out: one broad zigzag over it, whose turns miss the outline by a little.

    Args:
        hole: HW bool, not empty.
        random: the only source of chance.
    """
    drawn = np.zeros_like(hole)
    lies = random.random() < 0.5
    across, canvas = (hole.T, drawn.T) if lies else (hole, drawn)
    box = Mask(across).box
    width = max(2, round(random.uniform(0.2, 0.5) * min(box.bottom - box.top, box.right - box.left)))
    points: list[tuple[float, float]] = []
    rows = np.arange(box.top + width / 3, box.bottom, 0.7 * width)
    for row in rows[rows < box.bottom]:  # arange rounds, and now and then goes one too far
        columns = np.flatnonzero(across[int(row)])
        if columns.size:
            ends = np.array([columns[0] + width / 3, columns[-1] + 1 - width / 3]) + random.normal(0, width / 8, 2)
            points += [(row, end) for end in (ends if len(points) % 4 else ends[::-1])]
    draw_stroke(canvas, np.array(points), width)
    return drawn


@cache
def _outlines(folder: str) -> tuple[Hole, ...]:
    return silhouettes(Path(folder))
