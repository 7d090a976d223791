"""Whole fills held against photos whose truth is known, at the photos' own size."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.cases import Case
from mobile_inpaint.evaluation.evaluate import PHOTO, Candidate, Looked
from mobile_inpaint.evaluation.native.cases import NativeCases
from mobile_inpaint.evaluation.native.figures import TILE_PX, NativeJudge, tile_of
from mobile_inpaint.metrics.bootstrap import Interval, interval
from mobile_inpaint.photo.compositor.tiles import Box, bounding_box, square_round
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole

SHRUNK = 1.5
"""Holes are told apart by whether the crop of the default compositor is shrunk by this factor or more."""
GROUPS = (f"shrink >= {SHRUNK}", f"shrink < {SHRUNK}", "all")
_SQUARE_PX, _CONTEXT = 512, 2.0
_SMALLEST = 1e-6


@dataclass(frozen=True)
class NativeRow:
    """One fill.

    Attributes:
        photo, kind: of the case.
        hole_px: longer side of the hole.
        shrink: how much the default compositor shrinks the crop.
        candidate: whose fill, or `PHOTO`.
        seconds: the fill took.
        figures: by the names in `NATIVE_KINDS`.
        tiles: parts of the fill at 100 %, the middle of the hole and a place at its edge; to show them.
    """

    photo: str
    kind: str
    hole_px: int
    shrink: float
    candidate: str
    seconds: float
    figures: Mapping[str, float]
    tiles: tuple[Pixels, Pixels] = field(repr=False, compare=False)

    @property
    def group(self) -> str:
        """One of `GROUPS`."""
        return GROUPS[0] if self.shrink >= SHRUNK else GROUPS[1]


class Ratio(NamedTuple):
    """Of a distance, the first candidate's as a multiple of another's: geometric mean with its 95 % bootstrap interval."""

    ratio: float
    interval: Interval
    wins: int
    losses: int


@dataclass(frozen=True)
class NativeEvaluation:
    """Everything measured, and what it was measured on.

    Attributes:
        photos: the set, by name.
        half: which half of it.
        seed: of the order and the holes.
        candidates: in the order asked for; the first is compared with each other one.
        rows: for each case the photo's own, then each candidate's.
    """

    photos: str
    half: str
    seed: int
    candidates: tuple[Candidate, ...]
    rows: tuple[NativeRow, ...]

    @property
    def names(self) -> list[str]:
        """Of the candidates."""
        return [candidate.name for candidate in self.candidates]

    def of(self, candidate: str, group: str) -> list[NativeRow]:
        """The rows of one candidate in one of `GROUPS`, in the order of the cases."""
        return [row for row in self.rows if row.candidate == candidate and group in (row.group, GROUPS[2])]

    def mean(self, candidate: str, group: str, figure: str) -> tuple[float, Interval]:
        """Over the photos, of the mean over a photo's holes; of a contrast the geometric mean."""
        rows = self.of(candidate, group)
        values = [row.figures[figure] for row in rows]
        if figure == "seam_contrast":
            logarithms = _by_photo(rows, [math.log(value) for value in values])
            low, high = interval(logarithms)
            return math.exp(float(logarithms.mean())), (math.exp(low), math.exp(high))
        means = _by_photo(rows, values)
        return float(means.mean()), interval(means)

    def versus(self, other: str, group: str, figure: str) -> Ratio:
        """The first candidate beside ``other``; a photo's holes are drawn together, and counted one by one."""
        own, its = self.of(self.names[0], group), self.of(other, group)
        ratios = [max(a.figures[figure], _SMALLEST) / max(b.figures[figure], _SMALLEST) for a, b in zip(own, its, strict=True)]
        logarithms = _by_photo(own, [math.log(ratio) for ratio in ratios])
        low, high = interval(logarithms)
        wins, losses = sum(ratio < 1 for ratio in ratios), sum(ratio > 1 for ratio in ratios)
        return Ratio(math.exp(float(logarithms.mean())), (math.exp(low), math.exp(high)), wins, losses)


def evaluate_native(
    candidates: Sequence[Candidate],
    cases: NativeCases,
    judge: NativeJudge,
    photos: str,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    looked: Looked | None = None,
) -> NativeEvaluation:
    """The figures of every candidate's fill of every case.

    Args:
        candidates: at least one, each with a name of its own; they fill whole photos.
        cases: photos and holes.
        judge: the networks that judge.
        photos: the set's name, for the report.
        progress: told what is looked at next, how many cases are done, and of how many.
        looked: told of each case and its fills; nobody is when None.

    Raises:
        TrainingError: two candidates of one name, a fill that is no picture or changes known pixels, or no photo large enough.
    """
    names = [PHOTO, *(candidate.name for candidate in candidates)]
    if len(set(names)) < len(names):
        raise TrainingError(f"two candidates have the same name: {', '.join(names[1:])}; rename a file")
    rows: list[NativeRow] = []
    for number, case in enumerate(cases):
        progress(f"{case.photo}, {case.kind}", number, len(cases))
        box = bounding_box(case.hole)
        assert box is not None  # a hole is never empty
        shrink = square_round(box, case.hole.shape, _CONTEXT, _SQUARE_PX).side / _SQUARE_PX
        fills, seconds = [], [0.0]
        for candidate in candidates:
            started = time.perf_counter()
            fills.append(_filled(candidate, case))
            seconds.append(time.perf_counter() - started)
        if looked is not None:
            looked(case, fills)
        places = tile_of(case.hole), _at_edge(case.hole, box)
        found = judge.figures(case.truth, case.hole, fills)
        for name, fill, figures, took in zip(names, (case.truth, *fills), found, seconds, strict=True):
            tiles = fill[places[0].slices].copy(), fill[places[1].slices].copy()
            rows.append(NativeRow(case.photo, case.kind, box.side, shrink, name, took, figures, tiles))
    return NativeEvaluation(photos, cases.half, cases.seed, tuple(candidates), tuple(rows))


def _filled(candidate: Candidate, case: Case) -> Pixels:
    filled = candidate.fill(case.truth, case.hole)
    if filled.shape != case.truth.shape or filled.dtype != np.uint8:
        raise TrainingError(f"{candidate.name}: returned no picture of the size of '{case.photo}'")
    if not np.array_equal(filled[~case.hole], case.truth[~case.hole]):
        raise TrainingError(f"{candidate.name}: changed known pixels of '{case.photo}': it cannot be compared at native size")
    return filled


def _at_edge(hole: Hole, box: Box) -> Box:
    """A tile around the first hole pixel of the hole's middle row."""
    row = (box.top + box.bottom) // 2
    columns = np.flatnonzero(hole[row])
    column = int(columns[0]) if len(columns) else box.left
    height, width = (min(TILE_PX, side) for side in hole.shape)
    top = min(max(row - height // 2, 0), hole.shape[0] - height)
    left = min(max(column - width // 2, 0), hole.shape[1] - width)
    return Box(top, top + height, left, left + width)


def _by_photo(rows: Sequence[NativeRow], values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Means over the holes of each photo."""
    found: dict[str, list[float]] = {}
    for row, value in zip(rows, values, strict=True):
        found.setdefault(row.photo, []).append(value)
    return np.array([np.mean(of_photo) for of_photo in found.values()])
