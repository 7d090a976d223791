"""The photo's own texture in place of an enlarged fill: patches of known pixels, led by what the network painted.

The rules, to the bit, are in ``docs/compositor.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor.detail_levels import SIDE, Flags, Level, Pixels, levels, network_level
from mobile_inpaint.photo.compositor.detail_search import Field, Places, Search
from mobile_inpaint.photo.compositor.detail_tree import Tree
from mobile_inpaint.photo.compositor.detail_vote import go_back, last_vote, repair_low, vote

_ROUNDS = (1, 2, 4, 6, 6)
"""Sweeps and votes of a level, from the finest on; the last holds for all coarser ones."""
_STEPS = ((8, 2), (4, 1), (2,), (1,))
"""Of the search in pixels, from the coarsest level on; the last holds for all finer ones."""
_FIRST_SWEEPS = 6
"""Sweeps of the coarsest level before the first vote."""


@dataclass(frozen=True)
class Detail:
    """The numbers of the detail step.

    Attributes:
        shrink: the step is taken where the crop was shrunk by this factor or more.
        above: how many levels coarser than the network the search begins.
        guide_px: deviation of the guide's low band, in pixels of the network.
        weight: of the guide beside the picture, in 1/16.
        penalty: for a source that is used more than twice its share.
        margin: in 1/64, how much less a source must cost that continues no neighbour's.
        low_px: deviation of the low frequencies that are taken from the network's fill, in pixels of the network.
    """

    shrink: float = 1.5
    above: int = 2
    guide_px: int = 4
    weight: int = 16
    penalty: int = 60
    margin: int = 16
    low_px: int = 6

    def __call__(self, picture: Pixels, hole: Flags, wanted: Flags, side: int, size: int, plain: Pixels) -> Pixels:
        """``picture`` with new wanted pixels, as it was where there is nothing to copy.

        Args:
            picture: [h, w, 3] around a part of the hole; the hole holds the network's fill, enlarged.
            hole: [h, w], pixels that are not known.
            wanted: [h, w], those of them that are to be filled.
            side: of the square in the photo that the network saw.
            size: of the same square as the network saw it.
            plain: [h, w, 3], the picture with the wanted pixels that it gets where nothing is copied.
        """
        if min(hole.shape) < SIDE:
            return plain
        pyramid = levels(picture, hole, wanted, side, size, self.above, self.guide_px)
        search = self._search(pyramid[-1])
        while not search.any and len(pyramid) > 1:
            pyramid.pop()
            search = self._search(pyramid[-1])
        if not search.any:
            return plain
        field = self._first(search)
        for number in range(len(pyramid) - 1, -1, -1):
            steps = _STEPS[min(len(pyramid) - 1 - number, len(_STEPS) - 1)]
            rounds = _ROUNDS[min(number, len(_ROUNDS) - 1)]
            for turn in range(rounds):
                field = search.sweep(field, steps)
                if number == 0 and turn == rounds - 1:
                    last_vote(search, field)
                else:
                    vote(search, field)
            if number:
                finer = self._search(pyramid[number - 1])
                field = Field(_doubled(search, field.sources, finer), np.zeros(len(finer.targets), np.int32))
                search = finer
                vote(search, field, fits=False)
        at = min(network_level(side, size), len(pyramid) - 1)
        repair_low(
            pyramid[0], picture, at, max(1, self.low_px * side // (size << at)), max(1, self.low_px * side // (4 * size))
        )
        go_back(search, field, plain, max(1, self.low_px * side // (2 * size)))
        return pyramid[0].picture

    def _search(self, level: Level) -> Search:
        return Search(level, self.weight, self.penalty, self.margin)

    def _first(self, search: Search) -> Field:
        """The field of the coarsest level before the first vote."""
        proposed = Tree(search).nearest()
        field = search.found(proposed[0])
        for turn in range(_FIRST_SWEEPS):
            field = search.sweep(field, _STEPS[0], proposed if turn == 0 else ())
        vote(search, field)
        return field


def _doubled(search: Search, sources: Places, finer: Search) -> Places:
    """For each target of the next finer level the source of the coarser target that it lies in, at twice the place."""
    rows, columns = np.divmod(finer.targets, finer.width)
    parents = [np.clip(line // 2, 3, length - 4) for line, length in ((rows, search.height), (columns, search.width))]
    number = search.number[parents[0] * search.width + parents[1]]
    source_rows, source_columns = np.divmod(sources[number], search.width)
    down, right = rows - 2 * parents[0], columns - 2 * parents[1]
    placed: npt.NDArray[np.int64] = (2 * source_rows + down) * finer.width + 2 * source_columns + right
    return placed
