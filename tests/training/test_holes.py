"""The mix of holes that training erases: sizes that users erase, kinds as often as asked, the same by the same seed."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mobile_inpaint import schema
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.masks.mixes import PUBLISHED, HoleMix, HoleShares, scribbled
from mobile_inpaint.masks.silhouettes import object_shape

NONE = HoleShares(*(0.0 for _ in fields(HoleShares)))
OBJECTS = HoleMix(replace(NONE, objects=1), joined=0)


def shares(mix: HoleMix, count: int, side: int = 128) -> np.ndarray:
    return np.array([mix((side, side), np.random.default_rng((3, number))).mean() for number in range(count)])


def test_objects_cover_about_a_tenth_of_the_picture() -> None:
    drawn = shares(OBJECTS, 150)
    assert 0.08 < np.median(drawn) < 0.14
    assert np.percentile(drawn, 5) > 0.02
    assert np.percentile(drawn, 95) < 0.3


def test_the_default_mix_is_an_erasers_and_the_published_one_an_inventors() -> None:
    eraser, inventor = shares(HoleMix(), 150), shares(PUBLISHED, 150, 256)
    assert np.median(eraser) < 0.2
    assert inventor.mean() == pytest.approx(0.727, abs=4 * 0.182 / 150**0.5)


@pytest.mark.parametrize("kind", [field.name for field in fields(HoleShares)])
def test_each_kind_can_stand_alone_in_any_picture(kind: str) -> None:
    mix = HoleMix(replace(NONE, **{kind: 1}), joined=0)
    for number in range(8):
        hole = mix((64, 96), np.random.default_rng(number))
        assert hole.shape == (64, 96) and hole.dtype == np.bool_ and 0 < hole.mean() < 1
        np.testing.assert_array_equal(hole, mix((64, 96), np.random.default_rng(number)))


def test_kinds_come_as_often_as_their_shares_say() -> None:
    # boxes are all straight, hairlines are thin: the two are told apart by their area
    mix = HoleMix(replace(NONE, boxes=3, hairlines=1), joined=0)
    thick = []
    for number in range(200):
        hole = mix((128, 128), np.random.default_rng(number))
        thick.append((hole[:-8, :-8] & hole[8:, 8:] & hole[:-8, 8:] & hole[8:, :-8]).any())
    assert np.mean(thick) == pytest.approx(0.75, abs=4 * (0.75 * 0.25 / 200) ** 0.5)


def test_a_second_hole_is_joined_as_often_as_asked() -> None:
    alone, joined = shares(replace(OBJECTS, scribbled=0), 60, 64), shares(replace(OBJECTS, scribbled=0, joined=0.7), 30, 64)
    assert joined.mean() > 1.7 * alone.mean()


def test_outlines_grow_by_up_to_the_percentage() -> None:
    tight = replace(OBJECTS, scribbled=0, grown_percent=0)
    bounds = []
    for number in range(30):
        small, large = (mix((128, 128), np.random.default_rng(number)) for mix in (tight, replace(tight, grown_percent=20)))
        assert (large | small == large).all(), "the same object, grown"
        bounds.append(large.sum() / small.sum())
    assert min(bounds) < 1.15 and max(bounds) > 1.5


def test_a_scribble_covers_the_object_roughly() -> None:
    covered, spilled = [], []
    for number in range(40):
        random = np.random.default_rng(number)
        hole = object_shape((128, 128), random)
        rubbed = scribbled(hole, random)
        covered.append((rubbed & hole).sum() / hole.sum())
        spilled.append((rubbed & ~hole).sum() / hole.sum())
        assert not np.array_equal(rubbed, hole)
    assert np.mean(covered) > 0.85 and min(covered) > 0.5
    assert np.mean(spilled) < 0.8


def test_a_finger_stays_on_the_photo_whatever_the_rounding() -> None:
    """41 + 6 / 3 and steps of 0.7 * 6 end at 64, in floating point, which is past the last row."""
    hole = np.zeros((64, 64), bool)
    hole[41:] = True
    for seed in range(40):
        assert scribbled(hole, np.random.default_rng(seed)).any()


def test_outlines_come_from_a_folder_of_cut_outs(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((10, 10, 90, 90), fill="red")
    picture.save(tmp_path / "disc.png")
    mix = replace(OBJECTS, silhouettes=str(tmp_path), scribbled=0, grown_percent=0)
    hole = mix((200, 200), np.random.default_rng(0))
    rows, columns = np.nonzero(hole)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert hole.sum() / box == pytest.approx(np.pi / 4, abs=0.06), "a disc"


def test_a_mix_is_read_from_settings_and_nonsense_is_refused() -> None:
    mix = schema.load(HoleMix, {"shares": {"objects": 1.0, "boxes": 0}, "object_most": 0.2}, "run.toml", TrainingError)
    assert mix.shares.objects == 1 and mix.object_most == 0.2
    for wrong in ({"object_least": 0.5, "object_most": 0.2}, {"joined": 1.0}, {"grown_percent": -1.0}):
        with pytest.raises(TrainingError):
            HoleMix(**wrong)
    with pytest.raises(TrainingError, match="one must be more than 0"):
        HoleMix(NONE)
