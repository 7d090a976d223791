"""Grey and toned photos: where all known pixels near a hole lie on one line in colour space, the fill does too.

Whole numbers only; the rules are in ``docs/compositor.md``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

_TOLERANCE = 2
"""Grey levels that rounding may move a channel of a toned photo off the line."""
_SHORTEST = 96
"""Levels of R + G + B between the ends of a toned photo's line, at least: a shorter one has no sure direction."""


class Line(NamedTuple):
    """A line in colour space: two of its colours, the darker one first by R + G + B."""

    dark: Color
    bright: Color


GREY = Line((0, 0, 0), (255, 255, 255))


def line_of(known: Pixels) -> Line | None:
    """The line on which the colours ``known``, [n, 3], lie; None where there is none.

    Grey must be exact. On another line a channel may be off by two levels, and pixels with a channel at 0 or 255 do not
    count, as toning clips there; at least half of the pixels must count.
    """
    if len(known) == 0:
        return None
    if (known[:, 0] == known[:, 1]).all() and (known[:, 1] == known[:, 2]).all():
        return GREY
    inner = known[((known > 0) & (known < 255)).all(axis=1)]
    if 2 * len(inner) < len(known):
        return None
    sums = inner.sum(axis=1, dtype=np.int32)
    ends = inner[sums.argmin()], inner[sums.argmax()]  # of equals the first
    if int(sums.max()) - int(sums.min()) < _SHORTEST:
        return None
    dark, bright = ((int(end[0]), int(end[1]), int(end[2])) for end in ends)
    line = Line(dark, bright)
    apart = np.abs(projected(inner, line).astype(np.int32) - inner)
    return line if int(apart.max()) <= _TOLERANCE else None


def projected(pixels: Pixels, line: Line) -> Pixels:
    """The colour of the line with the same R + G + B, for ``pixels`` [..., 3] uint8 RGB, clipped to 0 … 255; the same shape."""
    dark, step = np.array(line.dark, np.int32), np.array(line.bright, np.int32) - np.array(line.dark, np.int32)
    span = int(step.sum())
    along = pixels.sum(axis=-1, dtype=np.int32)[..., None] - int(dark.sum())
    return np.asarray(np.clip(dark + (2 * along * step + span) // (2 * span), 0, 255), np.uint8)
