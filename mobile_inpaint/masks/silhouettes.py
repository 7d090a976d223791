"""Holes in the outline of an object: made up, or taken from a folder of cut-out pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.mask import Hole, Mask

Floats: TypeAlias = npt.NDArray[np.float64]

OBJECT_SHARE = (0.056, 0.13)
"""Of the picture: what the objects cover that people erase."""

_GROWN = 1.35
"""How much larger a mask is than its object once it has been grown by 6 % of its size, as `Mask.auto_px` asks."""
_BLEND, _RIPPLE, _WAVES, _FAR = 0.06, 0.16, 6, 600.0
_LEAST, _MOST = 0.02, 0.95


def object_shape(
    size: tuple[int, int],
    random: np.random.Generator,
    share: tuple[float, float] = OBJECT_SHARE,
    silhouettes: Sequence[Hole] = (),
) -> Hole:
    """A hole as it is drawn round an object: one piece, irregular, no straight edge; HW bool, True = hole.

    Args:
        size: (height, width) of the picture.
        random: the source of chance.
        share: bounds on the hole's share of the picture.
        silhouettes: objects to take one of, turned, mirrored, scaled and grown; none: a body is made up, with or without head
            and limbs. A silhouette too long for the picture stays smaller than ``share``.
    """
    area = random.uniform(*share) * size[0] * size[1]
    if silhouettes:
        return _placed(silhouettes[int(random.integers(len(silhouettes)))], size, random, area)
    joints, radii = _body(random)
    cell = math.sqrt(area / _GROWN / _area(joints, radii))  # pixels to a unit of the body
    joints, radii = joints * cell, radii * cell
    low, high = _extent(joints, radii)
    joints += _offset(size, high - low, random) - low
    low, high = _extent(joints, radii)
    top, left = np.maximum(low - cell / 2, 0).astype(int)
    bottom, right = np.minimum(high + cell / 2, size).astype(int)
    rows, columns = np.arange(top, bottom)[:, None] + 0.5, np.arange(left, right) + 0.5
    distance = _distance(rows, columns, joints, radii, _BLEND * cell) + _ripple(rows / cell, columns / cell, random) * cell
    # The level that encloses the wanted area: outwards from the body, so the mask is the body grown, round and smooth.
    rank = min(round(area), distance.size - 1)
    hole = np.zeros(size, np.bool_)
    hole[top:bottom, left:right] = distance < np.partition(distance, rank, axis=None)[rank]
    return hole


def silhouettes(folder: Path) -> tuple[Hole, ...]:
    """The outlines of the cut-out pictures in ``folder`` and below, by name: where alpha is 128 and more, without the margin.

    Pictures that are not PNG or WebP, have no alpha, or cover less than 2 % or more than 95 % of their frame are left out.

    Raises:
        MaskError: none is left.
        PhotoError: a picture is damaged.
    """
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".webp")):
        alpha = Photo.open(path).alpha
        if alpha is not None and _LEAST <= (alpha >= 128).mean() <= _MOST:
            cut_out = Mask(alpha >= 128)
            found.append(np.ascontiguousarray(cut_out.hole[cut_out.box.slices]))
    if not found:
        raise MaskError(f"{folder}: holds no PNG or WebP with an object cut out by its alpha; name a folder that does")
    return tuple(found)


def _body(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Tapering rods: joints [n, 2, 2] (both ends, row and column) and radii [n, 2], in units of about a body's width."""
    heading = random.uniform(0, math.tau)
    spine, girth = [np.zeros(2)], [random.uniform(0.3, 0.6)]
    for _ in range(random.integers(1, 4)):
        heading += random.normal(0, 0.35)
        spine.append(spine[-1] + random.uniform(0.4, 1.1) * _towards(heading))
        girth.append(girth[-1] * random.uniform(0.7, 1.4))
    rods = [(spine[i], spine[i + 1], girth[i], girth[i + 1]) for i in range(len(spine) - 1)]
    if random.random() < 0.7:
        size = random.uniform(0.25, 0.4)
        skull = spine[-1] + (girth[-1] + size * random.uniform(0.6, 1.4)) * _towards(heading + random.normal(0, 0.5))
        face = skull + random.uniform(0, 0.4) * _towards(heading + random.normal(0, 1.0))
        rods += [(spine[-1], skull, 0.2, 0.2), (skull, face, size, size * random.uniform(0.5, 1.0))]
    for _ in range(random.integers(0, 4)):  # pairs of limbs
        place = random.integers(len(spine))
        lean, bend, build = random.normal(math.pi / 2, 0.4), random.normal(0, 0.5), random.uniform(0.7, 1.3)
        thigh, shin = girth[place] + random.uniform(0.3, 1.0), random.uniform(0.2, 0.9)
        for side in (-1, 1):
            outwards = heading + side * (lean + random.normal(0, 0.3))
            knee = spine[place] + thigh * _towards(outwards)
            foot = knee + shin * _towards(outwards + side * bend)
            rods += [(spine[place], knee, 0.24 * build, 0.17 * build), (knee, foot, 0.17 * build, 0.12 * build)]
    return np.array([rod[:2] for rod in rods]), np.array([rod[2:] for rod in rods])


