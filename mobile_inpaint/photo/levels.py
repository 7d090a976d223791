"""Whether a picture has two levels, as a mask has, and which of its pixels belong to which.

A level is a grey or a colour that covers an area. Noise of a lossy format and the soft edge of a brush lie near two levels or
between them, and do not count as levels of their own. A photo has too many pixels that are near neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

Numbers: TypeAlias = npt.NDArray[Any]
Flags: TypeAlias = npt.NDArray[np.bool_]
Color: TypeAlias = tuple[int, int, int]

_FEW = 32
"""Different colours of a picture that has no noise: each is looked at by itself."""
_SOLID = 0.3
"""Share of a level's pixels that have it to the right, below and between as well: an edge's blends hardly do."""
_LEAST_CONTRAST = 32
"""Grey levels between two levels that noise lies round; exactly two values may lie closer."""
_NEAR, _LEAST_NEAR, _LEAST_NEAR_EXTREMES = 6, 0.7, 0.5
"""Levels from one of both within which a pixel counts as near, and the share that must be; of 249 photos none has it. Black and
white may have wider soft edges.
"""
_BLACK, _WHITE = 16, 224
_MOST_OF_ONE = 0.3
"""Share of the smaller part that five neighbouring levels in the middle may have: more is a third level."""
_OFF_LINE, _MOST_OFF_LINE = 64, 0.15
"""A pixel so far from the line between both colours is of another one; how many may be, as a share of the smaller part."""
_NEUTRAL = 40
"""Between the channels of a grey that lossy coding has tinted."""
_LOOKED_AT = 1 << 20
"""Pixels, in even steps, from which colours are judged."""


@dataclass(frozen=True)
class Split:
    """A picture of two levels.

    Attributes:
        colors: RGB of both, darker luma first.
        high: HW bool, True = the pixel belongs to the second.
    """

    colors: tuple[Color, Color]
    high: Flags


@dataclass(frozen=True)
class Several:
    """A picture of another number of levels.

    Attributes:
        colors: RGB of each solid level with its share, largest first; empty where there are too many to name, as in a photo.
    """

    colors: tuple[tuple[Color, float], ...] = ()


def is_neutral(color: Color) -> bool:
    """Whether a colour is a grey."""
    return max(color) - min(color) <= _NEUTRAL


def luma(colors: Numbers) -> npt.NDArray[np.uint8]:
    """The luma of HW3 uint8, as Pillow computes it; HW comes back as it is, 16 bits halved."""
    if colors.ndim == 2:
        return np.asarray(colors >> 8 if is_wide(colors) else colors, np.uint8)
    return np.asarray(pil.fromarray(np.ascontiguousarray(colors)).convert("L"))


def is_wide(levels: Numbers) -> bool:
    """Whether levels use 16 bits; a file of 16 bits may hold 0 to 255."""
    return levels.dtype.itemsize > 1 and bool(levels.max() > 255)


def split(colors: Numbers) -> Split | Several:
    """The two levels of a picture, or those it has instead.

    Args:
        colors: HW uint8 or uint16, or HW3 uint8 RGB.
    """
    if colors.ndim == 3:
        if (colors[..., 0] == colors[..., 1]).all() and (colors[..., 0] == colors[..., 2]).all():
            return split(np.ascontiguousarray(colors[..., 0]))
        return _split_colored(colors)
    counts = _histogram(colors)
    present = np.flatnonzero(counts).tolist()
    if len(present) > 2 and is_wide(colors):
        return split(luma(colors))
    if len(present) == 1:
        return Several(((_grey(present[0]), 1.0),))
    if len(present) == 2:
        return Split((_grey(present[0]), _grey(present[1])), colors == present[1])
    if len(present) <= _FEW:
        solid = [level for level in present if _is_solid(colors == level, int(counts[level]))]
        if len(solid) > 2:
            return _named([(_grey(level), int(counts[level])) for level in solid], colors.size)
        if len(solid) == 2:
            return _judged(colors, counts, solid[0], solid[1])
    low, high = _otsu(counts)
    return _judged(colors, counts, low, high) if high - low >= _LEAST_CONTRAST else _quiet(counts)


def are_near(colors: Numbers, pair: tuple[Color, Color]) -> bool:
    """Whether colours, [n] or [n, 3], are those of a picture of these two: most are near one of them.

    Args:
        colors: uint8, or grey in uint16.
        pair: as in :class:`Split`.
    """
    seen = colors if colors.ndim == 2 else colors[:, None]
    bound = _NEAR << 8 if is_wide(colors) else _NEAR
    away = [np.abs(seen.astype(np.int32) - np.array(color[: seen.shape[1]])).max(axis=1) for color in pair]
    return bool((np.minimum(*away) <= bound + 4).mean() >= _LEAST_NEAR_EXTREMES)


def threshold(low: int, high: int) -> int:
    """The first level that belongs to ``high``: 128 between a dark and a bright one, else half-way."""
    return 128 if low < 128 <= high else (low + high + 1) // 2


def _judged(levels: Numbers, counts: Numbers, low: int, high: int) -> Split | Several:
    """The split at ``low`` and ``high`` if few enough pixels lie between."""
    at = np.arange(len(counts))
    away = np.minimum(abs(at - low), abs(at - high))
    first = threshold(low, high)
    smaller = min(int(counts[:first].sum()), int(counts[first:].sum()))
    between = np.where((away > (high - low) / 4) & (at > low) & (at < high), counts, 0)
    middle = int(np.convolve(between, np.ones(5, np.int64)).max())
    least = _LEAST_NEAR_EXTREMES if low <= _BLACK and high >= _WHITE else _LEAST_NEAR
    if counts[away <= _NEAR].sum() < least * counts.sum() or middle > max(_MOST_OF_ONE * smaller, 8):
        return Several()
    return Split((_grey(low), _grey(high)), levels >= first)


def _quiet(counts: Numbers) -> Several:
    """One level with noise, if that is what it is."""
    most = int(counts.argmax())
    near = counts[max(0, most - _LEAST_CONTRAST) : most + _LEAST_CONTRAST + 1].sum()
    return Several(((_grey(most), 1.0),)) if near == counts.sum() else Several()


def _otsu(counts: Numbers) -> tuple[int, int]:
    """The medians of both sides of the level that tells them apart best. Source: N. Otsu, 1979."""
    at = np.arange(len(counts), dtype=np.float64)
    below = np.cumsum(counts).astype(np.float64)
    sums = np.cumsum(counts * at)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
        spread = np.where((below > 0) & (above > 0), below * above * apart * apart, 0.0)
    first = int(spread.argmax()) + 1
    return _median(counts[:first]), first + _median(counts[first:])


def _histogram(levels: Numbers) -> Numbers:
    if levels.dtype == np.uint8:
        return np.array(pil.fromarray(np.ascontiguousarray(levels)).histogram(), np.int64)
    return np.bincount(levels.ravel())


def _median(counts: Numbers) -> int:
    return int(np.searchsorted(np.cumsum(counts), (int(counts.sum()) + 1) // 2))


def _split_colored(colors: Numbers) -> Split | Several:
    picture = pil.fromarray(np.ascontiguousarray(colors))
    few = picture.getcolors(_FEW)
    if few is not None:
        found = sorted(((count, _color(color)) for count, color in few), reverse=True)
        if len(found) == 2:
            return _ordered(found[0][1], found[1][1], _equals(colors, found[1][1]))
        solid = [(color, count) for count, color in found if _is_solid(_equals(colors, color), count)]
        if len(solid) > 2:
            return _named(solid, picture.width * picture.height)
        if len(solid) == 2:
            return _by_line(colors, solid[0][0], solid[1][0])
    step = max(1, round((picture.width * picture.height / _LOOKED_AT) ** 0.5))
    seen = colors[::step, ::step].reshape(-1, 3)
    channel = int(seen.std(axis=0, dtype=np.float32).argmax())
    low, high = _otsu(np.bincount(seen[:, channel], minlength=256))
    if high - low < _LEAST_CONTRAST:
        one_level = np.ptp(colors, axis=(0, 1)).max() <= 2 * _LEAST_CONTRAST
        return Several(((_middle(seen), 1.0),)) if one_level else Several()
    side = seen[:, channel] >= (low + high + 1) // 2
    one, other = _middle(seen[~side]), _middle(seen[side])
    if is_neutral(one) and is_neutral(other):
        return split(luma(colors)) if _is_near(seen, one, other) else Several()
    return _by_line(colors, one, other) if _is_near(seen, one, other) else Several()


def _is_near(seen: Numbers, one: Color, other: Color) -> bool:
    """Whether enough pixels, [n, 3], are near one of two colours, and few of a third."""
    start, step = np.array(one, np.float32), np.array(other, np.float32) - np.array(one, np.float32)
    away = seen.astype(np.float32) - start
    along = away @ step / float(step @ step)
    near = np.minimum(np.abs(away).max(axis=1), np.abs(away - step).max(axis=1)) <= _NEAR + 4
    off = np.abs(away - np.clip(along, 0, 1)[:, None] * step).max(axis=1) > _OFF_LINE
    part = int((along >= 0.5).sum())
    return bool(near.mean() >= _LEAST_NEAR and off.sum() <= _MOST_OFF_LINE * min(part, len(seen) - part) + 8)


def _by_line(colors: Numbers, one: Color, other: Color) -> Split:
    """Each pixel belongs to the colour that it is nearer to along the line between both."""
    step = np.array(other, np.int64) - np.array(one, np.int64)
    along = np.zeros(colors.shape[:2], np.int32)
    for each in range(3):
        along += np.asarray(step[each] * np.arange(256), np.int32)[colors[..., each]]
    return _ordered(one, other, 2 * along >= int(step @ (np.array(one, np.int64) + np.array(other, np.int64))))


def _ordered(one: Color, other: Color, is_other: Flags) -> Split:
    """Both colours, the one of less luma first."""
    if brightness(one) <= brightness(other):
        return Split((one, other), is_other)
    return Split((other, one), ~is_other)


def brightness(color: Color) -> int:
    """The luma of a colour, in 1/65536 of a level: Pillow's weights."""
    return color[0] * 19595 + color[1] * 38470 + color[2] * 7471


def _named(solid: Sequence[tuple[Color, int]], size: int) -> Several:
    return Several(tuple(sorted(((color, count / size) for color, count in solid), key=lambda each: -each[1])))


def _is_solid(level: Flags, count: int) -> bool:
    whole = level[:-1, :-1] & level[1:, :-1] & level[:-1, 1:] & level[1:, 1:]
    return int(whole.sum()) > _SOLID * count


def _equals(colors: Numbers, color: Color) -> Flags:
    return np.asarray((colors[..., 0] == color[0]) & (colors[..., 1] == color[1]) & (colors[..., 2] == color[2]))


def _middle(colors: Numbers) -> Color:
    """The median of each channel of [n, 3]."""
    return _color([_median(np.bincount(colors[:, each], minlength=256)) for each in range(3)])


def _grey(level: int) -> Color:
    return level, level, level


def _color(values: Any) -> Color:
    red, green, blue = (int(value) for value in values)
    return red, green, blue
