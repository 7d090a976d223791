"""Parts hold the whole hole, apart from each other; a solid hole stays whole, strokes far apart do not share a crop."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.photo.compositor.tiles import Box, parts, square_round


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([0.002, 0.1, 0.7]), st.integers(1, 30), st.integers(0, 99))
def test_parts_hold_every_pixel_once(height: int, width: int, share: float, limit: int, seed: int) -> None:
    hole = np.asarray(np.random.default_rng(seed).random((height, width)) < share)
    times = np.zeros((height, width), int)
    for box in parts(hole, limit):
        for axis in (0, 1):
            assert np.asarray(hole[box.slices].any(axis=axis))[[0, -1]].all(), "tight"
        times[box.slices] += 1
    assert (times[hole] == 1).all() and times.max(initial=0) <= 1


def test_a_solid_hole_is_one_part_and_a_wire_many() -> None:
    solid = np.zeros((900, 900), bool)
    solid[100:800, 50:850] = True
    assert list(parts(solid, 100)) == [Box(100, 800, 50, 850)]
    wire = np.eye(900, dtype=bool)
    pieces = list(parts(wire, 100))
    assert len(pieces) >= 9 and max(piece.side for piece in pieces) <= 100


def test_neighbours_share_a_part() -> None:
    hole = np.zeros((600, 600), bool)
    hole[100:400, 100:240] = hole[100:400, 260:400] = True
    assert len(list(parts(hole, 100))) == 1
    hole[100:400, 500:590] = True
    assert len(list(parts(hole, 100))) == 2


def test_the_square_stays_inside_the_photo_where_it_can() -> None:
    assert square_round(Box(0, 100, 0, 50), (1000, 1000), 3.0, 128) == (0, 0, 300)
    assert square_round(Box(900, 1000, 950, 1000), (1000, 1000), 3.0, 128) == (700, 700, 300)
    assert square_round(Box(10, 20, 500, 510), (60, 1000), 3.0, 128) == (-34, 441, 128)
    assert square_round(Box(0, 60, 0, 1000), (60, 1000), 3.0, 128) == (-470, 0, 1000)