def _towards(angle: float) -> Floats:
    return np.array([math.sin(angle), math.cos(angle)])


def _extent(joints: Floats, radii: Floats) -> tuple[Floats, Floats]:
    """The corners (row, column) of the upright box round the rods."""
    return (joints - radii[..., None]).min(axis=(0, 1)), (joints + radii[..., None]).max(axis=(0, 1))


def _offset(size: tuple[int, int], extent: npt.ArrayLike, random: np.random.Generator) -> Floats:
    """Where the top left corner of something goes: wholly inside the picture where it fits, or else in its middle."""
    free: Floats = np.asarray(size) - np.asarray(extent, np.float64)
    return free * np.where(free > 0, random.uniform(0, 1, 2), 0.5)


def _area(joints: Floats, radii: Floats) -> float:
    """Of the rods joined, counted on a grid of 64 x 64."""
    low, high = _extent(joints, radii)
    rows, columns = (np.linspace(start, end, 64) for start, end in zip(low, high, strict=True))
    inside = _distance(rows[:, None], columns, joints, radii, _BLEND) < 0
    return float(inside.mean() * np.prod(high - low))


def _distance(rows: Floats, columns: Floats, joints: Floats, radii: Floats, blend: float) -> Floats:
    """How far each point lies outside the rods, about; where rods meet, a fillet of about ``blend`` joins them."""
    nearness = np.zeros(np.broadcast_shapes(rows.shape, columns.shape), np.float64)
    for ((top, left), end), (first, last) in zip(joints, radii, strict=True):
        dy, dx = end - (top, left)
        y, x = rows - top, columns - left
        along = np.clip((y * dy + x * dx) / max(dy * dy + dx * dx, 1e-9), 0, 1)
        outside = np.sqrt((y - along * dy) ** 2 + (x - along * dx) ** 2) - (first + along * (last - first))
        nearness += np.exp(-np.minimum(outside / blend, _FAR))
    return -blend * np.log(nearness)


def _ripple(rows: Floats, columns: Floats, random: np.random.Generator) -> Floats:
    """Waves in all directions, which make an outline irregular."""
    waves = np.zeros(np.broadcast_shapes(rows.shape, columns.shape), np.float64)
    for _ in range(_WAVES):
        dy, dx = _towards(random.uniform(0, math.tau)) * (math.tau / random.uniform(0.5, 2.0))
        down, across = rows * dy + random.uniform(0, math.tau), columns * dx
        waves += np.sin(down) * np.cos(across) + np.cos(down) * np.sin(across)
    return waves * (_RIPPLE / _WAVES)


def _placed(outline: Hole, size: tuple[int, int], random: np.random.Generator, area: float) -> Hole:
    """The outline turned, mirrored, and so scaled that it covers ``area`` once grown; as large as fits, at most."""
    picture = pil.fromarray(outline[:, :: random.choice((-1, 1))]).convert("L")
    picture = picture.rotate(random.uniform(0, 360), pil.Resampling.BILINEAR, expand=True)
    picture = picture.crop(picture.getbbox())
    drawn = np.count_nonzero(np.asarray(picture) >= 128)
    scale = min(math.sqrt(area / _GROWN / drawn), 0.9 * size[0] / picture.height, 0.9 * size[1] / picture.width)
    # From a quarter of a pixel on it counts, so that thin limbs stay; a grown mask covers them anyway.
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = np.asarray(picture.resize((width, height), pil.Resampling.BILINEAR)) >= 64
    top, left = _offset(size, (height, width), random).astype(int)
    hole = np.zeros(size, np.bool_)
    hole[top : top + height, left : left + width] = small
    mask = Mask(hole)
    return mask.grow(mask.auto_px).hole
