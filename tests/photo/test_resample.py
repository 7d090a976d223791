"""Whole-number resampling: weights that add up, exact identity, no drift of position, agreement with the real thing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_inpaint.photo.compositor.resample import WEIGHT_BITS, enlarge_taps, reach, resample, shrink_taps


@given(st.integers(1, 600), st.integers(0, 5000))
def test_weights_add_up_exactly(target: int, more: int) -> None:
    taps = shrink_taps(target + more, target)
    assert (taps.weight.sum(axis=1) == 1 << WEIGHT_BITS).all() and (taps.weight >= 0).all()
    taps = enlarge_taps(target, target + more, 0, target + more)
    assert (taps.weight.sum(axis=1) == 1 << WEIGHT_BITS).all()


def test_same_size_is_the_identity() -> None:
    values = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    taps = shrink_taps(40, 40)
    np.testing.assert_array_equal(resample(values, taps, taps, 0, 0), values)
    taps = enlarge_taps(40, 40, 0, 40)
    np.testing.assert_array_equal(resample(values, taps, taps, 0, 0), values)


@pytest.mark.parametrize("side", [65, 100, 517])
def test_shrinking_is_the_average_over_the_area(side: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    taps = shrink_taps(side, 64)
    expected = np.asarray(Image.fromarray(values).resize((64, 64), Image.Resampling.BOX), int)
    if side % 64:  # Pillow's box takes whole pixels only: compare with exact fractions
        cover = np.clip(
            np.minimum.outer(np.arange(1, 65) * side / 64, np.arange(1, side + 1))
            - np.maximum.outer(np.arange(64) * side / 64, np.arange(side)),
            0,
            None,
        ) * (64 / side)
        expected = np.einsum("ij,kl,jlc->ikc", cover, cover, values.astype(float))
    assert abs(resample(values, taps, taps, 0, 0) - expected).max() <= 0.52


@pytest.mark.parametrize("side", [65, 200, 513])
def test_enlarging_is_catmull_rom(side: int) -> None:
    ramp = np.arange(64) * 3 + 20
    values = np.broadcast_to(ramp[None, :, None], (64, 64, 1)).astype(np.uint8)
    taps = enlarge_taps(64, side, 0, side)
    line = resample(values, taps, taps, 0, 4)[side // 2, :, 0] / 16
    expected = ((np.arange(side) + 0.5) * 64 / side - 0.5) * 3 + 20
    middle = slice(side // 32, -side // 32)
    assert abs(line - expected)[middle].max() < 0.05, "a straight line stays one: no shift between the grids"


def test_a_part_of_the_taps_is_that_part() -> None:
    whole, part = enlarge_taps(32, 100, 0, 100), enlarge_taps(32, 100, 37, 59)
    np.testing.assert_array_equal(whole.source[37:59], part.source)
    np.testing.assert_array_equal(whole.weight[37:59], part.weight)


def test_a_flag_reaches_every_pixel_that_takes_it_in_and_no_other() -> None:
    taps = shrink_taps(96, 64)
    for pixel in range(96):
        flags = np.zeros((96, 96), bool)
        flags[pixel, :] = True
        bright = resample(np.where(flags[..., None], 255 << 6, 0), taps, taps, 0, 0)[..., 0] > 0
        np.testing.assert_array_equal(reach(flags, taps, taps), bright)
