"""``photo/compositor/resample.py`` as ONNX nodes: resampling in whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mobile_inpaint.photo.compositor.resample import MIDDLE_BITS, PHASE_BITS, WEIGHT_BITS
from mobile_inpaint.targets.pipeline.values import Value, concatenate, minimum


class Taps(NamedTuple):
    """Where the pixels of one line come from; unlike ``photo.resample.Taps``, a row holds one tap of each target pixel.

    Attributes:
        source: int64 [k, target].
        weight: int32 [k, target].
    """

    source: Value
    weight: Value


def shrink_taps(source: Value, target: int) -> Taps:
    """Area averaging from ``source`` to ``target`` pixels, ``source`` >= ``target``."""
    graph = source.graph
    ends = graph.constant(np.arange(target + 1), np.int64) * source
    start, end = ends[:-1], ends[1:]
    first = start // target
    count = ((end + (target - 1)) // target - first).max(0)
    index = first + graph.arange(0, count)[:, None]
    covered = ((index + 1) * target - start).clip(0, source)
    running = ((covered << (WEIGHT_BITS + 1)) + source) // (2 * source)
    return Taps(minimum(index, source - 1), _differences(running))


def enlarge_taps(source: int, target: Value, pixels: Value) -> Taps:
    """Catmull-Rom interpolation from ``source`` to ``target`` pixels, for the target ``pixels`` [n] alone."""
    one = 1 << PHASE_BITS
    centre = (2 * pixels + 1) * source - target
    position = ((centre << PHASE_BITS) + target) // (2 * target)
    t = position & (one - 1)
    w0 = t * (2 * t * one - t * t - one * one)
    w1 = w0 + 3 * t * t * t - 5 * t * t * one + 2 * one**3
    w2 = w1 + t * (4 * t * one - 3 * t * t + one * one)
    w3 = t * 0 + 2 * one**3
    shift = 3 * PHASE_BITS + 1 - WEIGHT_BITS
    running = (concatenate([w[None] for w in (w0, w1, w2, w3)], 0) + (1 << (shift - 1))) >> shift
    index = (position >> PHASE_BITS) + t.graph.constant([[-1], [0], [1], [2]], np.int64)
    return Taps(index.clip(0, source - 1), _differences(running))


def resample(values: Value, rows: Taps, columns: Taps, bits_in: int, bits_out: int) -> Value:
    """int32 ``values`` [c, h, w] with ``bits_in`` fraction bits, at the taps' rows, then columns, with ``bits_out``."""
    middle = _weigh(values, rows, WEIGHT_BITS + bits_in - MIDDLE_BITS).transpose(0, 2, 1)
    return _weigh(middle, columns, WEIGHT_BITS + MIDDLE_BITS - bits_out).transpose(0, 2, 1)


def reach(flags: Value, rows: Taps, columns: Taps) -> Value:
    """Which resampled pixels take in a flagged one of ``flags`` [h, w], with whatever weight."""
    return _touch(_touch(flags, rows).transpose(1, 0), columns).transpose(1, 0)


def _differences(running: Value) -> Value:
    return (running - concatenate([running[:1] * 0, running[:-1]], 0)).astype(np.int32)


def _weigh(values: Value, taps: Taps, shift: int) -> Value:
    """Along the rows of [c, h, w]: runtimes copy rows at once but columns number by number, so columns come transposed."""

    def add(k: Value, total: Value) -> list[Value]:
        return [total + values.take(taps.source[k], 1).astype(np.int32) * taps.weight[k][:, None]]

    half = values.graph.constant(1 << (shift - 1), np.int32)
    return values.graph.loop(add, [half], times=taps.source.length(0))[0] >> shift


def _touch(flags: Value, taps: Taps) -> Value:
    def join(k: Value, touched: Value) -> list[Value]:
        return [touched | flags.take(taps.source[k], 0) & (abs(taps.weight[k]) > 0)[:, None]]

    return flags.graph.loop(join, [flags.graph.constant(False, np.bool_)], times=taps.source.length(0))[0]
