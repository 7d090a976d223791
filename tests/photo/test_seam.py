"""Colour at the seam and grain: averages that spread, noise that measures as it was asked for."""

import numpy as np
import pytest

from mobile_inpaint.photo.compositor import seam
from mobile_inpaint.photo.compositor.tiles import Box


def test_a_constant_difference_spreads_unchanged_without_fade() -> None:
    edge = np.zeros((37, 53), bool)
    edge[5, 7:30] = edge[30, 50] = True
    spread = seam.spread(np.full((37, 53, 3), -83, np.int32), edge, 256)
    assert (spread == -83).all()


def test_fade_leaves_less_with_distance() -> None:
    edge = np.zeros((64, 64), bool)
    edge[:, 0] = True
    line = seam.spread(np.full((64, 64, 1), 1000, np.int32), edge, 200)[32, :, 0]
    assert line[0] == 1000 and (np.diff(line) <= 0).all() and 50 < line[-1] < 400


def test_nothing_known_means_no_correction() -> None:
    guess = np.random.default_rng(0).integers(0, 4080, (16, 16, 3)).astype(np.int32)
    np.testing.assert_array_equal(seam.match(guess, guess * 0 + 7, np.ones((16, 16), bool), 240), guess)


@pytest.mark.parametrize("sigma", [0.0, 1.0, 4.0, 12.0])
@pytest.mark.parametrize("grey", [True, False])
def test_grain_measures_as_the_noise_it_stands_for(sigma: float, grey: bool) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, sigma, (300, 300, 1 if grey else 3)) * np.ones(3)
    pixels = np.clip(128 + noise, 0, 255).round().astype(np.uint8)
    where = np.ones((300, 300), bool)
    variances = seam.grain_variances(pixels, where)
    assert np.sqrt(variances[0]) / 64 == pytest.approx(sigma, rel=0.15, abs=0.01)
    made = seam.grain(variances, Box(1000, 1300, 50, 350))
    assert abs(made.mean()) < 0.05 * sigma + 0.01
    np.testing.assert_allclose(made.std(axis=(0, 1)), sigma, rtol=0.2, atol=0.01)
    if sigma > 2:
        shared = np.corrcoef(made[..., 0].ravel(), made[..., 1].ravel())[0, 1]
        assert shared > 0.7 if grey else abs(shared) < 0.2
    again = seam.grain(variances, Box(1100, 1110, 60, 70))
    np.testing.assert_array_equal(again, made[100:110, 10:20])


def test_edges_and_lines_are_not_grain() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[::16], pixels[:, 100:] = 255, 180
    assert not seam.grain_variances(pixels, np.ones((200, 200), bool)).any()
