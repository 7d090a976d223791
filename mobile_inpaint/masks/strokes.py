"""Hole shapes to train, calibrate and judge with: what people erase, what they scribble, and what is published.

Every shape is drawn as ``shape(size, random) -> hole``: ``size`` is (height, width) in pixels, ``random`` the only source of
chance, the hole an HW bool array, True = hole. The same generator state gives the same hole on every machine: outlines are
drawn in whole numbers, in eighths of a pixel.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mobile_inpaint.masks.silhouettes import object_shape
from mobile_inpaint.photo.mask import Hole

Size: TypeAlias = tuple[int, int]
Shape: TypeAlias = Callable[[Size, np.random.Generator], Hole]
Points: TypeAlias = npt.NDArray[np.float64]
"""[n, 2] float64, row and column in pixels from the picture's top left corner."""

_UNITS = 8
"""A pixel's side in the units that strokes are drawn in; products of four lengths of 12-megapixel photos still fit 63 bits."""


def free_form(size: Size, random: np.random.Generator, share: tuple[float, float] = (0.0, 1.0)) -> Hole:
    """The hole that Co-Mod-GAN and MI-GAN are trained on: rectangles and zigzag strokes, most of the picture.

    Args:
        size: (height, width).
        random: the source of chance.
        share: bounds on the hole's share of the picture, both exclusive; other holes are drawn again, as in the original,
            and fewer shapes are tried where the bounds add up to less than 1. With (0, 1) the mean is 64 % at 512 pixels.

    Source: RandomMask in scripts/generate_masks.py of MI-GAN, as its statistics describe it.
    """
    lowest, highest = share
    few = min(lowest + highest, 1.0)
    while True:
        hole = np.zeros(size, np.bool_)
        for count, part in ((int(10 * few), 2), (int(5 * few), 1)):
            for _ in range(random.integers(count)):
                _rectangle(hole, random, part)
        for _ in range(random.integers(int(20 * few))):
            _zigzag(hole, random)
        if lowest < hole.mean() < highest:
            return hole[:: random.choice((-1, 1)), :: random.choice((-1, 1))].copy()


@dataclass(frozen=True)
class Lama:
    """One row of LaMa's mask settings; lengths in pixels of a picture whose shorter side is ``side``, ends inclusive.

    Attributes:
        strokes: how many.
        width, length: added to at least 5 and 10.
        box_share: how often boxes are drawn and no strokes.
        boxes, box_side: how many, how long.
    """

    side: int
    strokes: tuple[int, int]
    width: int
    length: int
    box_share: float = 0.0
    boxes: tuple[int, int] = (1, 1)
    box_side: tuple[int, int] = (30, 150)


_BOX_SHARE = 0.3 / 1.3  # probabilities of 1 and 0.3, renormalised
LAMA: Mapping[str, tuple[Lama, Lama]] = {
    "thin": (Lama(256, (4, 50), 10, 40), Lama(512, (4, 70), 20, 100)),
    "medium": (
        Lama(256, (4, 5), 50, 100, _BOX_SHARE, (1, 5), (10, 50)),
        Lama(512, (4, 10), 100, 200, _BOX_SHARE, (1, 5), (30, 150)),
    ),
    "thick": (
        Lama(256, (1, 5), 100, 200, _BOX_SHARE, (1, 3), (30, 150)),
        Lama(512, (1, 5), 250, 450, _BOX_SHARE, (1, 4), (30, 300)),
    ),
}
"""LaMa's evaluation settings for 256 and 512 pixels. Source: configs/data_gen of the LaMa repository."""

_LAMA_HIGHEST, _LAMA_MARGIN_PX = 0.5, 10


def lama(kind: Literal["thin", "medium", "thick"], size: Size, random: np.random.Generator) -> Hole:
    """One of LaMa's holes, HW bool, True = hole: strokes that turn sharply, or boxes; at most half of the picture."""
    settings = LAMA[kind][min(size) > LAMA[kind][0].side]
    while True:
        hole = np.zeros(size, np.bool_)
        draw = _boxes if random.random() < settings.box_share else _strokes
        draw(hole, random, settings, min(size) / settings.side)
        if 0 < hole.mean() <= _LAMA_HIGHEST:
            return hole


def boxes(size: Size, random: np.random.Generator) -> Hole:
    """LaMa's boxes of the medium setting and no strokes, HW bool, True = hole: one to five, as somebody frames an object."""
    settings = LAMA["medium"][min(size) > LAMA["medium"][0].side]
    hole = np.zeros(size, np.bool_)
    _boxes(hole, random, settings, min(size) / settings.side)
    return hole


