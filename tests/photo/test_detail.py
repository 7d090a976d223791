"""The detail step keeps what is known, reads nothing that is hidden, copies what fits, and is the same in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.photo.compositor import detail_levels, detail_search, detail_vote
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.detail import Detail
from mobile_inpaint.photo.compositor.detail_levels import Level, blurred, depths, grown, levels, network_level
from mobile_inpaint.photo.compositor.detail_search import Search
from mobile_inpaint.photo.compositor.detail_tree import Tree
from mobile_inpaint.photo.compositor.detail_vote import go_back
from mobile_inpaint.photo.image import Image, Pixels
from mobile_inpaint.photo.mask import Hole

Case = tuple[Pixels, Hole, np.random.Generator]

PLAIN = Compositor(size_px=16, margin_px=4)
ALWAYS = PLAIN.with_detail("on")
AUTO = PLAIN.with_detail("auto")


def mean_fill(image: Image, mask: Image) -> Image:
    known = mask[0, 0] == 0
    colour = image[0, :, known].mean(axis=0) if known.any() else np.full(3, 0.5)
    return np.where(mask > 0, colour.astype(np.float32)[None, :, None, None], image)


def disc(height: int, width: int, row: int, column: int, radius: int) -> Hole:
    y, x = np.mgrid[:height, :width]
    return np.asarray((y - row) ** 2 + (x - column) ** 2 <= radius**2)


def texture(height: int, width: int, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    stripes = 90 + 60 * (((x // 5 + y // 7) % 2) > 0)
    return np.asarray(np.clip(stripes[..., None] + rng.normal(0, 12, (height, width, 3)), 0, 255), np.uint8)


@st.composite
def photo_and_hole(draw: st.DrawFn) -> Case:
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hole = np.zeros((height, width), bool)
    match draw(st.sampled_from(["disc", "boxes", "speckle", "nearly all", "all"])):
        case "disc":
            hole = disc(height, width, int(rng.integers(height)), int(rng.integers(width)), 1 + int(rng.integers(30)))
        case "boxes":
            for _ in range(3):
                top, left = rng.integers(height), rng.integers(width)
                hole[top : top + 1 + rng.integers(height), left : left + 1 + rng.integers(width)] = True
        case "speckle":
            hole = rng.random((height, width)) < 0.2
        case "nearly all":
            hole[:] = True
            hole[: min(height, 7), : min(width, 7)] = False
        case "all":
            hole[:] = True
    hole[rng.integers(height), rng.integers(width)] = True
    return texture(height, width, int(rng.integers(1000))), hole, rng


@settings(max_examples=60, deadline=None)
@given(photo_and_hole(), st.sampled_from([ALWAYS, AUTO]))
def test_no_residue_and_nothing_else_changed(case: Case, compositor: Compositor) -> None:
    pixels, hole, rng = case
    result = compositor(pixels, hole, mean_fill)
    other = np.where(hole[..., None], rng.integers(0, 256, pixels.shape, np.uint8), pixels)
    np.testing.assert_array_equal(result, compositor(other, hole, mean_fill))
    np.testing.assert_array_equal(result[~hole], pixels[~hole])


def test_below_the_shrink_nothing_is_different() -> None:
    pixels, hole = texture(120, 120), disc(120, 120, 60, 60, 5)
    np.testing.assert_array_equal(AUTO(pixels, hole, mean_fill), PLAIN(pixels, hole, mean_fill))
    larger = disc(120, 120, 60, 60, 14)
    assert not np.array_equal(AUTO(pixels, larger, mean_fill), PLAIN(pixels, larger, mean_fill))


def test_texture_comes_back() -> None:
    """Stripes and grain, which the network's flat answer has not, are there again."""
    pixels, hole = texture(160, 200), disc(160, 200, 80, 100, 24)
    rebuilt, plain = (one(pixels, hole, mean_fill)[hole].std() for one in (AUTO, PLAIN))
    assert plain < 20 < rebuilt
    assert 0.8 < rebuilt / pixels[hole].std() < 1.2


