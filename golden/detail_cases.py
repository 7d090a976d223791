"""detail.json: the steps of the detail step alone, whole photos through it, and grey and toned photos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from compositor_cases import _boxes, _disc, _flat
from scene import Flags, checksum, coded, mix, network, photo, runs

from mobile_inpaint.photo.compositor import tone
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.detail import Detail
from mobile_inpaint.photo.compositor.detail_levels import blurred, depths, doubled, halve, levels, network_level
from mobile_inpaint.photo.compositor.detail_search import Field, Search
from mobile_inpaint.photo.compositor.detail_tree import Tree, descriptors
from mobile_inpaint.photo.compositor.detail_vote import go_back, last_vote, repair_low, vote

_STEPS = (4, 1)
_NUMBERS = (Detail().weight, Detail().penalty, Detail().margin)


def document() -> dict[str, list[Any]]:
    """All of the file."""
    return {
        "network_level": [[side, size, network_level(side, size)] for side, size in _SIZES],
        "blurred": [_blurred(*row) for row in ((1, 1, 1, 1), (5, 9, 2, 2), (17, 6, 4, 3))],
        "halved": [_halved(*row) for row in ((1, 1, 1), (5, 6, 2), (8, 3, 3))],
        "depths": [{"hole": runs(hole), "shape": list(hole.shape), "result": _flat(depths(hole))} for hole in _shapes()],
        "levels": [_levels()],
        "search": [_search()],
        "low": [_low()],
        "back": [_back()],
        "cases": [_case(*row) for row in _scenes()],
        "lines": [_line(*row) for row in _colours()],
    }


_SIZES = ((512, 512), (724, 512), (725, 512), (1448, 512), (1449, 512), (4000, 512), (33, 16))


def _values(height: int, width: int, seed: int, *, signed: bool = False) -> Any:
    y, x, c = np.mgrid[:height, :width, :2]
    return (mix(x, y, c, seed) % 256).astype(np.int32) - (128 if signed else 0)


def _blurred(height: int, width: int, radius: int, seed: int) -> dict[str, Any]:
    values = _values(height, width, seed, signed=True)
    scene = {"shape": list(values.shape), "radius": radius, "values": _flat(values)}
    return {**scene, "result": _flat(blurred(values, radius))}


def _halved(height: int, width: int, seed: int) -> dict[str, Any]:
    values = _values(height, width, seed)
    half = halve(values)
    return {
        "shape": list(values.shape),
        "values": _flat(values),
        "half": _flat(half),
        "doubled": _flat(doubled(half, values.shape)),
    }


def _shapes() -> Iterator[Flags]:
    yield _disc(20, 24, 9, 11, 7)
    yield _boxes(9, 70, (0, 9, 5, 65))
    yield ~_boxes(12, 12)


def _scene() -> tuple[Any, Flags, Flags]:
    """A window: the picture, its hole, and the part of it that is wanted."""
    wanted = _disc(60, 72, 30, 33, 13)
    hole = wanted | _boxes(60, 72, (50, 55, 60, 66))
    picture = photo(60, 72, 7)
    picture[hole] = picture[hole] // 2 + 40
    return picture, hole, wanted


def _window() -> dict[str, Any]:
    picture, hole, wanted = _scene()
    scene = {"width": 72, "height": 60, "picture": coded(picture), "hole": runs(hole), "wanted": runs(wanted)}
    return {**scene, "side": 33, "size": 16}


def _levels() -> dict[str, Any]:
    found = levels(*_scene(), 33, 16, 2, 4)
    return {
        **_window(),
        "levels": [
            {
                "shape": list(level.hole.shape),
                "picture": coded(level.picture),
                "guide": coded(level.guide),
                "hole": runs(level.hole),
                "wanted": runs(level.wanted),
            }
            for level in found
        ],
    }


def _search() -> dict[str, Any]:
    level = levels(*_scene(), 33, 16, 2, 4)[1]
    search = Search(level, *_NUMBERS)
    proposed = Tree(search).nearest()
    first = search.found(proposed[0])
    swept = search.sweep(first, _STEPS, proposed)
    again = search.sweep(swept, _STEPS)
    record = {
        **_window(),
        "targets": _flat(search.targets),
        "descriptors": _flat(descriptors(level, search.targets[:8], search.width)),
        "proposed": [_flat(one) for one in proposed],
        "first_distance": _flat(first.distance),
        "steps": list(_STEPS),
        "swept": {"sources": _flat(swept.sources), "distance": _flat(swept.distance)},
        "swept_again": {"sources": _flat(again.sources), "distance": _flat(again.distance)},
    }
    vote(search, again)
    record["voted"] = coded(level.picture)
    field = Field(again.sources, search.found(again.sources).distance)
    last_vote(search, field)
    return {**record, "last_voted": coded(level.picture)}


def _low() -> dict[str, Any]:
    level = levels(*_scene(), 33, 16, 2, 4)[0]
    before = level.picture.copy()
    y, x, c = np.mgrid[:60, :72, :3]
    level.picture[level.wanted] = (mix(x, y, c, 5) % 256).astype(np.uint8)[level.wanted]
    drawn = coded(level.picture)
    repair_low(level, before, 1, 6, 3)
    return {**_window(), "drawn": drawn, "at": 1, "radius": 6, "ramp_px": 3, "result": coded(level.picture)}


def _back() -> dict[str, Any]:
    """Sources from far away, so that many have other colours than the guide."""
    level = levels(*_scene(), 33, 16, 2, 4)[0]
    search = Search(level, *_NUMBERS)
    known = np.flatnonzero(search.usable)
    sources = known[np.arange(len(search.targets)) * 37 % len(known)]
    plain = level.picture // 2 + 20
    go_back(search, search.found(sources), plain, 3)
    return {**_window(), "sources": _flat(sources), "plain": coded(plain), "radius": 3, "result": coded(level.picture)}


def _scenes() -> Iterator[tuple[str, int, Compositor, Flags, str]]:
    """Name, seed, numbers, hole, tone."""
    auto = Compositor(size_px=16, margin_px=4).with_detail("auto")
    yield "a disc", 31, auto, _disc(80, 96, 40, 50, 17), ""
    yield "at a border, another part beside it", 32, auto, _boxes(70, 110, (0, 20, 30, 52), (30, 36, 80, 84)), ""
    yield "little is known", 33, auto, ~_boxes(40, 48, (0, 12, 0, 48)), ""
    yield "a strip", 34, auto, _boxes(5, 90, (0, 5, 30, 60)), ""
    yield "not shrunk, on", 35, auto.with_detail("on"), _disc(60, 60, 30, 30, 5), ""
    yield "not shrunk, auto", 36, auto, _disc(60, 60, 30, 30, 5), ""
    yield "grey", 37, auto, _disc(60, 70, 30, 30, 12), "grey"
    yield "sepia, off", 38, auto.with_detail("off"), _disc(60, 70, 30, 30, 12), "sepia"


SEPIA = np.array([240, 205, 160], np.int32)
"""Red, green and blue of a toned photo, in 256ths."""


def _case(name: str, seed: int, compositor: Compositor, hole: Flags, toned: str) -> dict[str, Any]:
    height, width = hole.shape
    pixels = photo(height, width, seed)
    green = pixels[..., 1:2].astype(np.int32)
    if toned == "grey":
        pixels = green.repeat(3, axis=2).astype(np.uint8)
    if toned == "sepia":
        pixels = ((green * SEPIA + 128) >> 8).astype(np.uint8)
    result = compositor(pixels, hole, network)
    scene = {"name": name, "width": width, "height": height, "seed": seed, "tone": toned, "numbers": compositor.numbers()}
    return {**scene, "hole": runs(hole), "checksum": checksum(result), "result": coded(result)}


def _colours() -> Iterator[tuple[str, Any]]:
    y, x, c = np.mgrid[:6, :6, :3]
    any_colour = (mix(x, y, c, 9) % 256).astype(np.uint8).reshape(-1, 3)
    green = any_colour[:, 1:2].astype(np.int32)
    sepia = ((green * SEPIA + 128) >> 8).astype(np.uint8)
    yield "none", any_colour[:0]
    yield "grey", green.repeat(3, axis=1).astype(np.uint8)
    yield "sepia", sepia
    yield "sepia and one pixel off it", np.concatenate([sepia, np.array([[90, 90, 30]], np.uint8)])
    yield "one colour", sepia[:1].repeat(5, axis=0)
    yield "any", any_colour


def _line(name: str, known: Any) -> dict[str, Any]:
    line = tone.line_of(known)
    y, x, c = np.mgrid[:4, :4, :3]
    asked = (mix(y, x, c, 3) % 256).astype(np.uint8).reshape(-1, 3)
    answer = None if line is None else _flat(tone.projected(asked, line))
    return {
        "name": name,
        "known": _flat(known),
        "line": line and [list(end) for end in line],
        "asked": _flat(asked),
        "projected": answer,
    }
