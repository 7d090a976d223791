"""A classical fill that copies: the hole is pieced together from patches of what is known, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mobile_inpaint.photo.image import Image, to_image, to_pixels
from mobile_inpaint.photo.mask import Hole

_SIDE = 7
"""Of a patch, in pixels."""
_REACH = _SIDE // 2
_COARSEST_PX = 24
"""The shorter side at which the pyramid ends, where structure is a few pixels wide."""
_ROUNDS = (3, 4, 6, 8, 12)
"""How often patches are searched and colours voted, from the finest level on; the last holds for all coarser ones."""
_FADE = 1.3
"""A pixel's say, for each pixel it lies deeper in the hole, is divided by this."""
_LEAST_SAY = 1e-3

_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]
_NEIGHBOURS = ((0, -1), (-1, 0), (0, 1), (1, 0))
_INSIDE = [(dy, dx) for dy in range(-_REACH, _REACH + 1) for dx in range(-_REACH, _REACH + 1)]
"""The pixels of a patch, from its centre."""


def patches(image: Image, mask: Image, *, seed: int = 0) -> Image:
    """The image filled so that every patch in the hole looks like one around it, in 8 bits.

    From a coarse picture to the fine one, by turns: each patch that touches the hole finds its nearest among those that lie
    wholly in what is known, and each pixel of the hole takes the mean of what the patches over it propose.

    Args:
        image: NCHW float32 RGB in [0,1]; known pixels come back as given.
        mask: N1HW float32, 1 = hole.
        seed: of the search; the same gives the same fill.

    Source: Wexler, Shechtman, Irani, Space-Time Completion of Video (2007), for the alternation over a pyramid and its
    weights; Barnes, Shechtman, Finkelstein, Goldman, PatchMatch (2009), for the search.
    """
    holes = mask >= 0.5
    filled = [
        to_image(_complete(to_pixels(one[None]), hole[0], np.random.default_rng(seed)))
        for one, hole in zip(image, holes, strict=True)
    ]
    return np.where(holes, np.concatenate(filled), image)


class _Reduced(NamedTuple):
    """The picture at a fraction of its size: [h, w, 3] means of what is known, [h, w] nothing is, [h, w] not all is."""

    picture: _Floats
    blank: Hole
    hole: Hole

    def halved(self) -> _Reduced:
        """Half as wide and high, rounded up."""
        height, width = self.hole.shape
        pad = ((0, height % 2), (0, width % 2))
        known = np.pad(~self.blank, pad)
        count = _four(known.astype(np.float32))
        total = _four(np.pad(self.picture, (*pad, (0, 0))) * known[..., None])
        picture = (total / np.maximum(count, 1)[..., None]).astype(np.float32)
        return _Reduced(picture, count == 0, _four(np.pad(self.hole, pad).astype(np.float32)) > 0)


@dataclass(frozen=True)
class _Level:
    """One picture of the pyramid.

    Attributes:
        picture: [h, w, 3] grey levels; in the hole, what is thought so far.
        hole: [h, w].
        targets: [n, 2] rows and columns of the patches' centres that must be found.
        known: [h, w], True where a patch's centre may be copied from.
        say: [n], how far each target is believed: 1 at the hole's edge, less inside.
    """

    picture: _Floats
    hole: Hole
    targets: _Ints
    known: Hole
    say: _Floats

    @classmethod
    def of(cls, picture: _Floats, hole: Hole) -> _Level:
        touched = _grown(hole, _REACH)
        inside = np.zeros_like(hole)
        inside[_REACH:-_REACH, _REACH:-_REACH] = True
        near = np.argwhere(touched & inside)
        return cls(picture, hole, near, inside & ~touched, _say(hole)[*near.T])

    def patches(self, centres: _Ints) -> _Floats:
        """[n, 3, 7, 7] at ``centres`` [n, 2]."""
        windows = np.lib.stride_tricks.sliding_window_view(self.picture, (_SIDE, _SIDE), (0, 1))
        rows, columns = (centres - _REACH).T
        patches: _Floats = windows[rows, columns]
        return patches


