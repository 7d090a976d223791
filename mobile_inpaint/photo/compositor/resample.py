"""Resampling in whole numbers: the same bits in Python, Kotlin, Swift and JavaScript.

Weights are whole numbers that add up to 2**14 exactly, made from whole numbers: the share of each source pixel is the
difference of two rounded running sums, so nothing is left to distribute. Values stay below 2**31 throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]

WEIGHT_BITS = 14
MIDDLE_BITS = 6
"""Fraction bits of a value between the vertical and the horizontal pass."""
PHASE_BITS = 8


class Taps(NamedTuple):
    """Where the pixels of one line come from.

    Attributes:
        source: int64 [target, k], source pixels; beyond the line's ends the end pixel counts.
        weight: int32 [target, k]; each row adds up to 2**14. A weight of 0 means the pixel does not take part.
    """

    source: npt.NDArray[np.int64]
    weight: Ints


def shrink_taps(source: int, target: int) -> Taps:
    """Area averaging from ``source`` to ``target`` pixels, ``source`` >= ``target``: antialiased, support one target pixel."""
    ends = np.arange(target + 1, dtype=np.int64) * source  # of target pixels; a source pixel is `target` long
    first = ends[:-1] // target
    count = int((-(-ends[1:] // target) - first).max())
    index = first[:, None] + np.arange(count)
    covered = np.clip((index + 1) * target - ends[:-1, None], 0, source)
    running = ((covered << (WEIGHT_BITS + 1)) + source) // (2 * source)
    return Taps(np.minimum(index, source - 1), np.diff(running, axis=1, prepend=0).astype(np.int32))


def enlarge_taps(source: int, target: int, start: int, stop: int) -> Taps:
    """Catmull-Rom interpolation from ``source`` to ``target`` pixels, for the target pixels ``start`` to ``stop`` alone.

    Source: E. Catmull and R. Rom, "A class of local interpolating splines", 1974; the positions are rounded to 1/256 pixel.
    """
    centre = (2 * np.arange(start, stop, dtype=np.int64) + 1) * source - target  # in 1/(2 target) source pixels
    position = ((centre << PHASE_BITS) + target) // (2 * target)
    t = position & ((1 << PHASE_BITS) - 1)
    one = 1 << PHASE_BITS
    # Twice the spline's weights times one**3, summed from the left.
    w0 = t * (-t * t + 2 * t * one - one * one)
    w1 = w0 + 3 * t**3 - 5 * t * t * one + 2 * one**3
    w2 = w1 + t * (-3 * t * t + 4 * t * one + one * one)
    w3 = np.full_like(t, 2 * one**3)
    shift = 3 * PHASE_BITS + 1 - WEIGHT_BITS
    running = (np.stack([w0, w1, w2, w3], axis=1) + (1 << (shift - 1))) >> shift
    index = (position >> PHASE_BITS)[:, None] + np.arange(-1, 3)
    return Taps(index, np.diff(running, axis=1, prepend=0).astype(np.int32))


def resample(values: npt.NDArray[np.integer], rows: Taps, columns: Taps, bits_in: int, bits_out: int) -> Ints:
    """``values`` [h, w, c] with ``bits_in`` fraction bits, at the taps' rows, then columns, with ``bits_out`` fraction bits.

    Sums are rounded half up: ``(sum + half) >> shift``. Overshoot of the interpolation is not clipped.
    """
    middle = _weigh(values, rows, 0, WEIGHT_BITS + bits_in - MIDDLE_BITS)
    return _weigh(middle, columns, 1, WEIGHT_BITS + MIDDLE_BITS - bits_out)


def reach(flags: npt.NDArray[np.bool_], rows: Taps, columns: Taps) -> npt.NDArray[np.bool_]:
    """Which resampled pixels take in a flagged one, with whatever weight: [h', w'] bool of [h, w] bool."""
    for axis, (source, weight) in enumerate((rows, columns)):
        shape = (-1, 1) if axis == 0 else (1, -1)
        taken = [flags.take(source[:, k], axis) & (weight[:, k] != 0).reshape(shape) for k in range(source.shape[1])]
        flags = np.logical_or.reduce(taken)
    return flags


def _weigh(values: npt.NDArray[np.integer], taps: Taps, axis: int, shift: int) -> Ints:
    shape = [1] * values.ndim
    shape[axis] = -1
    length = values.shape[axis]
    total: Ints = np.int32(1 << (shift - 1))  # type: ignore[assignment]
    for k in range(taps.source.shape[1]):
        inside = np.clip(taps.source[:, k], 0, length - 1)
        total = total + values.take(inside, axis) * taps.weight[:, k].reshape(shape)
    return total >> shift
