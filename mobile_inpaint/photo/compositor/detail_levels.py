"""The pictures that the detail step works on: one a level, each half the size of the one before. Whole numbers only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor.resample import Ints
from mobile_inpaint.photo.compositor.seam import double, four

Flags = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

REACH = 3
"""From the centre of a patch of 7 x 7 pixels to its edge."""
SIDE = 2 * REACH + 1
DEPTHS = 24
"""The depth in the hole is counted up to here."""
_ENERGY_CELLS = 48
"""The longer side, at most, of the grid on which the energy inside the hole is estimated."""
_BAND = 64
"""Rows worked on at a time, about; the result does not depend on it."""
_LIKENESS = np.array([round(4096 * np.exp(-k / 8)) for k in range(64)], np.int64)
"""4096 exp(-k / 8)."""
_BELL = (1, 8, 28, 56, 70, 56, 28, 8, 1)
"""A binomial filter of deviation 1.41 px; the sum is 256."""


@dataclass(frozen=True)
class Level:
    """One picture of the pyramid.

    Attributes:
        picture: [h, w, 3]; in the hole, the fill so far.
        guide: [h + 2, w + 2, 4] with one more pixel on each side: RGB of the low band, and the energy of the detail.
        hole: [h, w], not known: the wanted pixels, and those that another part of the hole fills later.
        wanted: [h, w], the pixels that this step fills.
    """

    picture: Pixels
    guide: Pixels
    hole: Flags
    wanted: Flags


def levels(picture: Pixels, hole: Flags, wanted: Flags, side: int, size: int, above: int, guide_px: int) -> list[Level]:
    """The pyramid, finest level first; it ends where a level would be smaller than two patches.

    Args:
        picture: [h, w, 3]; the hole holds the network's fill, enlarged.
        hole: [h, w], see :class:`Level`.
        wanted: [h, w], likewise.
        side: of the square in the photo that the network saw.
        size: of the same square as the network saw it.
        above: how many levels coarser than the network the coarsest one is.
        guide_px: deviation of the low band's filter in pixels of the network.
    """
    network = network_level(side, size)
    halved = [(picture, hole, wanted)]
    while len(halved) <= network + above and min(halved[-1][1].shape) >= 4 * SIDE:
        halved.append((halve(halved[-1][0]), halve_flags(halved[-1][1]), halve_flags(halved[-1][2])))
    at = min(network, len(halved) - 1)
    radius = max(1, guide_px * side // (size << at))
    guide = _guide(halved[at][0], *_detail(picture, hole, at), halved[at][1], radius).astype(np.uint8)
    guides = [guide]
    for level in range(at - 1, -1, -1):
        guides.insert(0, doubled(guides[0], halved[level][1].shape, np.uint8))
    while len(guides) < len(halved):
        guides.append(halve(guides[-1]))
    return [
        Level(one.copy(), np.pad(low, ((1, 1), (1, 1), (0, 0)), mode="edge"), gone, asked)
        for (one, gone, asked), low in zip(halved, guides, strict=True)
    ]


def network_level(side: int, size: int) -> int:
    """The level whose pixels are nearest to the network's, by ratio: log2(side / size), rounded."""
    level = 0
    while side * side >= 2 * size * size << (2 * level):
        level += 1
    return level


