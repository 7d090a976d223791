"""A hole and everything near it, in a time that does not depend on how near.

A pixel ``(dy, dx)`` from the hole joins it where ``dy² + dx² <= px²``. So a run of hole pixels reaches ``isqrt(px² - dy²)``
columns further on either side in the row ``dy`` away. Runs that meet when they reach so far count as one. The further they
reach the fewer are left: over all ``dy`` at most about π/2 times the pixels of the photo, whatever ``px`` is.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Hole = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_PIXELS_AT_ONCE = 1 << 20
_RUNS_AT_ONCE = 1 << 20
_FEW_FROM = 64
"""Columns that a run reaches from which on the runs of all rows together are few enough to be kept."""


def grow(hole: Hole, px: int, out: Hole) -> None:
    """Sets in ``out``, HW bool, every pixel whose centre lies within ``px`` of the centre of a hole pixel, and no other."""
    height, width = hole.shape
    if height > np.iinfo(np.int16).max and width < height:
        grow(hole.T, px, out.T)
        return
    # In each row, how many intervals begin or end at a column; a row is reached by at most one from each row.
    kind = np.int16 if height <= np.iinfo(np.int16).max else np.int32
    changes = np.zeros((height, width + 1), kind)
    first = min(px, height - 1)
    near = min(first, isqrt(px * px - _FEW_FROM**2)) if px > _FEW_FROM else 0
    waiting, left, count = list[Numbers](), list[Numbers](), 0
    rows_at_once = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, rows_at_once):
        waiting.append(_runs(hole[top : top + rows_at_once], top))
        count += waiting[-1].shape[1]
        if count >= _RUNS_AT_ONCE:
            left.append(_reach(changes, np.concatenate(waiting, axis=1), px, range(first, near - 1, -1)))
            waiting, count = [], 0
    left.append(
        _reach(changes, np.concatenate(waiting or [np.empty((3, 0), np.int64)], axis=1), px, range(first, near - 1, -1))
    )
    _reach(changes, np.concatenate(left, axis=1), px, range(near - 1, -1, -1))
    for top in range(0, height, rows_at_once):
        rows = slice(top, top + rows_at_once)
        np.greater(np.cumsum(changes[rows, :-1], axis=1, dtype=kind), 0, out=out[rows])


def _runs(hole: Hole, top: int) -> Numbers:
    """Row, first column and the column behind the last of each run of True, in order: [3, runs]; rows count from ``top``."""
    stride = hole.shape[1] + 2  # a column to keep on either side ends every run within its row
    changes = np.flatnonzero(np.diff(np.pad(hole, ((0, 0), (1, 1))).ravel()))
    rows, starts = np.divmod(changes[::2], stride)
    return np.stack([rows + top, starts, changes[1::2] % stride])


def _reach(changes: npt.NDArray[np.signedinteger[Any]], runs: Numbers, px: int, away: range) -> Numbers:
    """Adds to ``changes`` where each run begins and ends in rows ``away``; returns the runs, joined where they meet.

    Args:
        changes: see :func:`grow`.
        runs: see :func:`_runs`.
        px: how far they reach in their own rows.
        away: rows, falling: the further along its row a run reaches, the fewer are left.
    """
    height, width = changes.shape[0], changes.shape[1] - 1
    flat = changes.reshape(-1)
    row, start, end = runs
    for dy in away:
        far = isqrt(px * px - dy * dy)
        apart = np.ones(row.size + 1, np.bool_)  # whether a run does not meet the one before
        np.not_equal(row[1:], row[:-1], out=apart[1:-1])
        apart[1:-1] |= start[1:] - end[:-1] > 2 * far
        row, start, end = row[apart[:-1]], start[apart[:-1]], end[apart[1:]]
        begins, stops = np.maximum(start - far, 0), np.minimum(end + far, width)
        for step in {dy, -dy}:
            inside = slice(*np.searchsorted(row, (-step, height - step)))
            at = (row[inside] + step) * (width + 1)
            flat[at + begins[inside]] += 1  # no two are equal: runs of one row lie apart
            flat[at + stops[inside]] -= 1
    return np.stack([row, start, end])