def test_the_order_of_patches_has_no_influence(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, hole = texture(100, 130, 3), disc(100, 130, 50, 60, 22)
    expected = AUTO(pixels, hole, mean_fill)
    monkeypatch.setattr(detail_search, "_PAIRS", 37)
    np.testing.assert_array_equal(AUTO(pixels, hole, mean_fill), expected)


def test_the_size_of_bands_has_no_influence(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, hole = texture(141, 150, 4), disc(141, 150, 66, 80, 27) | disc(141, 150, 20, 80, 9)
    expected = AUTO(pixels, hole, mean_fill)
    monkeypatch.setattr(detail_levels, "_BAND", 8)
    monkeypatch.setattr(detail_vote, "_BAND", 5)
    np.testing.assert_array_equal(AUTO(pixels, hole, mean_fill), expected)


def scene(number: int = 1) -> tuple[Level, Search]:
    """A level with a hole, and its search."""
    pixels, hole = texture(96, 110, 6), disc(96, 110, 45, 50, 18)
    level = levels(np.where(hole[..., None], np.uint8(120), pixels), hole, hole, 33, 16, 1, 4)[number]
    numbers = Detail()
    return level, Search(level, numbers.weight, numbers.penalty, numbers.margin)


def test_first_sources_are_sources_an_even_way_off() -> None:
    """Or else patches side by side copy one place where the fill is flat."""
    _, search = scene()
    first = Tree(search).nearest()[0]
    assert search.usable[first].all()
    own, others = (np.divmod(places, search.width) for places in (search.targets, first))
    apart = [(one - other) % 2 for one, other in zip(own, others, strict=True)]
    assert ((apart[0] == 0) & (apart[1] == 0)).mean() > 0.95


def test_a_sweep_takes_what_costs_least_and_tells_its_distance() -> None:
    level, search = scene()
    field = search.found(Tree(search).nearest()[0])
    swept = search.sweep(field, (2,))
    assert swept.distance.sum() < field.distance.sum()
    np.testing.assert_array_equal(swept.distance, search.found(swept.sources).distance)
    target, source = int(search.targets[7]), int(swept.sources[7])
    places = [divmod(place, search.width) for place in (target, source)]
    own, other = (level.picture[y - 3 : y + 4, x - 3 : x + 4].astype(int) for y, x in places)
    near = [level.guide[y - 3 : y + 6 : 4, x - 3 : x + 6 : 4].astype(int) for y, x in places]
    low = (((near[0] - near[1]) ** 2) * (1, 1, 1, 3)).sum()
    assert swept.distance[7] == ((own - other) ** 2).sum() + low * 16 * 147 // (16 * 27)


def test_the_fill_goes_back_where_no_source_has_its_colours() -> None:
    level, search = scene(0)
    rows = search.targets // search.width
    field = search.found(rows * search.width + 100)  # right of the hole
    plain, before = np.full_like(level.picture, 7), level.picture.copy()
    level.guide[:] = 100
    go_back(search, field, plain, 1)
    np.testing.assert_array_equal(level.picture, before)
    level.guide[:, :51] = 160
    go_back(search, field, plain, 1)
    columns = np.arange(search.width)
    left, right = level.wanted & (columns < 46), level.wanted & (columns > 55)
    assert left.any() and right.any()
    assert (level.picture[left] == 7).all()
    np.testing.assert_array_equal(level.picture[right], before[right])
    np.testing.assert_array_equal(level.picture[~level.wanted], before[~level.wanted])


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (6, 200), (7, 200), (8, 8), (200, 9)])
def test_strips_and_tiny_photos_are_filled(shape: tuple[int, int]) -> None:
    pixels, hole = texture(*shape), np.zeros(shape, bool)
    hole[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 4 : shape[1] // 2 + 1] = True
    result = ALWAYS(pixels, hole, mean_fill)
    np.testing.assert_array_equal(result[~hole], pixels[~hole])


def test_a_hole_at_a_border_and_a_second_part_beside_it() -> None:
    pixels = texture(90, 200, 5)
    hole = disc(90, 200, 0, 40, 24) | disc(90, 200, 89, 120, 20) | disc(90, 200, 40, 199, 9)
    result = AUTO(pixels, hole, mean_fill)
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    assert result[hole].std() > 20


@pytest.mark.parametrize("middle", [(50, 50), (0, 50), (99, 50), (50, 0), (50, 99), (0, 0), (99, 99)])
def test_a_flat_photo_stays_flat(middle: tuple[int, int]) -> None:
    pixels = np.full((100, 100, 3), (200, 120, 40), np.uint8)
    hole = disc(100, 100, *middle, 20)
    assert np.abs(AUTO(pixels, hole, mean_fill).astype(int) - pixels).max() <= 1


def test_numbers_go_round_and_rules_1_are_still_read() -> None:
    assert PLAIN.numbers()["rules"] == 1 and Compositor.from_numbers(PLAIN.numbers()) == PLAIN
    assert AUTO.numbers()["rules"] == 2 and Compositor.from_numbers(AUTO.numbers()) == AUTO
    off = AUTO.with_detail("off")
    assert off.numbers()["rules"] == 2 and Compositor.from_numbers(off.numbers()) == off


@pytest.mark.parametrize(
    "change",
    [{"detail_shrink": 0.5}, {"detail_above": -1}, {"keep_tone": 2}, {"detail_penalty": 1.5}, {"detail_shrink": float("nan")}],
)
def test_numbers_that_no_compositor_has_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ManifestError, match="out of range"):
        Compositor.from_numbers({**AUTO.numbers(), **change})


def test_the_network_level_is_the_nearest() -> None:
    assert [network_level(side, 512) for side in (512, 724, 725, 1448, 1449, 2048)] == [0, 0, 1, 1, 2, 2]


def test_depths_grow_by_one_a_pixel() -> None:
    hole = np.zeros((20, 20), bool)
    hole[3:14, 4:17] = True
    y, x = np.mgrid[:20, :20]
    expected = np.minimum(np.minimum(y - 2, 14 - y), np.minimum(x - 3, 17 - x)).clip(0)
    np.testing.assert_array_equal(depths(hole), np.where(hole, expected, 0))


def test_a_blurred_constant_is_that_constant() -> None:
    np.testing.assert_array_equal(blurred(np.full((9, 5, 2), -37, np.int32), 3), np.full((9, 5, 2), -37))
    one = np.zeros((41, 41), np.int32)
    one[20, 20] = 1 << 20
    assert abs(int(blurred(one, 3).sum()) - (1 << 20)) < 2000


def test_grown_reaches_corners_and_stays_inside() -> None:
    flags = np.zeros((6, 5), bool)
    flags[0, 4] = True
    np.testing.assert_array_equal(np.argwhere(grown(flags, 2)), [(y, x) for y in range(3) for x in (2, 3, 4)])