def halve(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Means of two by two pixels, rounded half up; a last odd line counts twice."""
    bands = [_even(values[top:bottom]) for top, bottom in _bands(len(values), 2)]
    return np.concatenate([((four(band.astype(np.int32)) + 2) >> 2).astype(values.dtype) for band in bands])


def halve_flags(flags: Flags) -> Flags:
    """Which squares of two by two pixels hold a flagged one."""
    return np.asarray(four(_even(flags).astype(np.int32)) > 0)


def doubled(values: npt.NDArray[Any], shape: tuple[int, ...], of: type[np.integer[Any]] = np.int32) -> npt.NDArray[Any]:
    """Twice as large, interpolated, cut to ``shape`` (height, width).

    Args:
        values: [h, w] or [h, w, c].
        shape: at most twice that of ``values``.
        of: the type of the result, which must hold it.
    """
    result = np.empty((*shape[:2], *values.shape[2:]), of)
    for top, bottom in _bands(shape[0], 2):
        first, last = max(top // 2 - 1, 0), min((bottom + 1) // 2 + 1, len(values))
        both = (double(double(values[first:last].astype(np.int32), 0), 1) + 8) >> 4
        result[top:bottom] = both[top - 2 * first : bottom - 2 * first, : shape[1]]
    return result


def blurred(values: Ints, radius: int) -> Ints:
    """Three means over squares of ``2 * radius + 1`` pixels, each rounded half up; the deviation is about radius + 1/2.

    Beyond the rim the pixel at the rim counts.
    """
    for axis in (0, 1) * 3:
        result = np.empty_like(values, np.int32)
        for first, last in _bands(values.shape[1 - axis], 1):
            band = (slice(first, last), slice(None)) if axis else (slice(None), slice(first, last))
            result[band] = _mean(values[band], radius, axis)
        values = result
    return values


def _mean(values: Ints, radius: int, axis: int) -> npt.NDArray[np.int64]:
    width = 2 * radius + 1
    pad = [(radius + 1, radius) if own == axis else (0, 0) for own in range(values.ndim)]
    running = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.int64)
    ahead = running.take(range(width, running.shape[axis]), axis)
    behind = running.take(range(running.shape[axis] - width), axis)
    return (2 * (ahead - behind) + width) // (2 * width)


def grown(flags: Flags, by: int) -> Flags:
    """``by`` pixels larger on each side, corners too."""
    for axis in (0, 1):
        wider = flags.copy()
        for step in range(1, by + 1):
            if step < flags.shape[axis]:
                ahead, behind = [slice(None)] * 2, [slice(None)] * 2
                ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
                wider[tuple(ahead)] |= flags[tuple(behind)]
                wider[tuple(behind)] |= flags[tuple(ahead)]
        flags = wider
    return flags


def depths(hole: Flags) -> Pixels:
    """How deep in the hole a pixel lies: 0 outside, 1 where one of its eight neighbours is known, at most `DEPTHS`."""
    depth, left = hole.astype(np.uint8), hole
    for _ in range(DEPTHS - 1):
        left = ~grown(~left, 1)
        if not left.any():
            break
        depth += left
    return depth


def _even(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    pad = ((0, values.shape[0] % 2), (0, values.shape[1] % 2))
    return np.pad(values, pad + ((0, 0),) * (values.ndim - 2), mode="edge") if any(map(any, pad)) else values


def _detail(picture: Pixels, hole: Flags, level: int) -> tuple[Ints, Ints]:
    """Sums of the detail's size and counts of the pixels where it can be told, by pixels of ``level``."""
    seen = ~grown(hole, 4)
    height = len(picture)
    found = []
    for top, bottom in _bands(height, 1 << level):
        lines = picture.take(np.clip(np.arange(top - 4, bottom + 4), 0, height - 1), 0)
        bright = lines.sum(axis=2, dtype=np.int32)
        total = _filtered(bright, 0)
        smooth = _filtered(np.pad(total, ((0, 0), (4, 4)), mode="edge"), 1)
        here = seen[top:bottom]
        total, count = np.where(here, np.abs(bright[4:-4] - smooth), 0), here.astype(np.int32)
        for _ in range(level):
            total, count = four(_padded(total)), four(_padded(count))
        found.append((total, count))
    totals, counts = zip(*found, strict=True)
    return np.concatenate(totals), np.concatenate(counts)


def _filtered(values: Ints, axis: int) -> Ints:
    """`_BELL` along an axis, 8 shorter."""
    length = values.shape[axis] - 8
    parts = (weight * values.take(range(k, k + length), axis) for k, weight in enumerate(_BELL))
    total: Ints = np.asarray(sum(parts, np.int32(128)), np.int32)
    return total >> 8


def _bands(height: int, step: int) -> Iterator[tuple[int, int]]:
    """First and last rows of bands that begin at multiples of ``step``: memory does not grow with the picture."""
    rows = -(-_BAND // step) * step
    return ((top, min(top + rows, height)) for top in range(0, height, rows))


def _padded(values: Ints) -> Ints:
    return np.pad(values, ((0, values.shape[0] % 2), (0, values.shape[1] % 2)))


def _guide(picture: Pixels, total: Ints, count: Ints, hole: Flags, radius: int) -> Ints:
    """[h, w, 4]: the low band, and 4 times the local mean of the detail; inside the hole the detail of like places."""
    low = blurred(picture.astype(np.int32), radius)
    both = blurred(np.stack([total, count], axis=2) << 6, radius)
    usable = ~hole & (both[..., 1] > 0)
    energy = np.minimum(4 * both[..., 0] // (3 * np.maximum(both[..., 1], 1)), 255)
    if not usable.any():
        return np.concatenate([low, np.zeros_like(energy)[..., None]], axis=2)
    grids = [(low, energy * usable, usable.astype(np.int32))]
    while max(grids[-1][2].shape) > _ENERGY_CELLS:
        colour, summed, weight = grids[-1]
        grids.append((halve(colour), four(_padded(summed)), four(_padded(weight))))
    inside = _likely(*grids[-1])
    for _, _, finer in reversed(grids[:-1]):
        inside = doubled(inside[..., None], finer.shape)[..., 0]
    return np.concatenate([low, np.where(usable, energy, inside)[..., None]], axis=2)


def _likely(colour: Ints, summed: Ints, weight: Ints) -> Ints:
    """The mean of the known energies for each cell, those of like colour and near by counting more."""
    height, width = weight.shape
    rows, columns = np.nonzero(weight)
    mean = (summed // np.maximum(weight, 1))[rows, columns]
    # The hole's longer side, about: cells without any known energy.
    gone_rows, gone_columns = np.flatnonzero((weight == 0).any(1)), np.flatnonzero((weight == 0).any(0))
    ends = [lines[-1] - lines[0] + 1 if len(lines) else 1 for lines in (gone_rows, gone_columns)]
    length = int(max(ends))
    result = np.empty((height, width), np.int32)
    here = colour[rows, columns]
    for y in range(height):  # a row at a time, to keep memory small
        apart = ((y - rows) ** 2 + (np.arange(width)[:, None] - columns) ** 2) * 1600 // (49 * length * length)
        unlike = ((colour[y][:, None] - here) ** 2).sum(axis=2) // 36
        say = _LIKENESS[np.minimum(apart + unlike, 63)]
        result[y] = (say * mean).sum(axis=1) // say.sum(axis=1)
    return result
