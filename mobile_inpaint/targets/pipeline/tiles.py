"""``compositor/tiles.py`` as ONNX nodes: which parts of a hole are filled together, and through which square of the photo."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mobile_inpaint.photo.compositor.tiles import THIN
from mobile_inpaint.targets.pipeline.values import Value, concatenate, maximum, minimum, where


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends exclusive; int64 scalars."""

    top: Value
    bottom: Value
    left: Value
    right: Value

    @classmethod
    def of(cls, row: Value) -> Box:
        """The box that a vector of four holds."""
        return cls(*(row[k] for k in range(4)))

    @property
    def height(self) -> Value:
        return self.bottom - self.top

    @property
    def width(self) -> Value:
        return self.right - self.left

    @property
    def side(self) -> Value:
        return maximum(self.height, self.width)

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, height: Value, width: Value) -> Box:
        """``by`` larger on each side, as far as a photo of that height and width goes."""
        return Box(
            maximum(self.top - by, 0),
            minimum(self.bottom + by, height),
            maximum(self.left - by, 0),
            minimum(self.right + by, width),
        )


class Square(NamedTuple):
    """What the network sees; int64 scalars."""

    top: Value
    left: Value
    side: Value


def parts(hole: Value, limit: int) -> Value:
    """int64 [n, 4]: disjoint tight boxes that together hold ``hole`` [H, W], in the order in which they are filled."""
    graph = hole.graph

    def split_last(_: Value, waiting: Value, found: Value) -> list[Value]:
        loose = Box.of(waiting[-1])
        some, box = _bounding_box(hole, loose)
        cut, whole = _cut(hole, box, limit)
        tall = box.height >= box.width
        first = graph.vector(box.top, where(tall, box.top + cut, box.bottom), box.left, where(tall, box.right, box.left + cut))
        second = graph.vector(where(tall, box.top + cut, box.top), box.bottom, where(tall, box.left, box.left + cut), box.right)
        halves = concatenate([second[None], first[None]], 0)
        return [
            concatenate([waiting[:-1], halves[: where(some & ~whole, 2, 0)]], 0),
            concatenate([found, graph.vector(*box)[None][: where(some & whole, 1, 0)]], 0),
        ]

    everything = graph.vector(0, hole.length(0), 0, hole.length(1))[None]
    none = graph.constant(np.empty((0, 4)), np.int64)
    return graph.loop(split_last, [everything, none], goes_on=lambda waiting, _: waiting.length(0) > 0)[1]


def bounding_box(hole: Value) -> Box:
    """The smallest box that holds every True of ``hole`` [h, w]; there must be one."""
    return _bounding_box(hole, Box(hole.graph.int64(0), hole.length(0), hole.graph.int64(0), hole.length(1)))[1]


def square_round(box: Box, height: Value, width: Value, context: float, smallest: int) -> Square:
    """The crop for ``box`` of a photo of that height and width."""
    widest = maximum(box.side + box.side // 8, minimum(height, width) * 5 // 4)
    wanted = (box.side.astype(np.float64) * context).ceil().astype(np.int64)
    side = maximum(minimum(minimum(wanted, widest), maximum(height, width)), smallest)
    return Square(_start(box.top, box.bottom, side, height), _start(box.left, box.right, side, width), side)


def _start(low: Value, high: Value, side: Value, length: Value) -> Value:
    room = length - side
    return where(room > 0, ((low + high - side) // 2).clip(0, room), room // 2)


def _bounding_box(hole: Value, loose: Box) -> tuple[Value, Box]:
    """Whether there is a hole in ``loose`` at all, and its box; without any, the first row."""
    rows = hole[loose.slices].astype(np.uint8).max(1)
    some = rows.max(0).astype(np.bool_)
    top, bottom = loose.top + rows.argmax(), loose.top + where(some, rows.argmax(last=True), 0) + 1
    columns = hole[top:bottom, loose.left : loose.right].astype(np.uint8).max(0)
    return some, Box(top, bottom, loose.left + columns.argmax(), loose.left + columns.argmax(last=True) + 1)


def _cut(hole: Value, box: Box, limit: int) -> tuple[Value, Value]:
    """Pixels from the box's start along its longer side at which to cut it, and whether it is to stay whole."""
    side = box.side
    profile = hole[box.slices].astype(np.int32).sum(where(box.height >= box.width, 1, 0)).astype(np.int64)
    filled = concatenate([side.graph.vector(0), profile.nonzero(), side[None]], 0)  # a tight box is filled at both ends
    widest = (filled[1:] - filled[:-1]).argmax()
    low, high = filled[widest], filled[widest + 1]
    apart = (high - low - 1) * THIN > side
    thin = profile.sum(0) * THIN < side * side
    quarter = side // 4
    cut = where(apart, (low + high + 1) // 2, quarter + profile[quarter : side - quarter].argmin())
    return cut, (side <= limit) | ~(apart | thin)