def _complete(pixels: npt.NDArray[np.uint8], hole: Hole, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    if not hole.any() or hole.all():
        return pixels
    pyramid = [_Reduced(np.where(hole[..., None], 0, pixels).astype(np.float32), hole, hole)]
    while pyramid[-1].blank.any():
        pyramid.append(pyramid[-1].halved())
    guess = pyramid[-1].picture
    sources: _Ints | None = None
    for depth, reduced in reversed(list(enumerate(pyramid))):
        height, width = reduced.hole.shape
        guess = np.where(reduced.blank[..., None], guess.repeat(2, 0).repeat(2, 1)[:height, :width], reduced.picture)
        if min(height, width) < _SIDE or (depth > 0 and min(height, width) < _COARSEST_PX):
            continue
        level = _Level.of(guess, reduced.hole)
        if not level.known.any():
            continue  # too little is known here to copy from; a finer picture has more
        found = _start(level, sources, random)
        if sources is not None:
            _vote(level, found)
        for _ in range(_ROUNDS[min(depth, len(_ROUNDS) - 1)]):
            found = _search(level, found, random)
            _vote(level, found)
        sources, guess = _field(level, found), level.picture
    return np.asarray(np.clip(np.rint(guess), 0, 255), np.uint8)


def _start(level: _Level, coarser: _Ints | None, random: np.random.Generator) -> _Ints:
    """A source for each target, [n, 2]: where the coarser level found one, there; else by lot."""
    everywhere = np.argwhere(level.known)
    drawn = everywhere[random.integers(len(everywhere), size=len(level.targets))]
    if coarser is None:
        return drawn
    parents = np.minimum(level.targets // 2, np.array(coarser.shape[:2]) - 1)
    found = coarser[*parents.T]
    sources = np.clip(found * 2 + level.targets - parents * 2, 0, np.array(level.hole.shape) - 1)
    return np.where((found[:, :1] >= 0) & level.known[*sources.T][:, None], sources, drawn)


def _search(level: _Level, found: _Ints, random: np.random.Generator) -> _Ints:
    """Better sources: those that suit a neighbouring target, shifted along, and some by lot from ever smaller windows."""
    shape = np.array(level.hole.shape)
    wanted = level.patches(level.targets)
    best = _distance(level.patches(found), wanted)
    number = np.full(level.hole.shape, -1, np.int64)
    number[*level.targets.T] = np.arange(len(level.targets))
    for step in (4, 1):
        for direction in _NEIGHBOURS:
            offset = np.array(direction) * step
            beside = number[*np.clip(level.targets + offset, 0, shape - 1).T]
            candidates = np.where(beside[:, None] >= 0, found[beside] - offset, found)
            found, best = _better(level, wanted, found, best, candidates)
    radius = int(shape.max()) // 2
    while radius >= 1:
        candidates = found + random.integers(-radius, radius, found.shape, endpoint=True)
        found, best = _better(level, wanted, found, best, candidates)
        radius //= 3
    return found


def _better(level: _Level, wanted: _Floats, found: _Ints, best: _Floats, candidates: _Ints) -> tuple[_Ints, _Floats]:
    candidates = np.clip(candidates, 0, np.array(level.hole.shape) - 1)
    tried = np.flatnonzero(level.known[*candidates.T] & (candidates != found).any(axis=1))
    distance = _distance(level.patches(candidates[tried]), wanted[tried])
    won = tried[distance < best[tried]]
    found, best = found.copy(), best.copy()
    found[won], best[won] = candidates[won], distance[distance < best[tried]]
    return found, best


def _distance(one: _Floats, other: _Floats) -> _Floats:
    """Sums of squared differences, [n], of patches [n, ...]."""
    difference = (one - other).reshape(len(one), -1)
    squares: _Floats = np.einsum("ij,ij->i", difference, difference)
    return squares


def _vote(level: _Level, found: _Ints) -> None:
    """Gives every pixel of the hole the mean of what the patches over it propose, the likelier ones counting more."""
    distance = _distance(level.patches(found), level.patches(level.targets))
    scale = max(float(np.quantile(distance, 0.75)), 1.0)
    say = level.say * np.exp(-distance / (2 * scale)) + 1e-12
    total, weight = np.zeros_like(level.picture), np.zeros(level.hole.shape, np.float32)
    for offset in _INSIDE:
        there, here = (level.targets + offset).T, (found + offset).T
        total[*there] += say[:, None] * level.picture[*here]
        weight[*there] += say
    level.picture[level.hole] = total[level.hole] / weight[level.hole][:, None]


def _field(level: _Level, found: _Ints) -> _Ints:
    """The source of each target by place, [h, w, 2]; -1 elsewhere."""
    field = np.full((*level.hole.shape, 2), -1, np.int64)
    field[*level.targets.T] = found
    return field


def _say(hole: Hole) -> _Floats:
    """How far a patch with its middle here is believed, [h, w]: 1 up to the hole's edge, ever less inside."""
    say, left = np.ones(hole.shape, np.float32), ~hole
    while left.size and not left.all() and say.min() > _LEAST_SAY:
        say[~left] /= _FADE
        left = _grown(left, 1)
    return say


def _grown(hole: Hole, by: int) -> Hole:
    """``by`` pixels larger on each side, corners too."""
    for axis in (0, 1):
        pad = [(by, by) if axis == own else (0, 0) for own in (0, 1)]
        hole = np.any(np.lib.stride_tricks.sliding_window_view(np.pad(hole, pad), 2 * by + 1, axis), axis=-1)
    return hole


def _four(values: _Floats) -> _Floats:
    """Sums over squares of two by two."""
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
