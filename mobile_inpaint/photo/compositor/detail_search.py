"""Where each patch over the hole finds its like among the known ones. Whole numbers; no order, no chance.

A sweep reads the sources of the sweep before and nothing of its own, so that the targets can be visited in any order.

Sources: M. Ashikhmin, "Synthesizing natural textures", 2001 (coherence: the neighbours' sources, shifted along); T. Koga et
al., "Motion-compensated interframe coding for video conferencing", 1981 (steps that shrink); S. Lefebvre and H. Hoppe,
"Parallel controllable texture synthesis", 2005 (no order; coordinates doubled from level to level).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from mobile_inpaint.photo.compositor.detail_levels import REACH, SIDE, Flags, Level, Pixels, depths, grown
from mobile_inpaint.photo.compositor.resample import Ints

Places = npt.NDArray[np.int64]
"""[n], pixels of the level by number: row * width + column."""

TERMS = 3 * SIDE * SIDE
"""Squares that a patch's distance adds up."""
_PAIRS = 4096
"""Patches compared at a time; the result does not depend on it."""
_FIRST_ROWS, _OTHER_ROWS = (0, 3, 6), (1, 2, 4, 5)
"""Of a patch: a candidate that costs too much by the first ones is not compared any further."""
_SPACING = 4
"""Between the nine points at which the guide is compared."""
_CELL_BITS = 3
"""Sources are counted by cells of 8 x 8 pixels."""
_MOST = 1 << 28
"""The penalty ends here, so that a sum with a distance has 31 bits."""
_NEIGHBOURS = ((0, -1), (-1, 0), (0, 1), (1, 0))


@dataclass(frozen=True)
class Field:
    """A source for each target of a level, and how well it fits.

    Attributes:
        sources: centres of known patches.
        distance: [n] int32, of the patches, without a penalty.
    """

    sources: Places
    distance: Ints


