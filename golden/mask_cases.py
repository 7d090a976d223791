"""mask.json: how grey levels become a hole, what painting and growing give, and which masks are refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scene import coded, mix, runs

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo.mask import Mask, Polarity, polarity_hint

_POLARITIES: tuple[Polarity, ...] = ("white", "black", "alpha")


def document() -> dict[str, list[Any]]:
    """All of the file."""
    return {
        "read": [_read(polarity) for polarity in _POLARITIES],
        "painted": list(_painted()),
        "grown": list(_grown()),
        "refused": list(_refused()),
        "hints": list(_hints()),
    }


def _read(polarity: Polarity) -> dict[str, Any]:
    """RGBA as a picture file holds it."""
    y, x, c = np.mgrid[:9, :11, :4]
    rgba = (mix(x, y, c, 31) % 256).astype(np.uint8)
    rgba[0, :4] = [[127, 127, 127, 127], [128, 128, 128, 128], [255, 76, 0, 0], [0, 217, 5, 255]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mask.png"
        Image.fromarray(rgba).save(path)
        mask = Mask.open(path, hole=polarity)
    return {"polarity": polarity, "width": mask.width, "height": mask.height, "rgba": coded(rgba), "hole": runs(mask.hole)}


def _painted() -> Iterator[dict[str, Any]]:
    """Strokes of a round brush, each erasing or not, one after the other."""
    for width, height, strokes in (
        (40, 30, [{"points": [[20, 15]], "radius": 0, "erase": False}]),
        (40, 30, [{"points": [[20, 15]], "radius": 6, "erase": False}]),
        (40, 30, [{"points": [[-3, 4], [44, 27]], "radius": 2, "erase": False}]),
        (33, 47, [{"points": [[5, 40], [9, 3], [28, 30], [28, 30]], "radius": 4, "erase": False}]),
        (
            50,
            50,
            [
                {"points": [[10, 10], [40, 40]], "radius": 8, "erase": False},
                {"points": [[40, 10], [10, 40]], "radius": 3, "erase": True},
                {"points": [[25, 25]], "radius": 1, "erase": False},
            ],
        ),
        (20, 20, [{"points": [[100, 100], [120, 90]], "radius": 5, "erase": False}]),
    ):
        hole = np.zeros((height, width), bool)
        for stroke in strokes:
            hole = _paint(hole, stroke)
        yield {"width": width, "height": height, "strokes": strokes, "hole": runs(hole)}


def _paint(hole: Any, stroke: dict[str, Any]) -> Any:
    """The pixels of the stroke's lines, grown by its radius, on a sheet that is wider than the photo by what they may reach."""
    points, radius = stroke["points"], stroke["radius"]
    edge = radius + max(max(abs(x), abs(y)) for x, y in points)
    height, width = hole.shape
    sheet = np.zeros((height + 2 * edge, width + 2 * edge), bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            x, y = (a + (2 * i * (b - a) + steps) // (2 * steps) for a, b in ((x0, x1), (y0, y1)))
            if 0 <= y + edge < sheet.shape[0] and 0 <= x + edge < sheet.shape[1]:
                sheet[y + edge, x + edge] = True
    touched = Mask(sheet).grow(radius).hole[edge : edge + height, edge : edge + width]
    return hole & ~touched if stroke["erase"] else hole | touched


def _grown() -> Iterator[dict[str, Any]]:
    y, x = np.mgrid[:60, :70]
    blob = (y - 30) ** 2 + (x - 33) ** 2 < 200
    dots = (mix(x, y, 0, 5) % 400) == 0
    ring = blob & ((y - 30) ** 2 + (x - 33) ** 2 > 120)
    for hole in (blob, dots, ring | (x == 69), x + y < 9):
        mask = Mask(np.asarray(hole))
        for px in (0, 1, 3, 7):
            grown = runs(mask.grow(px).hole)
            yield {"width": 70, "height": 60, "hole": runs(mask.hole), "px": px, "auto_px": mask.auto_px, "grown": grown}


def _refused() -> Iterator[dict[str, Any]]:
    for width, height, hole, photo, allow_full in (
        (4, 3, [[1, 1, 2]], [4, 4], False),
        (4, 3, [], [4, 3], False),
        (4, 3, [[0, 0, 4], [1, 0, 4], [2, 0, 4]], [4, 3], False),
        (4, 3, [[0, 0, 4], [1, 0, 4], [2, 0, 4]], [4, 3], True),
        (4, 3, [[2, 3, 4]], [4, 3], False),
    ):
        mask = np.zeros((height, width), bool)
        for row, start, end in hole:
            mask[row, start:end] = True
        scene = {"width": width, "height": height, "hole": hole, "photo": photo, "allow_full": allow_full}
        try:
            Mask(mask).check((photo[1], photo[0]), allow_full=allow_full)
        except MaskError as error:
            yield {**scene, "refused": str(error)}
        else:
            yield {**scene, "refused": None}


def _hints() -> Iterator[dict[str, Any]]:
    y, x = np.mgrid[:20, :30]
    disc = (y - 10) ** 2 + (x - 15) ** 2 < 30
    for hole in (~disc, disc, x < 20):
        yield {"width": 30, "height": 20, "hole": runs(np.asarray(hole)), "hint": polarity_hint(Mask(np.asarray(hole)))}
