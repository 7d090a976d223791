"""A first source for each patch: its nearest among the coarsest level's patches, found through a tree of descriptors.

Source: L.-Y. Wei and M. Levoy, "Fast texture synthesis using tree-structured vector quantization", 2000; J. Bentley,
"Multidimensional binary search trees used for associative searching", 1975.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor.detail_levels import Level
from mobile_inpaint.photo.compositor.detail_search import Places, Search
from mobile_inpaint.photo.compositor.resample import Ints

_PLACE_BITS = 24
"""Of a pixel's number in the coarsest level."""
_NONE = np.iinfo(np.int64).max
_LEAF = 32
"""Members of a leaf, at most."""
_LEAVES = 8
"""Looked at for each target."""
_KEPT = 8
"""Sources proposed for each target."""
_APART = 4
"""Pixels between two sources proposed, at least, along rows or columns."""
_BLOCK, _GUIDE, _ENERGY = 345, 463, 3104
_OPPONENT = (1267, 732)
"""Weights in 1/256, so that the squares of all parts together come near the distance of patches: with the sum S, R - B and
R - 2G + B, R² + G² + B² = S² / 3 + (R - B)² / 2 + (R - 2G + B)² / 6."""


class Tree:
    """The known patches of a level.

    Args:
        search: of the coarsest level.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        usable = np.flatnonzero(search.usable)
        board = (usable // search.width + usable % search.width) % 2 == 0
        members = usable[board] if board.any() else usable
        described = descriptors(search.level, members, search.width)
        depth = 0
        while (len(members) - 1 >> depth) + 1 > _LEAF:
            depth += 1
        parts = [np.arange(len(members))]
        self._splits: list[tuple[Places, Ints]] = []  # of each depth: the dimension and the value of each node
        for _ in range(depth):
            spread = [described[part].max(0) - described[part].min(0) for part in parts]
            dimension = np.array([int(one.argmax()) for one in spread])
            halves, values = [], []
            for part, along in zip(parts, dimension, strict=True):
                order = part[np.argsort(described[part, along], kind="stable")]
                middle = len(part) // 2
                values.append(described[order[middle], along])
                halves += [np.sort(order[:middle]), np.sort(order[middle:])]
            self._splits.append((dimension, np.array(values, np.int32)))
            parts = halves
        longest = max(map(len, parts))
        self._leaves = np.full((len(parts), longest), -1, np.int64)
        for number, part in enumerate(parts):
            self._leaves[number, : len(part)] = part
        self._members, self._described = members, described

    def nearest(self) -> tuple[Places, ...]:
        """Eight sources for each target of the search, the nearest first; -1 where there are fewer."""
        search = self._search
        found = np.full((len(search.targets), _KEPT), -1, np.int64)
        for start in range(0, len(search.targets), 1024):
            part = slice(start, start + 1024)
            asked = descriptors(search.level, search.targets[part], search.width)
            found[part] = self._even(self._query(asked), search.targets[part][:, None])
        return tuple(found.T)

    def _even(self, found: Places, targets: Places) -> Places:
        """The sources moved by a row and a column at most, so that they lie an even number of both from their targets.

        Down and to the right, or, where no source is there, up, to the left, or both; where none is, they stay.
        Otherwise targets side by side have one source in flat places, and the finest level repeats it as a mesh.
        """
        usable, width = self._search.usable, self._search.width
        down, right = (targets // width - found // width) % 2, (targets % width - found % width) % 2
        moved = found
        for rows, columns in ((-down, -right), (down, -right), (-down, right), (down, right)):  # the last counts most
            there = found + rows * width + columns
            moved = np.where((found >= 0) & usable[np.maximum(there, 0)], there, moved)
        return moved

    def _query(self, asked: Ints) -> Places:
        near = self._leaves[self._descend(asked)].reshape(len(asked), -1)
        apart = self._described[near] - asked[:, None]
        distance = np.einsum("ijk,ijk->ij", apart, apart, dtype=np.int64)
        place = self._members[near]
        rows, columns = np.divmod(place, self._search.width)
        key = np.where(near >= 0, (distance << _PLACE_BITS) + place, _NONE)  # of equals the first in the picture
        found = np.full((len(asked), _KEPT), -1, np.int64)
        every = np.arange(len(asked))
        for k in range(_KEPT):
            first = key.argmin(axis=1)
            found[:, k] = np.where(key[every, first] < _NONE, place[every, first], -1)
            close = np.abs(rows - rows[every, first][:, None]) < _APART
            close &= np.abs(columns - columns[every, first][:, None]) < _APART
            key[close] = _NONE
        return found

    def _descend(self, asked: Ints) -> Places:
        """The leaves nearest to each of ``asked`` by the splits on the way; of equals those with the lower number."""
        nodes = np.zeros((len(asked), 1), np.int64)
        away = np.zeros((len(asked), 1), np.int64)
        for dimension, values in self._splits:
            beyond = np.take_along_axis(asked, dimension[nodes], 1).astype(np.int64) - values[nodes]
            squared = beyond * beyond
            right = beyond >= 0
            nodes = np.concatenate([2 * nodes, 2 * nodes + 1], axis=1)
            away = np.concatenate([away + squared * right, away + squared * ~right], axis=1)
            key = np.sort((away << _PLACE_BITS) + nodes, axis=1)[:, :_LEAVES]
            nodes, away = key & ((1 << _PLACE_BITS) - 1), key >> _PLACE_BITS
        return nodes


def descriptors(level: Level, places: Places, width: int) -> Ints:
    """[n, 19]: nine means of brightness, two of colour, the guide's brightness at five points, its colour and energy."""
    height = level.hole.shape[0]
    red, green, blue = (level.picture[..., k].astype(np.int32) for k in range(3))
    sums = _summed(np.stack([red + green + blue, red - blue, red - 2 * green + blue], axis=2))
    rows, columns = np.divmod(places, width)
    parts: list[npt.NDArray[np.int64]] = []
    for y in (-2, 0, 2):
        for x in (-2, 0, 2):
            parts.append(_square(sums[..., 0], rows + y, columns + x, 1) * _BLOCK // (9 * 256))
    parts += [_square(sums[..., k], rows, columns, 3) * _OPPONENT[k - 1] // (49 * 256) for k in (1, 2)]
    guide = level.guide.astype(np.int32)
    bright = guide[..., :3].sum(axis=2)
    rows, columns = rows + 1, columns + 1
    for y, x in ((0, 0), (-4, -4), (-4, 4), (4, -4), (4, 4)):
        at = np.clip(rows + y, 0, height + 1), np.clip(columns + x, 0, width + 1)
        parts.append(bright[at] * _GUIDE // 256)
    red, green, blue, energy = (guide[rows, columns, k] for k in range(4))
    opponents = (red - blue, red - 2 * green + blue)
    parts += [value * weight // 256 for value, weight in zip(opponents, _OPPONENT, strict=True)]
    parts.append(energy * _ENERGY // 256)
    return np.stack(parts, axis=1).astype(np.int32)


def _summed(values: Ints) -> npt.NDArray[np.int64]:
    return np.pad(values.cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0), (0, 0)))


def _square(sums: npt.NDArray[np.int64], rows: Places, columns: Places, reach: int) -> npt.NDArray[np.int64]:
    top, bottom, left, right = rows - reach, rows + reach + 1, columns - reach, columns + reach + 1
    return np.asarray(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])
