"""Where each patch over the hole finds its like among the known ones. Whole numbers; no order, no chance.

A sweep reads the sources of the sweep before and nothing of its own, so that the targets can be visited in any order.

Sources: M. Ashikhmin, "Synthesizing natural textures", 2001 (coherence: the neighbours' sources, shifted along); T. Koga et
al., "Motion-compensated interframe coding for video conferencing", 1981 (steps that shrink); S. Lefebvre and H. Hoppe,
"Parallel controllable texture synthesis", 2005 (no order; coordinates doubled from level to level).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from mobile_inpaint.photo.compositor.detail_levels import REACH, SIDE, Flags, Level, Pixels, grown
from mobile_inpaint.photo.compositor.resample import Ints

Places = npt.NDArray[np.int64]
"""[n], pixels of the level by number: row * width + column."""

TERMS = 3 * SIDE * SIDE
"""Squares that a patch's distance adds up."""
_PAIRS = 2048
"""Patches compared at a time; the result does not depend on it."""
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
        self._factor = weight * TERMS  # over 16 * 27
        self._rows, self._guide = _rows(level.picture), level.guide.view(np.uint32).ravel()
        grid = -(-self.height // 8), -(-self.width // 8)
        self._columns = grid[1]
        rows, columns = np.divmod(np.flatnonzero(usable), self.width)
        self._cells = len(np.unique((rows >> _CELL_BITS) * self._columns + (columns >> _CELL_BITS)))
        self._grid = grid[0] * grid[1]

    def found(self, sources: Places) -> Field:
        """The field of these sources for the picture as it is now."""
        return Field(sources, self.distances(sources, slice(None)))

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
        best = _Best(self, field.sources.copy(), penalty)
        for step in (4, 1):
            for down, right in _NEIGHBOURS:
                offset = (down * self.width + right) * step
                beside = self.number[self.targets + offset]
                best.try_out(field.sources[beside] - offset, beside >= 0, 0)
        for candidates in more:
            best.try_out(candidates, candidates >= 0, self._margin)
        for step in steps:
            middle = best.sources.copy()
            column = middle % self.width
            for down, right in _NEIGHBOURS:
                along = column + right * step
                best.try_out(middle + (down * self.width + right) * step, (along >= 0) & (along < self.width), self._margin)
        return best.field()

    def distances(self, sources: Places, which: slice | Places) -> Ints:
        """Of the targets ``which`` to ``sources``, [n] int32: less than 2**26."""
        targets = self.targets[which]
        rows, guide, guide_width = self._rows, self._guide, self.width + 2
        down = np.arange(SIDE) * self.width
        points = [(y + 1) * guide_width + x + 1 for y in (-_SPACING, 0, _SPACING) for x in (-_SPACING, 0, _SPACING)]
        corner = REACH * (self.width + 1)
        result = np.empty(len(targets), np.int32)
        for start in range(0, len(targets), _PAIRS):
            part = slice(start, start + _PAIRS)
            here, there = targets[part], sources[part]
            own = rows[(here - corner)[:, None] + down].view(np.uint8).reshape(-1, TERMS)
            other = rows[(there - corner)[:, None] + down].view(np.uint8).reshape(-1, TERMS)
            # Both sums stay below 2**24, so that float32 is exact.
            apart = np.subtract(own, other, dtype=np.float32)
            total = np.einsum("ij,ij->i", apart, apart).astype(np.int32)
            here, there = (place + 2 * (place // self.width) for place in (here, there))
            own = guide[here[:, None] + points].view(np.uint8).reshape(-1, 9, 4)
            other = guide[there[:, None] + points].view(np.uint8).reshape(-1, 9, 4)
            apart = np.subtract(own, other, dtype=np.float32)
            squares = np.einsum("ijk,ijk->ik", apart, apart)
            low = (squares[:, :3].sum(axis=1) + 3 * squares[:, 3]).astype(np.int64)
            result[part] = total + ((low * self._factor) // (16 * 27)).astype(np.int32)
        return result

    def cells(self, sources: Places) -> Places:
        """The number of each source's cell."""
        numbers: Places = (sources // self.width >> _CELL_BITS) * self._columns + (sources % self.width >> _CELL_BITS)
        return numbers

    def _penalties(self, sources: Places) -> Ints:
        """By cell: what each use costs beyond twice the cell's share."""
        uses = np.bincount(self.cells(sources), minlength=self._grid).astype(np.int64)
        excess = np.maximum(uses * self._cells - 2 * len(sources), 0)
        penalties: Ints = np.minimum(excess * (self._penalty * TERMS) // len(sources), _MOST).astype(np.int32)
        return penalties


class _Best:
    """The best sources so far in one sweep."""

    def __init__(self, search: Search, sources: Places, penalty: Ints) -> None:
        self._search, self.sources, self._penalty = search, sources, penalty
        self._distance = search.distances(sources, slice(None))
        self._cost = self._distance + penalty[search.cells(sources)]

    def try_out(self, candidates: Places, allowed: Flags, margin: int) -> None:
        """Takes each candidate that costs less by more than ``margin`` / 64 of what the best one costs.

        ``candidates`` [n], of which those ``allowed`` and usable count.
        """
        search = self._search
        tried = np.flatnonzero(allowed & (candidates != self.sources))
        chosen = candidates[tried]
        good = (chosen >= 0) & search.usable[np.clip(chosen, 0, len(search.usable) - 1)]
        tried, chosen = tried[good], chosen[good]
        distance = search.distances(chosen, tried)
        cost = distance + self._penalty[search.cells(chosen)]
        before = self._cost[tried]
        won = cost < before - before // 64 * margin
        tried = tried[won]
        self.sources[tried], self._cost[tried], self._distance[tried] = chosen[won], cost[won], distance[won]

    def field(self) -> Field:
        return Field(self.sources, self._distance)


def _rows(picture: Pixels) -> npt.NDArray[Any]:
    """Each pixel with the six behind it as one value of 21 bytes."""
    row = np.dtype((np.void, 3 * SIDE))
    return as_strided(picture.reshape(-1)[: 3 * SIDE].view(row), (picture.size // 3 - SIDE + 1,), (3,))
