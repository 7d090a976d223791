from __future__ import annotations

import time
import tracemalloc
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pictures import SIDEWAYS, colours, exif, jpeg, png
from PIL import Image as pil

from mobile_inpaint.errors import MaskError, PhotoError
from mobile_inpaint.photo.mask import Mask, edge_hint, polarity_hint

HOLES = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24))


def disc(height: int, width: int, y: float, x: float, radius: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    rows, columns = np.ogrid[:height, :width]
    return np.asarray((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)


LEVELS = np.array([[0, 1, 127, 128, 129, 255]], np.uint8)


@pytest.mark.parametrize(("hole", "first"), [("white", 128), ("black", 0), ("alpha", 0)])
def test_polarity_turns_at_grey_128(tmp_path: Path, hole: Any, first: int) -> None:
    grey = pil.fromarray(LEVELS)
    picture = pil.merge("LA", (grey.point(lambda _: 255), grey)) if hole == "alpha" else grey
    picture.save(tmp_path / "mask.png")
    expected = LEVELS >= 128 if hole == "white" else LEVELS < 128
    assert (Mask.open(tmp_path / "mask.png", hole=hole).hole == expected).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
def test_any_kind_of_picture_is_a_mask(tmp_path: Path, mode: str) -> None:
    shape = disc(20, 30, 10, 15, 6)
    suffix = "jpg" if mode == "CMYK" else "png"
    pil.fromarray(shape.astype(np.uint8) * 255).convert("RGB").convert(mode).save(tmp_path / f"mask.{suffix}")
    assert (Mask.open(tmp_path / f"mask.{suffix}").hole == shape).mean() > (0.97 if mode == "CMYK" else 0.999)


def test_a_16_bit_mask_is_read_whole(tmp_path: Path) -> None:
    rows = b"\0" + np.array([0x7FFF, 0x8000], ">u2").tobytes()
    (tmp_path / "mask.png").write_bytes(png(2, 1, depth=16, kind=0, rows=rows))
    assert Mask.open(tmp_path / "mask.png").hole.tolist() == [[False, True]]


def test_a_mask_is_turned_upright_like_the_photo(tmp_path: Path) -> None:
    half = np.zeros((96, 128, 3), np.uint8)
    half[:, :64] = 255
    (tmp_path / "mask.jpg").write_bytes(jpeg(half, exif=b"Exif\0\0" + exif(orientation=SIDEWAYS)))
    mask = Mask.open(tmp_path / "mask.jpg")
    assert mask.hole.shape == (128, 96)
    assert mask.hole[:64].all()
    assert not mask.hole[64:].any()


def test_what_is_no_mask_is_said_in_one_line(tmp_path: Path) -> None:
    pil.fromarray(LEVELS).save(tmp_path / "mask.png")
    with pytest.raises(MaskError, match="no alpha"):
        Mask.open(tmp_path / "mask.png", hole="alpha")
    with pytest.raises(PhotoError, match="no such file"):
        Mask.open(tmp_path / "nobody.png")
    with pytest.raises(PhotoError, match="--max-pixels"):
        Mask.open(tmp_path / "mask.png", max_pixels=5)


def test_arrays_become_masks() -> None:
    expected = [[False, True]]
    for array in ([[False, True]], [[0, 1]], [[0.4, 0.5]], [[127, 128]]):
        assert Mask.from_array(np.array(array)).hole.tolist() == expected
    assert Mask.from_array(np.array(LEVELS)).area == 3
    assert Mask.from_array(np.array(expected)).to_array().tolist() == [[[[0.0, 1.0]]]]


def test_check_names_what_is_wrong() -> None:
    mask = Mask(disc(20, 30, 10, 15, 3))
    mask.check((20, 30, 3))
    for shape in ((30, 20, 3), (20, 31), (40, 60, 3)):
        with pytest.raises(MaskError, match=f"30 x 20 pixels, the photo .* {shape[1]} x {shape[0]}"):
            mask.check(shape)
    with pytest.raises(MaskError, match="empty"):
        Mask(np.zeros((20, 30), bool)).check((20, 30))
    full = Mask(np.ones((20, 30), bool))
    with pytest.raises(MaskError, match="--allow-full"):
        full.check((20, 30))
    full.check((20, 30), allow_full=True)


def test_polarity_hint_speaks_for_an_inverted_mask_only() -> None:
    subject = disc(100, 100, 50, 50, 20)
    assert polarity_hint(Mask(subject)) is None
    assert "--hole black" in (polarity_hint(Mask(~subject)) or "")
    assert polarity_hint(Mask(disc(100, 100, 50, 50, 48))) is None  # large, but drawn within the photo


@given(HOLES)
def test_box_is_tight(hole: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    mask = Mask(hole)
    if not hole.any():
        with pytest.raises(MaskError, match="empty"):
            _ = mask.box
        return
    top, bottom, left, right = mask.box
    inside = hole[top:bottom, left:right]
    assert inside.sum() == hole.sum()
    assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@settings(deadline=None)
@given(HOLES, st.integers(0, 30))
def test_growth_is_the_exact_euclidean_disc(hole: np.ndarray[Any, np.dtype[np.bool_]], px: int) -> None:
    rows, columns = np.indices(hole.shape)
    expected = np.zeros_like(hole)
    for y, x in np.argwhere(hole):
        expected |= (rows - y) ** 2 + (columns - x) ** 2 <= px * px
    assert (Mask(hole).grow(px).hole == expected).all()


def test_growth_does_not_stop_at_bands() -> None:
    hole = np.zeros((900, 40), bool)
    hole[[100, 255, 256, 700], [3, 20, 30, 39]] = True
    rows, columns = np.indices(hole.shape)
    expected = np.zeros_like(hole)
    for y, x in np.argwhere(hole):
        expected |= (rows - y) ** 2 + (columns - x) ** 2 <= 37 * 37
    assert (Mask(hole).grow(37).hole == expected).all()


def test_growth_leaves_its_mask_alone() -> None:
    hole = disc(50, 50, 25, 25, 5)
    mask = Mask(hole.copy())
    mask.grow(5)
    assert (mask.hole == hole).all()
    assert mask.grow(0) is mask


@settings(deadline=None)
@given(HOLES)
def test_automatic_growth_goes_by_the_largest_connected_part(hole: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    if not hole.any():
        return
    left, largest = set(map(tuple, np.argwhere(hole).tolist())), 0
    while left:
        part = [left.pop()]
        for y, x in part:
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            part += near
        largest = max(largest, len(part))
    assert Mask(hole).auto_px == max(2, (6 * isqrt(largest) + 50) // 100)


def test_automatic_growth_does_not_add_up_strokes() -> None:
    one = np.zeros((400, 400), bool)
    one[50:150, 50:150] = True
    four = one | one[::-1] | one[:, ::-1] | one[::-1, ::-1]
    assert Mask(one).auto_px == Mask(four).auto_px == 6
    assert Mask(one).grow_auto().box == (44, 156, 44, 156)
    spiral = np.zeros((101, 101), bool)
    spiral[::4] = True
    spiral[2::8, -1] = spiral[1::8, -1] = spiral[3::8, -1] = True
    spiral[6::8, 0] = spiral[5::8, 0] = spiral[7::8, 0] = True  # one snake through every row
    assert Mask(spiral).auto_px == (6 * isqrt(int(spiral.sum())) + 50) // 100


def blob(softness: float, *, texture: float = 0) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], Mask]:
    """A dark disc, its edge ``softness`` pixels wide, on a lighter ground of the same texture; and its exact mask."""
    rows, columns = np.ogrid[:300, :400]
    distance = np.hypot(rows - 150, columns - 200)
    inside = np.clip(0.5 - (distance - 80) / softness, 0, 1)[..., None]
    pixels = 180 - 120 * inside + np.random.default_rng(0).normal(0, texture, (300, 400, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8), Mask(disc(300, 400, 150, 200, 80))


@pytest.mark.parametrize(("softness", "texture"), [(1, 0), (1, 8), (4, 2), (1, 14)])
def test_edge_hint_speaks_where_the_mask_ends_on_the_object(softness: float, texture: float) -> None:
    pixels, tight = blob(softness, texture=texture)
    assert f"--grow auto ({tight.auto_px} px)" in (edge_hint(pixels, tight) or "")
    assert edge_hint(pixels, tight.grow(12)) is None
    assert edge_hint(pixels, tight.grow_auto()) is None


def test_edge_hint_is_silent_where_there_is_nothing_to_see() -> None:
    flat = np.full((100, 100, 3), 128, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    for hole in (disc(100, 100, 50, 50, 20), disc(100, 100, 0, 0, 30), disc(100, 100, 50, 50, 0), np.ones((100, 100), bool)):
        assert edge_hint(flat, Mask(hole)) is None
        assert edge_hint(noise, Mask(hole)) is None


def test_edge_hint_sees_a_large_photo_as_a_small_one() -> None:
    pixels, tight = blob(2)
    large = pixels.repeat(5, axis=0).repeat(5, axis=1)
    assert edge_hint(large, Mask(tight.hole.repeat(5, axis=0).repeat(5, axis=1)))


def test_a_small_hole_in_a_large_photo_costs_little() -> None:
    hole = np.zeros((3000, 4000), bool)
    hole[1000:1400, 2000:2500] = True
    hole[5, 5] = hole[-5, -5] = True
    mask = Mask(hole)
    started = time.perf_counter()
    mask.check((3000, 4000, 3))
    mask.grow_auto().box  # noqa: B018
    assert time.perf_counter() - started < 1  # 0.06 s on two cores
    tracemalloc.start()
    mask.grow(40)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * hole.size


def test_masks_and_photos_have_the_same_size(tmp_path: Path) -> None:
    pil.fromarray(colours()).save(tmp_path / "mask.png")
    mask = Mask.open(tmp_path / "mask.png", hole="white")
    assert (mask.height, mask.width) == colours().shape[:2]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 50), st.integers(1, 50), st.sampled_from([0.002, 0.05, 0.5]), st.integers(1, 300)
)
def test_growth_by_any_distance_is_exact(seed: int, height: int, width: int, share: float, px: int) -> None:
    hole = np.random.default_rng(seed).random((height, width)) < share
    y, x = np.mgrid[:height, :width]
    expected = np.zeros_like(hole)
    for at_y, at_x in np.argwhere(hole):
        expected |= (y - at_y) ** 2 + (x - at_x) ** 2 <= px * px
    assert np.array_equal(Mask(hole).grow(px).hole, expected)


def test_growth_of_rows_and_columns_longer_than_16_bits() -> None:
    hole = np.zeros((40_000, 3), bool)
    hole[20_000, 1] = True
    for mask in (Mask(hole), Mask(np.ascontiguousarray(hole.T))):
        grown = mask.grow(10_000)
        assert grown.area == 2 * 9_999 * 3 + 3 + 2  # the outermost row of the disc is one pixel wide
        assert grown.grow(10**400).hole.all()


@pytest.mark.parametrize("px", [10, 4_000])
def test_growth_takes_a_time_that_hardly_depends_on_how_far(px: int) -> None:
    hole = np.random.default_rng(0).random((2_000, 2_500)) < 0.001
    started = time.process_time()
    Mask(hole).grow(px)
    assert time.process_time() - started < 3  # 0.2 s
