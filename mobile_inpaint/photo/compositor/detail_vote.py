"""What the patches found make of the hole: votes, and repairs of its edge and of its low frequencies. Whole numbers only.

Source: Y. Wexler, E. Shechtman and M. Irani, "Space-time completion of video", 2007 (all patches over a pixel vote for it).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.compositor import seam
from mobile_inpaint.photo.compositor.detail_levels import DEPTHS, REACH, Flags, Level, Pixels, blurred, depths, doubled, grown
from mobile_inpaint.photo.compositor.detail_search import Field, Search
from mobile_inpaint.photo.compositor.resample import Ints
from mobile_inpaint.photo.compositor.tiles import bounding_box

_BY_DEPTH = np.array([round(256 / 1.15**depth) for depth in range(DEPTHS + 1)], np.int32)
_BY_FIT = np.array([round(256 * np.exp(-k / 4)) for k in range(17)], np.int32)
"""256 exp(-D / mean D) in quarters."""
_AT_EDGE = np.array([round(256 * np.exp(-depth / 3)) if 0 < depth < 20 else 0 for depth in range(DEPTHS + 1)], np.int32)
_RING_PX = 2
_SHARP = ((1, 2, 1), (2, 4, 2), (1, 2, 1))


def vote(search: Search, field: Field, *, fits: bool = True) -> None:
    """Gives every wanted pixel of the level's picture the mean of what the patches over it propose.

    Args:
        search: of the level.
        field: the patches.
        fits: patches that fit better count more.
    """
    level = search.level
    whole = [(y, x, 1) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1)]
    voted, _ = _voted(search, _say(search, field, fits=fits), field, whole, level.wanted)
    level.picture[level.wanted] = voted[level.wanted.ravel()]


def last_vote(search: Search, field: Field) -> None:
    """The same with the patches' middles alone, which is sharper; the edge is then led over to the known pixels.

    No middle reaches the two outermost lines of the window. What is wanted there keeps what the vote before gave it.
    """
    level = search.level
    middle = [(y - 1, x - 1, weight) for y, line in enumerate(_SHARP) for x, weight in enumerate(line)]
    ring = grown(level.wanted, _RING_PX) & ~level.hole
    voted, seen = _voted(search, _say(search, field, fits=True), field, middle, level.wanted | ring)
    box = bounding_box(level.wanted | ring)
    assert box is not None  # where there are targets there are wanted pixels
    area, shape = box.slices, (*level.hole.shape, 3)
    seen = seen.reshape(shape[:2])
    drawn = np.where(seen[..., None], voted.reshape(shape), level.picture)[area].astype(np.int32)
    ring = (ring & seen)[area]
    wanted = level.wanted[area]
    apart = np.where(ring[..., None], level.picture[area].astype(np.int32) - drawn, 0)
    bent = drawn + ((seam.spread(apart, ring, seam.FULL) * _AT_EDGE[depths(level.hole)[area]][..., None] + 128) >> 8)
    level.picture[area][wanted] = np.clip(bent, 0, 255)[wanted]


def repair_low(level: Level, before: Pixels, at: int, radius: int, ramp_px: int) -> None:
    """Takes what the low frequencies of the hole have drifted away from the network's fill back, less so at the edge.

    Args:
        level: the finest; its picture is changed.
        before: [h, w, 3], with the network's fill.
        at: the drift is blurred at 1 / 2**at of the size.
        radius: of the blur there.
        ramp_px: from the edge to where all of it is taken back.
    """
    drift = before.astype(np.int32) - level.picture
    shapes = []
    for _ in range(at):
        shapes.append(drift.shape)
        odd = ((0, drift.shape[0] % 2), (0, drift.shape[1] % 2), (0, 0))
        drift = (seam.four(np.pad(drift, odd)) + 2) >> 2
    drift = blurred(drift << 4, radius)
    for shape in reversed(shapes):
        drift = doubled(drift, shape)
    part = np.minimum(depths(level.hole).astype(np.int32) * 256 // ramp_px, 256)
    mended = level.picture + ((drift * part[..., None] + 2048) >> 12)
    level.picture[level.wanted] = np.clip(mended, 0, 255)[level.wanted]


def _say(search: Search, field: Field, *, fits: bool) -> Ints:
    depth = depths(search.level.hole).ravel()[search.targets]
    say = _BY_DEPTH[depth]
    if not fits:
        return say * 256
    mean = max(int(field.distance.sum(dtype=np.int64)) // len(field.distance), 1)
    return say * _BY_FIT[np.minimum(4 * field.distance.astype(np.int64) // mean, 16)]


def _voted(
    search: Search, say: Ints, field: Field, offsets: list[tuple[int, int, int]], where: Flags
) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """[h * w, 3] the votes' means where ``where``, and [h * w] whether anyone voted."""
    level, width = search.level, search.width
    size = level.hole.size
    colours = level.picture.reshape(-1, 3)
    total, weight = np.zeros((size, 3), np.int32), np.zeros(size, np.int32)
    for y, x, times in offsets:
        offset = y * width + x
        there = search.targets + offset
        total[there] += (say * times)[:, None] * colours[field.sources + offset]
        weight[there] += say * times
    seen = where.ravel() & (weight > 0)
    result = np.zeros((size, 3), np.uint8)
    result[seen] = (2 * total[seen] + weight[seen, None]) // (2 * weight[seen, None])
    return result, seen
