"""compositor.json: whole photos through the compositor, and each of its steps alone."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import Any

import numpy as np
from scene import Flags, checksum, coded, mix, network, photo, runs

from mobile_inpaint.photo.compositor import seam
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.resample import Taps, enlarge_taps, shrink_taps
from mobile_inpaint.photo.compositor.tiles import Box, parts, square_round

_SMALL = 100_000
"""Bytes of a result that is written out; of a larger one the checksum is."""


def document() -> dict[str, list[Any]]:
    """All of the file."""
    return {
        "photos": [{"seed": 3, "height": 3, "width": 5, "pixels": coded(photo(3, 5, 3))}],
        "cases": [_case(*row) for row in _scenes()],
        "parts": [_parts(*row) for row in _holes()],
        "squares": list(_squares()),
        "shrink_taps": [
            {"source": source, "target": target, **_taps(shrink_taps(source, target))}
            for source, target in ((16, 16), (17, 16), (32, 16), (47, 16), (100, 7), (5, 1), (4000, 3))
        ],
        "enlarge_taps": [
            {
                "source": source,
                "target": target,
                "start": start,
                "stop": stop,
                **_taps(enlarge_taps(source, target, start, stop)),
            }
            for source, target, start, stop in (
                (16, 16, 0, 16),
                (16, 33, 0, 33),
                (7, 100, 40, 60),
                (1, 5, 0, 5),
                (512, 4032, 0, 9),
            )
        ],
        "match": [_match(*row) for row in ((1, 1, 0), (5, 4, 1), (9, 13, 2), (16, 16, 3))],
        "spread": [_spread(*row) for row in ((1, 1, 240, 4), (1, 6, 240, 5), (7, 3, 0, 6), (12, 11, 200, 7), (8, 8, 256, 8))],
        "variances": [_variances(*row) for row in ((2, 9, 1), (3, 3, 1), (20, 30, 2), (20, 30, 3), (300, 450, 5))],
        "grain": list(_grain()),
        "isqrt": [[value, isqrt(value)] for value in (0, 1, 2, 3, 4, 15, 16, 17, 1023, 1024, 4096000, 36864000, 2147483647)],
    }


def _scenes() -> Iterator[tuple[str, int, Compositor, Flags]]:
    """Name, seed, numbers, hole."""
    small, sixteen = Compositor(size_px=32, margin_px=8), Compositor(size_px=16, margin_px=4)
    yield "one pixel, the whole photo", 1, sixteen, np.ones((1, 1), bool)
    yield "one pixel of nine", 1, sixteen, _boxes(3, 3, (1, 2, 1, 2))
    yield "a column one pixel wide", 2, sixteen, _boxes(70, 1, (30, 41, 0, 1))
    yield "a row one pixel high", 3, sixteen, _boxes(1, 70, (0, 1, 66, 70))
    yield "no hole", 4, small, _boxes(20, 30)
    yield "the whole photo", 5, small, np.ones((40, 25), bool)
    yield "smaller than the network", 6, small, _boxes(19, 23, (5, 14, 6, 17))
    yield "an odd square of the network's size", 7, Compositor(size_px=31, margin_px=5), _boxes(61, 47, (20, 33, 18, 29))
    yield "all four borders", 9, small, _boxes(50, 64, (0, 6, 10, 20), (44, 50, 30, 41), (12, 30, 0, 5), (20, 28, 58, 64))
    yield "all four corners", 10, small, _boxes(45, 45, (0, 9, 0, 9), (0, 9, 36, 45), (36, 45, 0, 9), (36, 45, 36, 45))
    yield "several parts, near and far", 11, sixteen, _boxes(48, 130, (5, 11, 4, 9), (8, 15, 12, 18), (30, 36, 100, 125))
    yield "a thin wire across", 12, sixteen, _wire(60, 140)
    yield "a disc, shrunk", 13, small, _disc(96, 120, 50, 61, 33)
    yield "a disc wider than the photo is high", 15, sixteen, _disc(40, 110, 20, 50, 30)
    yield "speckles", 16, small, _speckles(37, 53, 17)
    yield "nearly everything", 17, small, ~_boxes(41, 38, (0, 3, 0, 38))
    yield "little context, full fade", 18, Compositor(32, context=1.25, fade=256, margin_px=0), _disc(64, 64, 30, 30, 21)
    yield "much context, no fade", 19, Compositor(32, context=2.5, fade=0, margin_px=40), _disc(64, 90, 40, 44, 17)
    yield "the published numbers", 21, Compositor(), _disc(450, 610, 210, 290, 150) | _boxes(450, 610, (0, 30, 560, 600))


def _case(name: str, seed: int, compositor: Compositor, hole: Flags) -> dict[str, Any]:
    calls: list[dict[str, Any]] = []

    def fill(image: Any, mask: Any) -> Any:
        seen = np.floor(image[0].transpose(1, 2, 0) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
        small = hole.size * 3 <= _SMALL
        calls.append({"hole": runs(mask[0, 0] > 0)} | ({"seen": coded(seen)} if small else {"checksum": checksum(seen)}))
        return network(image, mask)

    height, width = hole.shape
    result = compositor(photo(height, width, seed), hole, fill)
    answer = {"result": coded(result)} if result.size <= _SMALL else {"checksum": checksum(result)}
    scene = {"name": name, "width": width, "height": height, "seed": seed}
    return {**scene, "numbers": compositor.numbers(), "hole": runs(hole), "calls": calls, **answer}


def _holes() -> Iterator[tuple[Flags, int]]:
    yield _boxes(30, 40), 8
    yield _boxes(30, 40, (3, 9, 5, 12)), 8
    yield _boxes(90, 40, (3, 9, 5, 12), (60, 88, 1, 2)), 8
    yield _boxes(40, 90, (3, 9, 5, 12), (3, 9, 40, 47), (30, 31, 80, 90)), 8
    yield _wire(70, 160), 16
    yield _disc(60, 60, 30, 30, 25), 10
    yield _speckles(25, 70, 40), 20


def _parts(hole: Flags, limit: int) -> dict[str, Any]:
    boxes = [list(box) for box in parts(hole, limit)]
    return {"width": hole.shape[1], "height": hole.shape[0], "hole": runs(hole), "limit": limit, "boxes": boxes}


def _squares() -> Iterator[dict[str, Any]]:
    for height, width, box, context, size_px in (
        (3000, 4000, Box(1000, 1300, 20, 420), 2.0, 512),
        (3000, 4000, Box(2900, 3000, 3900, 4000), 2.0, 512),
        (720, 1080, Box(100, 680, 100, 875), 2.0, 512),
        (200, 900, Box(10, 190, 360, 540), 3.0, 64),
        (100, 128, Box(0, 9, 0, 100), 2.0, 512),
        (1, 1, Box(0, 1, 0, 1), 2.0, 16),
        (511, 513, Box(0, 511, 0, 513), 1.25, 256),
        (777, 333, Box(13, 340, 11, 322), 1.7, 256),
    ):
        square = square_round(box, (height, width), context, size_px)
        yield {
            "height": height,
            "width": width,
            "box": list(box),
            "context": context,
            "size_px": size_px,
            "square": list(square),
        }


def _taps(taps: Taps) -> dict[str, Any]:
    """Only what has a weight, for a port may lay out its taps as it likes; the ends of the line are not clipped."""
    lines = zip(taps.source.tolist(), taps.weight.tolist(), strict=True)
    kept = [[(s, w) for s, w in zip(source, weight, strict=True) if w] for source, weight in lines]
    return {"source_of": [[s for s, _ in line] for line in kept], "weight": [[w for _, w in line] for line in kept]}


def _match(height: int, width: int, seed: int) -> dict[str, Any]:
    hole = (
        _speckles(height, width, height * width // 2 + 1, seed)
        if seed % 2
        else _disc(height, width, height // 2, width // 2, 4)
    )
    y, x, c = np.mgrid[:height, :width, :3]
    guess, truth = ((mix(x, y, c, seed + plus) % 4081).astype(np.int32) for plus in (100, 200))
    matched = np.where(hole[..., None], seam.match(guess, truth, hole, 240), truth)
    scene = {"width": width, "height": height, "hole": runs(hole), "fade": 240}
    return {**scene, "guess": _flat(guess), "truth": _flat(truth), "result": _flat(matched)}


def _spread(height: int, width: int, fade: int, seed: int) -> dict[str, Any]:
    edge = _speckles(height, width, max(1, height * width // 5), seed)
    y, x, c = np.mgrid[:height, :width, :3]
    difference = (mix(x, y, c, seed) % 769).astype(np.int32) - 384
    scene = {"width": width, "height": height, "edge": runs(edge), "fade": fade}
    return {**scene, "difference": _flat(difference), "result": _flat(seam.spread(difference, edge, fade))}


def _variances(height: int, width: int, seed: int) -> dict[str, Any]:
    where = ~_disc(height, width, height // 2, width // 2, min(height, width) // 5)
    result = seam.grain_variances(photo(height, width, seed), where)
    return {"width": width, "height": height, "seed": seed, "where": runs(where), "result": _flat(result)}


def _grain() -> Iterator[dict[str, Any]]:
    for missing, box in (
        ([0, 0, 1000, 0], Box(0, 3, 0, 4)),
        ([9000, 64000, 1000, 250000], Box(3000, 3004, 4027, 4032)),
        ([4096000, 4096000, 4096000, 36864000], Box(7, 9, 1, 8)),
    ):
        noise = seam.grain(np.array(missing, np.int32), box)
        yield {"missing": missing, "box": list(box), "noise": _flat(noise)}


def _flat(values: Any) -> list[int]:
    return [int(value) for value in np.asarray(values).reshape(-1)]


def _boxes(height: int, width: int, *boxes: tuple[int, int, int, int]) -> Flags:
    hole = np.zeros((height, width), bool)
    for top, bottom, left, right in boxes:
        hole[top:bottom, left:right] = True
    return hole


def _disc(height: int, width: int, row: int, column: int, radius: int) -> Flags:
    y, x = np.mgrid[:height, :width]
    return np.asarray((y - row) ** 2 + (x - column) ** 2 <= radius**2)


def _wire(height: int, width: int) -> Flags:
    hole = np.zeros((height, width), bool)
    columns = np.arange(width)
    rows = columns * (height - 7) // width
    for down in range(2):
        hole[rows + 3 + down, columns] = True
    return hole


def _speckles(height: int, width: int, count: int, seed: int = 1) -> Flags:
    y, x = np.mgrid[:height, :width]
    noise = mix(x, y, 0, seed)
    return np.asarray(noise <= np.sort(noise, axis=None)[count - 1])
