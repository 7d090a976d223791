"""``photo/compositor/seam.py`` as ONNX nodes: colour at the seam, grain inside."""

from __future__ import annotations

import numpy as np

from mobile_inpaint.photo.compositor.seam import FULL, LIMIT, SAMPLES
from mobile_inpaint.targets.pipeline.values import Value, concatenate, maximum, minimum, where

_ONE_BEHIND, _BEYOND = (0, 0, 0, 1), 1 << 20
"""Behind the values to rank comes one larger than all, so that an empty set has an element too; no rank of theirs changes."""


def match(guess: Value, truth: Value, hole: Value, fade: int, size_px: int) -> Value:
    """``guess`` [3, h, w] with the colour of the known pixels round the ``hole`` [h, w], of at most ``size_px`` squared."""
    near = _nine((~hole).astype(np.int32), 2)
    total = _nine(where(hole, 0, truth), 3)
    mean = (2 * total + near) // maximum(2 * near, 1)
    edge = hole & (near > 0)
    difference = mean - guess
    edges = edge.astype(np.int64).sum(0).sum(0)
    at_edge = difference.reshape(3, -1).compress(edge.reshape(-1), 1).pad(*_ONE_BEHIND, rank=2, fill=_BEYOND)
    middle = at_edge.ranked(maximum(edges - 1, 0) // 2)[:, :, None]
    return guess + spread(difference.clip(middle - LIMIT, middle + LIMIT), edge, fade, size_px)


def spread(difference: Value, edge: Value, fade: int, longest: int) -> Value:
    """``difference`` [3, h, w], given where ``edge`` is, everywhere; neither side is longer than ``longest``.

    Levels beyond the one where nothing is left but one pixel change nothing, so their number is fixed.
    """
    if longest == 1:
        return where(edge, difference, 0)
    height, width = edge.length(0), edge.length(1)
    odd = (0, height % 2, 0, width % 2)
    count = _four(edge.astype(np.int32).pad(*odd, rank=2))
    total = _four(where(edge, difference, 0).pad(*odd, rank=3))
    mean = (2 * total + count) // maximum(2 * count, 1)
    coarse = spread(mean, count > 0, fade, (longest + 1) // 2)
    fine = (_double(_double(coarse, height).transpose(0, 2, 1), width).transpose(0, 2, 1) * fade + 8 * FULL) >> 12
    return where(edge, difference, fine)


def grain_variances(pixels: Value, flags: Value) -> Value:
    """int32 [4]: variance of the noise of R, G, B and of R+G+B among the ``pixels`` [3, h, w] where ``flags``."""
    height, width = flags.length(0), flags.length(1)
    step = maximum(height * width // SAMPLES, 1)
    last = maximum(height - 2, 0)
    lines = [slice(k, last + k, step) for k in range(3)]
    inside = flags[lines[0]] & flags[lines[1]] & flags[lines[2]]
    inside = inside[:, :-2] & inside[:, 1:-1] & inside[:, 2:]
    a, b, c = (pixels[:, line].astype(np.int32) for line in lines)
    down = a - 2 * b + c
    across = down[..., :-2] - 2 * down[..., 1:-1] + down[..., 2:]
    response = across.reshape(3, -1).compress(inside.reshape(-1), 1)
    response = abs(concatenate([response, response.sum(0, keepdims=True)], 0))
    windows = response.length(1)
    median = response.pad(*_ONE_BEHIND, rank=2, fill=_BEYOND).ranked(windows // 2)[:, 0]
    median = minimum(median, median.graph.constant([128, 128, 128, 384], np.int32))
    return where(windows > 0, 250 * median * median, 0)


def grain(missing: Value, rows: Value, columns: Value) -> Value:
    """Noise [3, h, w] in grey levels for the photo's ``rows`` [h] and ``columns`` [w]."""
    each = missing[:3]
    shared = minimum(maximum((missing[3] - each.sum(0)) // 6, 0), each.min(0))
    bell = _bell(columns, rows[:, None])
    total = bell[:3] * _isqrt(each - shared)[:, None, None] + bell[3] * _isqrt(shared)
    return (total * 443 + (1 << 21)) >> 22


def _isqrt(values: Value) -> Value:
    return values.astype(np.float64).sqrt().floor().astype(np.int32)


def _bell(x: Value, y: Value) -> Value:
    """int32 [4, h, w]: four bytes of a hash of the pixel's place and the channel, added, minus 510."""
    channel = x.graph.constant(np.arange(4).reshape(4, 1, 1) * 0xC2B2AE3D % (1 << 32), np.int64)
    h = _low(x * 0x9E3779B1) ^ _low(y * 0x85EBCA77) ^ channel
    h = _wrapped(h ^ _without(h, 16), 0x7FEB352D)
    h = _wrapped(h ^ _without(h, 15), 0x846CA68B)
    h = h ^ _without(h, 16)
    four = (h & 255) + (_without(h, 8) & 255) + (_without(h, 16) & 255) + _without(h, 24)
    return four.astype(np.int32) - 510


def _wrapped(h: Value, factor: int) -> Value:
    """The low 32 bits of ``h * factor``; in two halves, as the whole product does not fit int64."""
    return _low(h * (factor & 0xFFFF) + ((h * (factor >> 16) & 0xFFFF) << 16))


def _without(h: Value, bits: int) -> Value:
    """``h >> bits`` of numbers that are not negative, in a third of the nodes."""
    return h.graph.node("Div", [h, h.graph.constant(1 << bits, np.int64)], np.int64)


def _low(h: Value) -> Value:
    return h & 0xFFFFFFFF


def _nine(values: Value, rank: int) -> Value:
    """Sums over 3x3 of the last two of ``rank`` axes, beyond the rim 0."""
    padded = values.pad(1, 1, 1, 1, rank=rank)
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]


def _four(values: Value) -> Value:
    pairs = values[..., ::2, :] + values[..., 1::2, :]
    return pairs[..., ::2] + pairs[..., 1::2]


def _double(values: Value, length: Value) -> Value:
    """[c, h, w] twice as high, cut to ``length``, times 4: 3 parts a pixel's own, 1 part its neighbour on that side."""
    new = values.graph.arange(0, length)
    own = new >> 1
    neighbour = (own + 2 * (new & 1) - 1).clip(0, values.length(1) - 1)
    return 3 * values.take(own, 1) + values.take(neighbour, 1)
