"""A grey photo stays grey, a toned one toned; others are left alone."""

import numpy as np
import pytest

from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.tone import GREY, line_of, projected
from mobile_inpaint.photo.image import Image

RNG = np.random.default_rng(0)
LUMA = RNG.integers(20, 200, (90, 110))
HOLE = np.zeros((90, 110), bool)
HOLE[30:62, 40:75] = True
SEPIA = np.array([1.1, 0.95, 0.72])


def coloured_fill(image: Image, mask: Image) -> Image:
    return np.where(mask > 0, np.random.default_rng(1).random(image.shape, np.float32), image)


@pytest.mark.parametrize("way", ["auto", "off", "on"])
def test_a_grey_photo_is_filled_with_grey(way: str) -> None:
    pixels = LUMA[..., None].repeat(3, axis=2).astype(np.uint8)
    result = Compositor(size_px=32).with_detail(way)(pixels, HOLE, coloured_fill)
    assert (result.max(axis=2) == result.min(axis=2)).all()
    assert len(np.unique(result[HOLE])) > 20, "and not with one grey"


def test_a_sepia_photo_is_filled_with_sepia() -> None:
    pixels = np.clip(np.rint(LUMA[..., None] * SEPIA), 0, 255).astype(np.uint8)
    result = Compositor(size_px=32).with_detail("off")(pixels, HOLE, coloured_fill)
    inside = result[HOLE].astype(int)
    inside = inside[inside.max(axis=1) < 255]
    assert len(inside) > 500
    brightness = inside.sum(axis=1, keepdims=True) / SEPIA.sum()
    assert np.abs(inside - brightness * SEPIA).max() <= 3


def test_a_photo_in_colour_is_left_alone() -> None:
    pixels = RNG.integers(0, 256, (90, 110, 3), np.uint8)
    compositor = Compositor(size_px=32)
    np.testing.assert_array_equal(
        compositor.with_detail("off")(pixels, HOLE, coloured_fill), compositor(pixels, HOLE, coloured_fill)
    )


def test_one_coloured_pixel_is_enough_for_colour() -> None:
    grey = np.full((50, 3), 90, np.uint8)
    assert line_of(grey) == GREY
    grey[7, 2] = 91
    assert line_of(grey) is None
    assert line_of(grey[:0]) is None


def test_a_flat_colour_is_no_tone() -> None:
    assert line_of(np.full((50, 3), (90, 80, 70), np.uint8)) is None


def test_grey_is_the_rounded_mean() -> None:
    np.testing.assert_array_equal(
        projected(np.array([[0, 0, 1], [0, 1, 1], [255, 255, 255]], np.uint8), GREY)[:, 0], [0, 1, 255]
    )
