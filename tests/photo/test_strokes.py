"""Hole shapes: published statistics are met, sizes are what they are called, and the same seed draws the same hole anywhere."""

import hashlib
import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.masks.silhouettes import object_shape
from mobile_inpaint.masks.strokes import SLICES, Shape, draw_stroke, free_form, hairlines, lama

SHAPES: dict[str, Shape] = {
    "free_form": free_form,
    "lama thin": partial(lama, "thin"),
    "lama medium": partial(lama, "medium"),
    "lama thick": partial(lama, "thick"),
    "hairlines": hairlines,
    "object": object_shape,
}


def holes(shape: Shape, count: int, side: int) -> list[np.ndarray]:
    return [shape((side, side), np.random.default_rng((5, number))) for number in range(count)]


def squares(hole: np.ndarray, side: int) -> int:
    """How many squares of `side` fit into the hole."""
    sums = np.pad(hole, ((1, 0), (1, 0))).cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return int((inside == side * side).sum())


# Of 2,000 masks of the published generator: mean, standard deviation, and each tenth of the holes' shares.
PUBLISHED = {
    (256, 1.0): (0.727, 0.182, [0.459, 0.589, 0.667, 0.722, 0.767, 0.808, 0.845, 0.884, 0.922]),
    (512, 1.0): (0.645, 0.181, [0.391, 0.499, 0.569, 0.620, 0.669, 0.716, 0.755, 0.808, 0.857]),
    (256, 0.5): (0.311, 0.129, [0.121, 0.186, 0.240, 0.288, 0.330, 0.373, 0.409, 0.439, 0.465]),
}


@pytest.mark.parametrize(("side", "highest"), PUBLISHED)
def test_free_form_holes_are_as_large_as_the_published_ones(side: int, highest: float) -> None:
    mean, deviation, tenths = PUBLISHED[side, highest]
    drawn = holes(partial(free_form, share=(0.0, highest)), 300 if side == 256 else 150, side)
    shares = np.array([hole.mean() for hole in drawn])
    assert shares.mean() == pytest.approx(mean, abs=3.5 * deviation / len(shares) ** 0.5)
    assert shares.std() == pytest.approx(deviation, rel=0.2)
    np.testing.assert_allclose(np.percentile(shares, range(10, 100, 10)), tenths, atol=0.07)


def test_free_form_holes_lie_as_the_published_ones_do() -> None:
    frequency = np.mean(holes(free_form, 300, 256), axis=0)
    assert frequency[120:136, 120:136].mean() == pytest.approx(0.813, abs=0.05)
    edge = np.ones((256, 256), bool)
    edge[16:-16, 16:-16] = False
    assert frequency[edge].mean() == pytest.approx(0.608, abs=0.05)
    quarters = [
        frequency[rows, columns].mean() for rows in np.split(np.arange(256), 2) for columns in (slice(128), slice(128, 256))
    ]
    assert max(quarters) - min(quarters) < 0.06, "mirrored both ways, no corner is favoured"


def test_lamas_holes_are_thin_medium_and_thick_and_leave_half_of_the_picture() -> None:
    thin, medium, thick = (holes(partial(lama, kind), 40, 512) for kind in ("thin", "medium", "thick"))
    assert all(0 < hole.mean() <= 0.5 for hole in thin + medium + thick)
    fits = [np.mean([squares(hole, 65) > 0 for hole in kind]) for kind in (thin, medium, thick)]
    assert fits[0] < 0.1 < 0.5 < fits[1] <= fits[2]
    assert [np.mean([squares(hole, 151) > 0 for hole in kind]) for kind in (thin, thick)] == [0, pytest.approx(0.6, abs=0.3)]


def test_lamas_boxes_keep_their_distance_from_the_border() -> None:
    inside = [hole for hole in holes(partial(lama, "thick"), 60, 512) if not hole[:10].any() and not hole[:, -10:].any()]
    assert len(inside) > 8


BOUNDS = {"thin": (0.0005, 0.04), "small": (0.003, 0.02), "object": (0.056, 0.13), "large": (0.3, 0.5)}


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_holds_holes_of_its_size(name: str) -> None:
    lowest, highest = BOUNDS[name]
    shares = np.array([hole.mean() for hole in holes(SLICES[name], 25, 512)])
    assert ((lowest <= shares) & (shares <= highest)).all()
    assert shares.max() - shares.min() > (highest - lowest) / 3, "they differ"


def test_hairlines_are_two_to_six_pixels_wide() -> None:
    for width in (2, 6):
        drawn = holes(partial(hairlines, width_px=(width, width)), 10, 512)
        length = sum(hole.sum() for hole in drawn) / width
        assert sum(squares(hole, width + 2) for hole in drawn) < 0.02 * length, "wider only where strokes cross"
    assert sum(squares(hole, 3) for hole in holes(partial(hairlines, width_px=(6, 6)), 5, 512)) > 1000


@given(
    points=st.lists(st.tuples(st.integers(-80, 400), st.integers(-80, 400)), min_size=2, max_size=4),
    width=st.integers(1, 30),
)
def test_a_stroke_covers_the_pixels_within_half_its_width(points: list[tuple[int, int]], width: int) -> None:
    corners = np.array(points) / 8
    hole = np.zeros((30, 40), np.bool_)
    draw_stroke(hole, corners, width)
    y, x = np.mgrid[:30, :40] + 0.5
    nearest = np.full(hole.shape, np.inf)
    for (top, left), (bottom, right) in itertools.pairwise(corners):
        dy, dx = bottom - top, right - left
        along = np.clip(((y - top) * dy + (x - left) * dx) / max(dy * dy + dx * dx, 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.hypot(y - top - along * dy, x - left - along * dx))
    clear = abs(nearest - width / 2) > 1e-6
    np.testing.assert_array_equal(hole[clear], (nearest <= width / 2)[clear])


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None)
@given(height=st.integers(48, 150), width=st.integers(48, 150), seed=st.integers(0, 1000))
def test_every_shape_fits_any_picture(name: str, height: int, width: int, seed: int) -> None:
    hole = SHAPES[name]((height, width), np.random.default_rng(seed))
    assert hole.shape == (height, width)
    assert hole.dtype == np.bool_
    assert 0 < hole.mean() < 1
    assert hole.flags.c_contiguous
    np.testing.assert_array_equal(hole, SHAPES[name]((height, width), np.random.default_rng(seed)))


def test_a_twelve_megapixel_photo_gets_a_stroke_too() -> None:
    hole = np.zeros((3000, 4000), np.bool_)
    draw_stroke(hole, np.array([[0.0, 0.0], [3000.0, 4000.0]]), 40)
    assert hole.sum() == pytest.approx(5000 * 40, rel=0.01), "products of lengths do not overflow"


DRAWN = {
    "free_form": "560240928086",
    "lama thin": "10a61c730867",
    "lama medium": "6490a3cf92bf",
    "lama thick": "63b1a19f327c",
    "hairlines": "b641ea685504",
    "object": "be2401125d46",
}
"""The beginning of the sha256 of four packed holes of 128 px."""


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_seed_draws_the_same_hole_on_every_machine(name: str) -> None:
    bits = np.packbits(np.stack(holes(SHAPES[name], 4, 128)))
    assert hashlib.sha256(bits.tobytes()).hexdigest()[:12] == DRAWN[name]