class Search:
    """The patches of one level.

    Args:
        level: its picture is read anew in each sweep.
        weight: of the guide beside the picture, in 1/16 of its share by number of terms.
        penalty: for a source that is used too often, in squared grey levels a term and share.
        margin: in 1/64, how much less a source must cost that continues no neighbour's.
    """

    def __init__(self, level: Level, weight: int, penalty: int, margin: int) -> None:
        self.level, self._penalty, self._margin = level, penalty, margin
        self.height, self.width = level.hole.shape
        inside = np.zeros(level.hole.shape, np.bool_)
        inside[REACH:-REACH, REACH:-REACH] = True
        self.targets: Places = np.flatnonzero(grown(level.wanted, REACH) & inside)
        usable = inside & ~grown(level.hole, REACH)
        self.any = bool(usable.any()) and len(self.targets) > 0
        self.usable = np.append(usable.ravel(), np.zeros(2 * self.width + 9, np.bool_))
        """By place, and behind the last pixel for shifts that leave the picture."""
        self.number = np.full(usable.size + self.width * 2 * SIDE, -1, np.int32)
        self.number[self.targets] = np.arange(len(self.targets), dtype=np.int32)
        self.factor = weight * TERMS  # over 16 * 27
        self.depth = depths(level.hole)
        self.patches = _Patches(level)
        """To compare patches of the picture as it is now."""
        grid = -(-self.height // 8), -(-self.width // 8)
        self._columns = grid[1]
        held = np.pad(usable, [(0, 8 * cells - length) for cells, length in zip(grid, usable.shape, strict=True)])
        self._cells = int(held.reshape(grid[0], 8, grid[1], 8).any(axis=(1, 3)).sum())
        self._grid = grid[0] * grid[1]

    def found(self, sources: Places) -> Field:
        """The field of these sources for the picture as it is now."""
        distance = np.empty(len(sources), np.int32)
        for part in _portions(len(sources)):
            distance[part] = _Best(self, part, sources, np.zeros(self._grid, np.int32)).distance
        return Field(sources, distance)

    def sweep(self, field: Field, steps: tuple[int, ...], more: tuple[Places, ...] = ()) -> Field:
        """A better field: sources of the neighbours, then steps around the best; of equals the first stays.

        A source that continues a neighbour's needs to cost less than the one before; any other must cost less by the margin.
        Without that margin each patch goes its own way, and the votes of patches that do not agree blur the picture.

        Args:
            field: of the picture as it is now, or as it was: its sources alone are read.
            steps: in pixels, from long to short.
            more: further sources to try, each [n], or -1 for none.
        """
        penalty = self._penalties(field.sources)
        sources, distance = np.empty_like(field.sources), np.empty(len(field.sources), np.int32)
        for part in _portions(len(sources)):
            best = _Best(self, part, field.sources, penalty)
            far = None
            for step in (4, 1):
                near = []
                for k, (down, right) in enumerate(_NEIGHBOURS):
                    offset = (down * self.width + right) * step
                    beside = self.number[self.targets[part] + offset]
                    candidates = field.sources[beside] - offset
                    # What lost when the neighbour further off proposed it loses again.
                    best.try_out(candidates, beside >= 0 if far is None else (beside >= 0) & (candidates != far[k]), 0)
                    near.append(np.where(beside >= 0, candidates, -1))
                far = near
            for candidates in more:
                best.try_out(candidates[part], candidates[part] >= 0, self._margin)
            for step in steps:
                middle = best.sources.copy()
                column = middle % self.width
                for down, right in _NEIGHBOURS:
                    along = column + right * step
                    there = middle + (down * self.width + right) * step
                    best.try_out(there, (along >= 0) & (along < self.width), self._margin)
            sources[part], distance[part] = best.sources, best.distance
        return Field(sources, distance)

    def cells(self, sources: Places) -> Places:
        """The number of each source's cell."""
        row = sources // self.width
        numbers: Places = (row >> _CELL_BITS) * self._columns + (sources - row * self.width >> _CELL_BITS)
        return numbers

    def _penalties(self, sources: Places) -> Ints:
        """By cell: what each use costs beyond twice the cell's share."""
        uses = np.bincount(self.cells(sources), minlength=self._grid).astype(np.int64)
        excess = np.maximum(uses * self._cells - 2 * len(sources), 0)
        penalties: Ints = np.minimum(excess * (self._penalty * TERMS) // len(sources), _MOST).astype(np.int32)
        return penalties


class _Best:
    """The best sources so far, in one sweep, for some of the targets.

    Args:
        search: whose targets.
        part: of the targets, by number.
        sources: of all targets, by the sweep before.
        penalty: by cell.
    """

    def __init__(self, search: Search, part: slice, sources: Places, penalty: Ints) -> None:
        self._search, self._penalty = search, penalty
        self._patches = search.patches
        self._own = self._patches.of(search.targets[part])
        self.sources = sources[part].copy()
        self.distance: Ints = self._patches.low(self._own.guide, self.sources, search.factor)
        for rows, which in ((self._own.first, _FIRST_ROWS), (self._own.other, _OTHER_ROWS)):
            self.distance = self.distance + self._patches.apart(rows, self.sources, which)
        self._cost = self.distance + penalty[search.cells(self.sources)]

    def try_out(self, candidates: Places, allowed: Flags, margin: int) -> None:
        """Takes each candidate that costs less by more than ``margin`` / 64 of what the best one costs.

        ``candidates`` [n], of which those ``allowed`` and usable count.
        """
        search, patches, own = self._search, self._patches, self._own
        tried = np.flatnonzero(allowed & (candidates != self.sources))
        chosen = candidates[tried]
        good = (chosen >= 0) & search.usable[np.clip(chosen, 0, len(search.usable) - 1)]
        tried, chosen = tried[good], chosen[good]
        before = self._cost[tried]
        # The parts of a cost are added up one after the other, and only for those that can still be the best.
        left = before - before // 64 * margin - self._penalty[search.cells(chosen)]
        distance = patches.low(own.guide[tried], chosen, search.factor)
        for rows, which in ((own.first, _FIRST_ROWS), (own.other, _OTHER_ROWS)):
            still = np.flatnonzero(distance < left)
            tried, chosen, left, distance = tried[still], chosen[still], left[still], distance[still]
            distance = distance + patches.apart(rows[tried], chosen, which)
        won = distance < left
        tried, chosen, distance = tried[won], chosen[won], distance[won]
        self.sources[tried], self.distance[tried] = chosen, distance
        self._cost[tried] = distance + self._penalty[search.cells(chosen)]


class _Own(NamedTuple):
    """The patches over some targets: the guide's nine points, and two groups of rows."""

    guide: Pixels
    first: Pixels
    other: Pixels


class _Patches:
    """Compares the patches of a level, up to `_PAIRS` at a time."""

    def __init__(self, level: Level) -> None:
        self._width = level.hole.shape[1]
        self._rows, self._guide = _rows(level.picture), level.guide.view(np.uint32).ravel()
        spaced = (-_SPACING, 0, _SPACING)
        self._points = np.array([(y + 1) * (self._width + 2) + x + 1 for y in spaced for x in spaced])
        terms = 3 * SIDE * max(len(_FIRST_ROWS), len(_OTHER_ROWS))
        # New memory for each call would take longer than the sums.
        self._floats = np.empty(_PAIRS * terms, np.float32)
        self._bytes = np.empty((2, _PAIRS * terms), np.uint8)

    def of(self, places: Places) -> _Own:
        """What :meth:`low` and :meth:`apart` compare with others."""
        return _Own(self._points_of(places), self._rows_of(places, _FIRST_ROWS), self._rows_of(places, _OTHER_ROWS))

    def low(self, own: Pixels, places: Places, factor: int) -> Ints:
        """[n] the guide's part of the distance."""
        squares = self._squares(own, self._points_of(places)).reshape(-1, 9, 4)
        low = np.einsum("ijk->i", squares) + 2 * np.einsum("ij->i", squares[..., 3])
        part: Ints = (low.astype(np.int64) * factor // (16 * 27)).astype(np.int32)
        return part

    def apart(self, own: Pixels, places: Places, which: tuple[int, ...]) -> Ints:
        """[n] the picture's part, of some rows."""
        apart = self._apart(own, self._rows_of(places, which))
        part: Ints = np.einsum("ij,ij->i", apart, apart).astype(np.int32)
        return part

    def _squares(self, own: Pixels, other: Pixels) -> npt.NDArray[np.float32]:
        apart = self._apart(own, other)
        return np.multiply(apart, apart, out=apart)

    def _apart(self, own: Pixels, other: Pixels) -> npt.NDArray[np.float32]:
        """What the bytes differ by. The sums of their squares stay below 2**24, so that float32 is exact."""
        more, less = (part[: own.size].reshape(own.shape) for part in self._bytes)
        np.maximum(own, other, out=more)
        np.minimum(own, other, out=less)
        np.subtract(more, less, out=more)
        apart = self._floats[: own.size].reshape(own.shape)
        apart[...] = more
        return apart

    def _points_of(self, places: Places) -> Pixels:
        places = places + 2 * (places // self._width)
        points: Pixels = self._guide[places[:, None] + self._points].view(np.uint8)
        return points

    def _rows_of(self, places: Places, which: tuple[int, ...]) -> Pixels:
        down = (np.array(which) - REACH) * self._width - REACH
        rows: Pixels = self._rows[places[:, None] + down].view(np.uint8).reshape(-1, 3 * SIDE * len(which))
        return rows


def _portions(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _PAIRS, count)) for start in range(0, count, _PAIRS))


def _rows(picture: Pixels) -> npt.NDArray[Any]:
    """Each pixel with the six behind it as one value of 21 bytes."""
    row = np.dtype((np.void, 3 * SIDE))
    return as_strided(picture.reshape(-1)[: 3 * SIDE].view(row), (picture.size // 3 - SIDE + 1,), (3,))
