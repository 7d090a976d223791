"""A photo of any size and its mask in, the filled photo out, in one ONNX graph: our compositor round a network.

Step by step ``compositor.py``, and to the bit for the same answer of the network; ``docs/compositor.md`` says why each
step is as it is. Nodes of the default domain only, of kinds that ONNX Runtime has on every CPU and in the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mobile_inpaint.photo.compositor.compositor import FILL_BITS, Compositor
from mobile_inpaint.targets.pipeline import seam
from mobile_inpaint.targets.pipeline.resample import enlarge_taps, reach, resample, shrink_taps
from mobile_inpaint.targets.pipeline.tiles import Box, Square, bounding_box, parts, square_round
from mobile_inpaint.targets.pipeline.values import Graph, Value, concatenate, maximum, minimum, where

BAND = 1 << 18
"""Pixels of a part that are worked on at a time, in whole rows: a large hole must not cost a hundred bytes for each pixel."""


def photo_model(network: Any, compositor: Compositor, *, hole: int) -> Any:
    """The ModelProto that does what ``compositor`` does with ``network`` as its fill.

    ``image`` uint8 [1, 3, height, width] RGB and ``mask`` uint8 [1, 1, height, width] give ``result`` uint8
    [1, 3, height, width]: every pixel outside the hole as given, nothing inside read.

    Args:
        network: ModelProto of a Fill of ``compositor.size_px``: ``image``, ``mask`` to ``output``, of whatever precision.
        compositor: with its numbers.
        hole: 1: the mask is a hole from 128 up; 0: below.
    """
    graph = Graph()

    def fill(image: Value, mask: Value) -> Value:
        return graph.embed(network, {"image": image, "mask": mask}, "output", "network/")

    photo, mask = graph.input("image", np.uint8), graph.input("mask", np.uint8)
    bright = (mask & 128).astype(np.bool_).reshape(mask.length(2), mask.length(3))
    result = _Compositor(compositor, fill)(photo, bright if hole else ~bright)
    size: list[int | str] = ["height", "width"]
    return graph.model(
        {"image": [1, 3, *size], "mask": [1, 1, *size]},
        {"result": (result, [1, 3, *size])},
        ir_version=network.ir_version,
        opset_imports=network.opset_import,
    )


class _Compositor:
    """``photo.compositor.Compositor`` with values for arrays."""

    def __init__(self, numbers: Compositor, fill: Callable[[Value, Value], Value]) -> None:
        self.numbers, self.fill = numbers, fill

    def __call__(self, pixels: Value, hole: Value) -> Value:
        """``pixels`` uint8 [1, 3, H, W] with the ``hole`` bool [H, W] filled."""
        boxes = parts(hole, int(self.numbers.size_px / self.numbers.context))

        def fill_part(k: Value, photo: Value, todo: Value) -> list[Value]:
            box = Box.of(boxes[k])
            square = square_round(box, hole.length(0), hole.length(1), self.numbers.context, self.numbers.size_px)
            seen, unseen = self._look(photo, todo, square)
            patch = self._paste(photo, todo, box, square, self._filled(seen, unseen))
            patch = self._with_grain(photo, todo, box, patch)
            return [_put(photo, patch[None], box), _put(todo, todo[box.slices] & False, box)]

        return pixels.graph.loop(fill_part, [pixels, hole], times=boxes.length(0))[0]

    def _look(self, photo: Value, todo: Value, square: Square) -> tuple[Value, Value]:
        """The square at the network's size, int32 [3, N, N], and which of its pixels take in a hole pixel."""
        rows = _folded(square.top, square.side, photo.length(2))
        columns = _folded(square.left, square.side, photo.length(3))
        hidden = todo.take(rows, 0).transpose(1, 0).take(columns, 0).transpose(1, 0)
        given = where(hidden, 0, photo.take(rows, 2).squeeze(0).transpose(0, 2, 1).take(columns, 1).transpose(0, 2, 1))
        taps = shrink_taps(square.side, self.numbers.size_px)
        return resample(given, taps, taps, 0, 0), reach(hidden, taps, taps)

    def _filled(self, seen: Value, unseen: Value) -> Value:
        """The square without a hole, int32 [3, N, N] in 1/16 grey levels."""
        given = where(unseen, 0, seen).astype(np.float32) / 255
        answer = self.fill(given[None], unseen.astype(np.float32)[None][None])[0]
        size = seen.graph.int64(self.numbers.size_px)
        box = bounding_box(unseen).grown(1, size, size)
        hole, truth = unseen[box.slices], (seen << FILL_BITS)[:, *box.slices]
        bright = answer[:, *box.slices].astype(np.float64).clip(0, 1) * (255 << FILL_BITS)
        guess = (bright + 0.5).floor().astype(np.int32)
        matched = seam.match(guess, truth, hole, self.numbers.fade, self.numbers.size_px).clip(0, 255 << FILL_BITS)
        return _put(seen << FILL_BITS, where(hole, matched, truth), box)

    def _paste(self, photo: Value, todo: Value, box: Box, square: Square, filled: Value) -> Value:
        """The photo in ``box``, uint8 [3, h, w], with the fill where ``todo``."""
        size, patch, hole = self.numbers.size_px, photo[..., *box.slices][0], todo[box.slices]
        columns = enlarge_taps(size, square.side, photo.graph.arange(box.left, box.right) - square.left)

        def band(rows: Value) -> Value:
            taps = enlarge_taps(size, square.side, rows + (box.top - square.top))
            values = resample(filled, taps, columns, FILL_BITS, 0).clip(0, 255).astype(np.uint8)
            return where(hole.take(rows, 0), values, patch.take(rows, 1))

        return _in_bands(band, box)

    def _with_grain(self, photo: Value, todo: Value, box: Box, patch: Value) -> Value:
        """``patch``, the photo in ``box``, with the noise that the known pixels round it have and it has not."""
        near, hole = box.grown(self.numbers.margin_px, todo.length(0), todo.length(1)), todo[box.slices]
        known = seam.grain_variances(photo[..., *near.slices][0], ~todo[near.slices])
        missing = maximum(known - seam.grain_variances(patch, hole), 0)
        columns = photo.graph.arange(box.left, box.right)

        def band(rows: Value) -> Value:
            plain = patch.take(rows, 1)
            values = (plain.astype(np.int32) + seam.grain(missing, rows + box.top, columns)).clip(0, 255).astype(np.uint8)
            return where(hole.take(rows, 0), values, plain)

        return _in_bands(band, box)


