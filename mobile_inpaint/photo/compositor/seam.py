"""What makes a fill belong to its surroundings: their colour at the seam, their grain inside. Whole numbers only."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor.resample import Ints
from mobile_inpaint.photo.compositor.tiles import Box

Flags = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

FULL = 256
"""A weight of one, and a fade of none."""
LIMIT = 24 << 4
"""How far one pixel's difference counts from the median of all: beyond, it is a line or an edge that passes by, not a tint."""
SAMPLES = 1 << 16
"""About so many pixels are looked at to measure grain, however large the hole."""


def match(guess: Ints, truth: Ints, hole: Flags, fade: int) -> Ints:
    """``guess`` [h, w, 3] with the colour of the known pixels round the hole, less and less so away from its edge.

    On the hole's outermost pixels the difference between the mean of the known among their eight neighbours and the guess is
    taken, spread over the hole and added. Nothing is asked of the network beyond the hole: a ring of known pixels given up
    to compare truth and guess there costs it more context than the comparison gains (``docs/compositor.md``).

    Args:
        guess: inside ``hole``; elsewhere not read.
        truth: outside ``hole``; elsewhere not read.
        hole: [h, w].
        fade: 0 to 256, what is left of the correction each time the distance to the edge doubles.
    """
    near = _nine(~hole)[..., None]
    total = _nine(np.where(hole[..., None], 0, truth))
    mean = (2 * total + near) // np.maximum(2 * near, 1)
    edge = hole & (near[..., 0] > 0)
    if not edge.any():
        return guess
    difference = mean - guess
    middle = np.partition(difference[edge], (edge.sum() - 1) // 2, axis=0)[(edge.sum() - 1) // 2]
    return guess + spread(np.clip(difference, middle - LIMIT, middle + LIMIT), edge, fade)


def spread(difference: Ints, edge: Flags, fade: int) -> Ints:
    """``difference`` [h, w, c], given where ``edge`` is, everywhere: averages over ever larger squares, faded towards zero.

    Push and pull over a pyramid: each level halves the one before, a square counts fully once one of its four is known, and
    on the way back what a level does not know comes from the coarser one, interpolated and times ``fade`` / 256.

    Source: S. Gortler et al., "The Lumigraph", 1996, section 3.4 (push-pull), here in whole numbers and with a fade.
    """
    if max(edge.shape) == 1:
        return np.where(edge[..., None], difference, 0)
    height, width = edge.shape
    pad = ((0, height % 2), (0, width % 2))
    weight = np.pad(edge, pad).astype(np.int32)
    value = np.pad(difference * edge[..., None], (*pad, (0, 0)))
    count = four(weight)[..., None]
    mean = (2 * four(value) + count) // np.maximum(2 * count, 1)
    coarse = spread(mean, count[..., 0] > 0, fade)
    fine = (double(double(coarse, 0), 1) * fade + 8 * FULL) >> 12
    return np.where(edge[..., None], difference, fine[:height, :width])


def grain_variances(pixels: Pixels, where: Flags) -> Ints:
    """Variance of the noise of R, G, B and of R+G+B, in 1/4096 squared grey levels, among the pixels ``where``.

    From the median of |3x3 second difference of second difference|, over windows that lie wholly inside: edges and texture
    that fill less than half of the area do not count, and clean graphics give 0.

    Source: J. Immerkaer, "Fast noise variance estimation", 1996, with the median in place of the mean.
    """
    height, width = where.shape
    step = max(1, height * width // SAMPLES)
    lines = [slice(k, height - 2 + k, step) for k in range(3)]
    inside = where[lines[0]] & where[lines[1]] & where[lines[2]]
    inside = inside[:, :-2] & inside[:, 1:-1] & inside[:, 2:]
    a, b, c = (pixels[line].astype(np.int32) for line in lines)
    down = a - 2 * b + c
    response = (down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:])[inside]
    if len(response) == 0:
        return np.zeros(4, np.int32)
    response = np.abs(np.concatenate([response, response.sum(axis=1, keepdims=True)], axis=1))
    median = np.partition(response, len(response) // 2, axis=0)[len(response) // 2]
    # sigma = median / (0.6745 * 6), at most 32; 250 = 4096 / (0.6745 * 6)**2
    return np.asarray(250 * np.minimum(median, [128, 128, 128, 384]) ** 2, np.int32)


def grain(missing: Ints, box: Box) -> Ints:
    """Noise [h, w, 3] in grey levels for the photo's pixels in ``box``; a pixel's noise depends on its place alone.

    Args:
        box: rows and columns of the photo.
        missing: four variances as :func:`grain_variances` gives them; what R+G+B has beyond the sum of the three is shared
            by all channels, the rest is each channel's own.
    """
    each = [int(v) for v in missing[:3]]
    shared = min(max((int(missing[3]) - sum(each)) // 6, 0), *each)
    y = np.arange(box.top, box.bottom, dtype=np.uint32)[:, None, None]
    x = np.arange(box.left, box.right, dtype=np.uint32)[:, None]
    own = np.array([isqrt(v - shared) for v in each], np.int32)
    total = bell(x, y, np.arange(3, dtype=np.uint32)) * own + bell(x, y, np.array([3], np.uint32)) * isqrt(shared)
    # The bell's deviation is 147.8 and the variances' unit 1/64 grey level: 443 / 2**22 = 1 / (147.8 * 64)
    return np.asarray((total * 443 + (1 << 21)) >> 22, np.int32)


def bell(x: npt.NDArray[np.uint32], y: npt.NDArray[np.uint32], channel: npt.NDArray[np.uint32]) -> Ints:
    """Nearly normal whole numbers, mean 0, deviation 147.8: four bytes of a hash, added. uint32 products wrap.

    Rows ``y`` [h, 1, 1], columns ``x`` [w, 1] and channels [c] give int32 [h, w, c].
    """
    h = x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77) ^ channel * np.uint32(0xC2B2AE3D)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    h = h ^ (h >> np.uint32(16))
    four = sum(((h >> np.uint32(shift)) & np.uint32(255)).astype(np.int32) for shift in (0, 8, 16, 24))
    return np.asarray(four - 510, np.int32)


def _nine(values: npt.NDArray[Any]) -> Ints:
    """Sums over 3x3, beyond the rim 0."""
    padded = np.pad(values.astype(np.int32), ((1, 1), (1, 1)) + ((0, 0),) * (values.ndim - 2))
    height, width = values.shape[:2]
    rows = padded[:height] + padded[1 : height + 1] + padded[2:]
    total: Ints = rows[:, :width] + rows[:, 1 : width + 1] + rows[:, 2:]
    return total


def four(values: Ints) -> Ints:
    """Sums over squares of two by two: [h/2, w/2, c] of [h, w, c], h and w even."""
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]


def double(values: Ints, axis: int) -> Ints:
    """Twice as long along ``axis``, times 4: each new pixel is 3 parts its own old one and 1 part the neighbour on its side."""
    values = np.moveaxis(values, axis, 0)
    before = np.concatenate([values[:1], values[:-1]])
    after = np.concatenate([values[1:], values[-1:]])
    both = np.stack([3 * values + before, 3 * values + after], axis=1)
    return np.moveaxis(both.reshape(-1, *values.shape[1:]), 0, axis)