def hairlines(size: Size, random: np.random.Generator, width_px: tuple[int, int] = (2, 6)) -> Hole:
    """One to six wandering strokes of ``width_px``, ends inclusive, as a user follows a wire: HW bool, True = hole."""
    hole = np.zeros(size, np.bool_)
    for _ in range(random.integers(1, 7)):
        steps = random.integers(16, 49)
        bends = random.normal(0, 0.12, steps) + random.normal(0, 0.03)
        heading = random.uniform(0, math.tau) + np.cumsum(bends)
        way = np.cumsum(np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0) * (min(size) / 64)
        middle = random.uniform(0.1, 0.9, 2) * size
        draw_stroke(hole, way - way.mean(axis=0) + middle, int(random.integers(width_px[0], width_px[1], endpoint=True)))
    return hole


SLICES: Mapping[str, Shape] = {
    "thin": hairlines,
    "small": partial(object_shape, share=(0.003, 0.018)),
    "object": object_shape,
    "large": partial(free_form, share=(0.3, 0.5)),
}
"""The sizes of hole for which an artifact's quality is told: strokes of 2 to 6 px, objects under 2 % of the picture, objects
of 5.6 to 13 %, free-form holes of 30 to 50 %."""


def draw_stroke(hole: Hole, points: Points, width_px: int) -> None:
    """Sets every pixel of ``hole``, HW bool, whose centre lies within half of ``width_px`` of the line through ``points``.

    ``points`` is float [n, 2], rows and columns.
    """
    corners = np.rint(points * _UNITS).astype(np.int64)
    reach = width_px * _UNITS // 2
    for start, end in itertools.pairwise(corners):
        low, high = np.minimum(start, end) - reach, np.maximum(start, end) + reach
        top, left = np.maximum(low // _UNITS, 0)
        bottom, right = high // _UNITS + 1
        rows, columns = slice(top, max(bottom, 0)), slice(left, max(right, 0))
        part = hole[rows, columns]
        y = (np.arange(top, top + part.shape[0]) * _UNITS + _UNITS // 2 - start[0])[:, None]
        x = np.arange(left, left + part.shape[1]) * _UNITS + _UNITS // 2 - start[1]
        dy, dx = end - start
        along, length = y * dy + x * dx, dy * dy + dx * dx
        beside = (along > 0) & (along < length) & ((y * dx - x * dy) ** 2 <= reach * reach * length)
        part |= beside | (y * y + x * x <= reach * reach) | ((y - dy) ** 2 + (x - dx) ** 2 <= reach * reach)


def _rectangle(hole: Hole, random: np.random.Generator, part: int) -> None:
    """Fills a rectangle, each side up to the picture's divided by ``part``, up to half of it beyond the picture."""
    sides = random.integers(np.array(hole.shape) // part)
    first = random.integers(-(sides // 2), hole.shape - sides + sides // 2 + 1)
    top, left = np.maximum(first, 0)
    bottom, right = np.maximum(first + sides, 0)
    hole[top:bottom, left:right] = True


def _zigzag(hole: Hole, random: np.random.Generator) -> None:
    """Draws one of the published strokes: 4 to 17 steps of about an eighth of the diagonal, up and down by turns."""
    height, width = hole.shape
    mean, spread = math.tau / 5, math.tau / 15
    steps = random.integers(4, 18)
    angles = random.uniform(mean - random.uniform(0, spread), mean + random.uniform(0, spread), steps)
    angles[::2] *= -1
    step = math.hypot(height, width) / 8
    lengths = np.clip(random.normal(step, step // 2, steps), 0, 2 * step)
    points = [random.integers((height, width)).astype(np.float64)]
    for angle, length in zip(angles, lengths, strict=True):
        point = points[-1] + length * np.array([math.sin(angle), math.cos(angle)])
        points.append(np.floor(np.clip(point, 0, (height, width))))
    draw_stroke(hole, np.stack(points), int(random.uniform(12, 48)))


def _strokes(hole: Hole, random: np.random.Generator, settings: Lama, scale: float) -> None:
    for turn in range(random.integers(*settings.strokes, endpoint=True)):
        point = random.integers(hole.shape).astype(np.float64)
        for _ in range(random.integers(1, 6)):
            angle = 0.01 + random.integers(4)  # in radians, as published
            length = (10 + random.integers(settings.length)) * scale
            step = length * np.array([math.cos(angle), math.sin(angle) * (-1) ** (turn + 1)])
            following = np.clip(point + step, 0, hole.shape)
            width = max(1, round((5 + int(random.integers(settings.width))) * scale))
            draw_stroke(hole, np.stack([point, following]), width)
            point = following


def _boxes(hole: Hole, random: np.random.Generator, settings: Lama, scale: float) -> None:
    margin = round(_LAMA_MARGIN_PX * scale)
    shortest, longest = (max(1, round(side * scale)) for side in settings.box_side)
    for _ in range(random.integers(*settings.boxes, endpoint=True)):
        sides = random.integers(shortest, longest, size=2, endpoint=True)
        top, left = random.integers(margin, np.array(hole.shape) - margin - sides + 1)
        hole[top : top + sides[0], left : left + sides[1]] = True
