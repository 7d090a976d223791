"""What the patches found make of the hole: votes, and repairs of its edge and of its low frequencies. Whole numbers only.

Source: Y. Wexler, E. Shechtman and M. Irani, "Space-time completion of video", 2007 (all patches over a pixel vote for it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor import seam
from mobile_inpaint.photo.compositor.detail_levels import (
    DEPTHS,
    REACH,
    Flags,
    Level,
    Pixels,
    blurred,
    depths,
    doubled,
    grown,
    halve,
)
from mobile_inpaint.photo.compositor.detail_search import Field, Search
from mobile_inpaint.photo.compositor.resample import Ints
from mobile_inpaint.photo.compositor.tiles import bounding_box

_BY_DEPTH = np.array([round(256 / 1.15**depth) for depth in range(DEPTHS + 1)], np.int32)
_BY_FIT = np.array([round(256 * np.exp(-k / 4)) for k in range(17)], np.int32)
"""256 exp(-D / mean D) in quarters."""
_AT_EDGE = np.array([round(256 * np.exp((1 - depth) / 3)) if 0 < depth < 20 else 0 for depth in range(DEPTHS + 1)], np.int32)
_RING_PX = 2
_UNLIKE = 40
"""Levels that a source's low band may be off before the fill goes back to the network's; 16 more, and all of it does."""
_BAND = 16
"""Rows voted on at a time; the result does not depend on it."""
_WHOLE = tuple((y, x, 1) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1))
_MIDDLE = tuple((y - 1, x - 1, n) for y, line in enumerate(((1, 2, 1), (2, 4, 2), (1, 2, 1))) for x, n in enumerate(line))
"""Offsets in a patch, and what they count."""


def vote(search: Search, field: Field, *, fits: bool = True) -> None:
    """Gives every wanted pixel of the level's picture the mean of what the patches over it propose.

    Args:
        search: of the level.
        field: the patches.
        fits: patches that fit better count more.
    """
    level = search.level
    for part, votes, seen in _voted(search, _say(search, field, fits=fits), field, _WHOLE):
        np.copyto(level.picture[part], votes, where=(level.wanted[part] & seen)[..., None])


def last_vote(search: Search, field: Field) -> None:
    """The same with the patches' middles alone, which is sharper; the edge is then led over to the known pixels.

    No middle reaches the two outermost lines of the window. What is wanted there keeps what the vote before gave it.
    """
    level = search.level
    wanted = level.wanted
    ring = grown(wanted, _RING_PX) & ~level.hole
    box = bounding_box(wanted | ring)
    assert box is not None  # where there are targets there are wanted pixels
    area = box.slices
    heard = np.zeros_like(ring)
    apart = np.zeros((*wanted[area].shape, 3), np.int16)
    for (rows, columns), votes, seen in _voted(search, _say(search, field, fits=True), field, _MIDDLE):
        np.copyto(level.picture[rows, columns], votes, where=(wanted[rows, columns] & seen)[..., None])
        at = np.nonzero(ring[rows, columns] & seen)
        there = at[0] + rows.start, at[1] + columns.start
        heard[there] = True
        apart[there[0] - box.top, there[1] - box.left] = level.picture[there] - votes[at].astype(np.int16)
    heard, wanted, fading = heard[area], wanted[area], _AT_EDGE[search.depth[area]]
    picture = level.picture[area]
    for k in range(3):  # a channel at a time, to keep memory small
        bent = (seam.spread(apart[..., k : k + 1].astype(np.int32), heard, seam.FULL)[..., 0] * fading + 128) >> 8
        bent += picture[..., k]
        np.copyto(picture[..., k], np.clip(bent, 0, 255), where=wanted, casting="unsafe")


def repair_low(level: Level, before: Pixels, at: int, radius: int, ramp_px: int) -> None:
    """Takes what the low frequencies of the hole have drifted away from the network's fill back, less so at the edge.

    Args:
        level: the finest; its picture is changed.
        before: [h, w, 3], with the network's fill.
        at: the drift is blurred at 1 / 2**at of the size.
        radius: of the blur there.
        ramp_px: from the edge to where all of it is taken back.
    """
    depth = depths(level.hole)
    for k in range(3):  # a channel at a time, to keep memory small
        drift: npt.NDArray[Any] = before[..., k] - level.picture[..., k].astype(np.int16)
        shapes = []
        for _ in range(at):
            shapes.append(drift.shape)
            drift = halve(np.pad(drift, [(0, length % 2) for length in drift.shape]))
        drift = blurred(drift.astype(np.int32) << 4, radius)
        for shape in reversed(shapes):
            drift = doubled(drift, shape, np.int16)
        for top in range(0, len(depth), _BAND):
            band = slice(top, top + _BAND)
            part = np.minimum(depth[band].astype(np.int32) * 256 // ramp_px, 256)
            mended = level.picture[band, :, k] + ((drift[band] * part + 2048) >> 12)
            np.copyto(level.picture[band, :, k], np.clip(mended, 0, 255), where=level.wanted[band], casting="unsafe")


def go_back(search: Search, field: Field, plain: Pixels, radius: int) -> None:
    """Gives the wanted pixels back what they get where nothing is copied, where no source has the network's colours.

    Args:
        search: of the finest level; its picture is changed.
        field: the patches.
        plain: [h, w, 3], the picture with the wanted pixels as they are where nothing is copied.
        radius: of the blur that leads from one to the other.
    """
    level, width = search.level, search.width
    guide = level.guide.reshape(-1, 4)
    weight = np.zeros(level.hole.size, np.int32)
    for begin in range(0, len(search.targets), 1 << 14):
        part = slice(begin, begin + (1 << 14))
        targets, sources = search.targets[part], field.sources[part]
        here, there = (guide[place + 2 * (place // width) + width + 3, :3] for place in (targets, sources))
        off = (np.maximum(here, there) - np.minimum(here, there)).max(axis=1).astype(np.int32)
        weight[targets] = np.clip((off - _UNLIKE) * 16, 0, 256)
    if not weight.any():
        return
    share = blurred(weight.reshape(level.hole.shape), radius)
    box = bounding_box(level.wanted & (share > 0))
    if box is not None:
        picture, own = level.picture[box.slices], share[box.slices][..., None]
        mixed = picture + ((plain[box.slices].astype(np.int32) - picture) * own + 128 >> 8)
        np.copyto(picture, mixed, where=level.wanted[box.slices][..., None], casting="unsafe")


def _say(search: Search, field: Field, *, fits: bool) -> Ints:
    say = _BY_DEPTH[search.depth.ravel()[search.targets]]
    if not fits:
        return say * 256
    mean = max(int(field.distance.sum(dtype=np.int64)) // len(field.distance), 1)
    return say * _BY_FIT[np.minimum(4 * field.distance.astype(np.int64) // mean, 16)]


def _voted(
    search: Search, say: Ints, field: Field, offsets: tuple[tuple[int, int, int], ...]
) -> Iterator[tuple[tuple[slice, slice], Pixels, Flags]]:
    """For bands of the level, one below the other: where, the votes' means there, and whether anyone voted.

    Args:
        search: of the level.
        say: of each target.
        field: the targets' sources.
        offsets: of a patch's pixels that count, and the weight of each; sorted.
    """
    height, width = search.height, search.width
    colours = np.zeros((height * width, 4), np.uint8)
    colours[:, :3] = search.level.picture.reshape(-1, 3)  # of sources, that is of known pixels, so that they do not change
    colours = colours.view(np.int32)[:, 0]
    reach = offsets[-1][0]
    targets, first = search.targets, int(search.targets[0]) // width
    for top in range(max(first - reach, 0), min(int(targets[-1]) // width + reach + 1, height), _BAND):
        bottom = min(top + _BAND, height)
        begin, end = np.searchsorted(targets, [max(top - reach, 0) * width, min(bottom + reach, height) * width])
        if begin == end:
            continue
        rows, columns = np.divmod(targets[begin:end], width)
        left, right = int(columns.min()) - reach, int(columns.max()) + reach + 1  # within the picture, as targets are
        # Beside the targets, a source that may be read and counts nothing.
        sources = np.full((_BAND + 2 * reach, right - left + 2 * reach), REACH * (width + 1), np.int32)
        weights = np.zeros(sources.shape, np.int32)
        at = rows - (top - reach), columns - (left - reach)
        sources[at], weights[at] = field.sources[begin:end], say[begin:end]
        shape = bottom - top, right - left
        red, green, blue, weight = np.zeros((4, *shape), np.int32)
        for y, x, times in offsets:
            there = slice(reach - y, reach - y + shape[0]), slice(reach - x, reach - x + shape[1])
            colour = colours[sources[there] + (y * width + x)]
            counts = weights[there] * times
            weight += counts
            red += (colour & 255) * counts
            green += (colour >> 8 & 255) * counts
            blue += (colour >> 16) * counts
        double = 2 * np.maximum(weight, 1)
        votes = np.stack([(2 * total + weight) // double for total in (red, green, blue)], axis=2).astype(np.uint8)
        yield (slice(top, bottom), slice(left, right)), votes, weight > 0
