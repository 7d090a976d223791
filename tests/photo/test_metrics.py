from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from mobile_inpaint.metrics import pixelwise

# Sharma, Wu, Dalal (2005), table 1: L*, a*, b* of two colours and their CIEDE2000 difference.
SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


def pair() -> tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.uint8]]]:
    y, x = np.mgrid[:48, :64]
    one = np.stack([(y * 4 + x) % 256, (x * 3) % 256, (y * x // 8) % 256], axis=-1)
    return one.astype(np.uint8), np.clip(one + ((y * 7 + x * 13) % 31 - 15)[..., None], 0, 255).astype(np.uint8)


def test_ciede2000_is_that_of_the_paper() -> None:
    table = np.array([line.split() for line in SHARMA.split("\n") if line], dtype=float)
    assert len(table) == 34
    forth = pixelwise.ciede2000(table[:, :3], table[:, 3:6])
    back = pixelwise.ciede2000(table[:, 3:6], table[:, :3])
    assert np.abs(forth - table[:, 6]).max() < 5.1e-5
    assert np.abs(back - forth).max() < 1e-9


def test_lab_of_known_colours() -> None:
    # Published L*a*b* (D65) of sRGB black, white, red, green, blue and middle grey.
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [119, 119, 119]]], np.uint8)
    expected = [[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [50.03, 0, 0]]
    assert np.abs(pixelwise.lab(colours)[0] - expected).max() < 0.02


def test_ssim_and_psnr_are_scikit_images() -> None:
    # scikit-image 0.26.0: structural_similarity(gaussian_weights, sigma 1.5, use_sample_covariance=False), 2026-11-21.
    one, other = pair()
    assert pixelwise.ssim(one, other) == pytest.approx(0.6241186440534469, abs=1e-12)
    assert pixelwise.psnr(one, other) == pytest.approx(29.241162579548472, abs=1e-10)


def test_psnr_is_opencvs() -> None:
    import cv2

    one, other = pair()
    assert pixelwise.psnr(one, other) == pytest.approx(cv2.PSNR(one, other), abs=1e-9)


def test_eight_bits_and_floats_are_the_same_picture() -> None:
    one, other = pair()
    hole = np.zeros(one.shape[:2], bool)
    hole[10:20, 10:30] = True
    floats = (one / 255).astype(np.float64), (other / 255).astype(np.float64)
    for measure in (pixelwise.l1, pixelwise.psnr, pixelwise.ssim):
        assert measure(*floats, hole) == pytest.approx(measure(one, other, hole), rel=1e-9)
    for look in (pixelwise.tv, pixelwise.seam_delta_e, pixelwise.seam_jump):
        assert look(floats[0], hole) == pytest.approx(look(one, hole), rel=1e-9)


@given(arrays(np.uint8, (16, 16, 3)), arrays(np.bool_, (16, 16)))
def test_equal_pictures_are_perfect_and_only_the_hole_counts(picture: np.ndarray[Any, Any], hole: np.ndarray[Any, Any]) -> None:
    assert pixelwise.l1(picture, picture) == 0
    assert pixelwise.psnr(picture, picture) == math.inf
    assert pixelwise.ssim(picture, picture) == pytest.approx(1)
    if hole.any():
        other = np.where(hole[..., None], picture, 255 - picture)
        assert pixelwise.l1(picture, other, hole) == 0
        assert pixelwise.psnr(picture, other, hole) == math.inf


def test_differences_inside_the_hole_by_hand() -> None:
    one, other = np.zeros((4, 4, 3)), np.zeros((4, 4, 3))
    hole = np.zeros((4, 4), bool)
    hole[0, :2] = True
    other[0, 0] = 0.1
    assert pixelwise.l1(one, other, hole) == pytest.approx(0.05)
    assert pixelwise.psnr(one, other, hole) == pytest.approx(-10 * math.log10(0.005))
    assert pixelwise.l1(one, other) == pytest.approx(0.1 / 16)


def test_ssim_in_the_hole_counts_a_hole_on_the_border() -> None:
    one, _ = pair()
    hole = np.zeros(one.shape[:2], bool)
    hole[:3, :3] = True
    spoilt = one.copy()
    spoilt[:3, :3] = 255 - spoilt[:3, :3]
    assert pixelwise.ssim(one, spoilt, hole) < 0.5
    assert pixelwise.ssim(one, spoilt) > 0.99


def test_tv_of_a_ramp_is_its_slope() -> None:
    ramp = np.broadcast_to(np.arange(10)[:, None, None] * 0.05, (10, 10, 3)) + np.zeros((10, 10, 3))
    assert pixelwise.tv(ramp) == pytest.approx(0.05)
    hole = np.zeros((10, 10), bool)
    hole[2:4, 2:4] = True
    flat = ramp.copy()
    flat[2:5, 2:5] = 0.5
    assert pixelwise.tv(flat, hole) == pytest.approx(0)


@pytest.mark.parametrize("turn", range(4))
def test_a_seam_is_what_slopes_do_not_explain(turn: int) -> None:
    ramp = np.broadcast_to(np.arange(20) * 0.02, (12, 20))[..., None].repeat(3, axis=2)
    hole = np.zeros((12, 20), bool)
    hole[:, :9] = True
    stepped = ramp + np.where(hole, 0.1, 0.0)[..., None]
    ramp, stepped, hole = (np.rot90(array, turn) for array in (ramp, stepped, hole))
    assert pixelwise.seam_jump(ramp, hole) == pytest.approx(0)
    assert pixelwise.seam_jump(stepped, hole) == pytest.approx(0.1)
    assert pixelwise.seam_delta_e(stepped, hole) > pixelwise.seam_delta_e(ramp, hole)
    assert pixelwise.seam_delta_e(np.full((12, 20, 3), 0.5), hole if turn % 2 == 0 else hole.T) == 0


def test_a_one_pixel_hole_has_four_seams() -> None:
    picture = np.zeros((5, 5, 3))
    picture[2, 2] = 1
    hole = picture[..., 0] > 0
    assert pixelwise.seam_jump(picture, hole) == pytest.approx(1.5)  # the far side of the hole counts as its slope
    assert pixelwise.seam_delta_e(picture, hole) == pytest.approx(100, abs=0.01)