def _in_bands(band: Callable[[Value], Value], box: Box) -> Value:
    """[3, h, w] put together out of what ``band`` makes of the box's rows, a few at a time; ``band([n]) -> [3, n, w]``."""
    graph = box.top.graph
    step = minimum(maximum(BAND // box.width, 1), box.height)

    def one(k: Value) -> list[Value]:
        return [band(minimum(graph.arange(k * step, (k + 1) * step), box.height - 1))]

    (bands,) = graph.loop(one, [], times=(box.height + step - 1) // step)
    return bands.transpose(1, 0, 2, 3).reshape(3, -1, box.width)[:, : box.height]


def _put(values: Value, patch: Value, box: Box) -> Value:
    """``values`` [..., h, w] with ``patch`` in its place."""
    middle = concatenate(
        [values[..., box.top : box.bottom, : box.left], patch, values[..., box.top : box.bottom, box.right :]], -1
    )
    return concatenate([values[..., : box.top, :], middle, values[..., box.bottom :, :]], -2)


def _folded(start: Value, count: Value, length: Value) -> Value:
    """``count`` pixels from ``start`` of a line that is mirrored at its ends, the end pixel repeated."""
    turn = start.graph.arange(start, start + count) % (2 * length)
    return minimum(turn, 2 * length - 1 - turn)
