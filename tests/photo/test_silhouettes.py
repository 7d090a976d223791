"""Object-shaped holes: made up or cut out, they look like what a user draws round an object."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mobile_inpaint.errors import MaskError, PhotoError
from mobile_inpaint.masks.silhouettes import OBJECT_SHARE, object_shape, silhouettes
from mobile_inpaint.photo.compositor.tiles import bounding_box
from mobile_inpaint.photo.mask import Mask, _largest_part

MADE_UP = [object_shape((256, 256), np.random.default_rng((9, number))) for number in range(60)]


def longest_level_run(hole: np.ndarray) -> float:
    """The longest stretch of level or upright outline, as a share of the hole's extent."""
    box = bounding_box(hole)
    assert box is not None
    shares = []
    for part in (hole[box.slices], hole[box.slices].T):
        for edge in (part.argmax(axis=0), part[::-1].argmax(axis=0)):
            runs = np.diff(np.flatnonzero(np.diff(edge, prepend=-1, append=-1)))
            shares.append(runs.max() / len(edge))
    return float(max(shares))


def test_made_up_objects_cover_the_share_that_was_asked_for() -> None:
    shares = np.array([hole.mean() for hole in MADE_UP])
    assert OBJECT_SHARE[0] - 1e-4 <= shares.min() < 0.065
    assert 0.12 < shares.max() <= OBJECT_SHARE[1] + 1e-4
    exact = object_shape((200, 300), np.random.default_rng(1), share=(0.1, 0.1))
    assert exact.sum() == pytest.approx(6000, abs=2)


def test_made_up_objects_are_one_irregular_piece_each_its_own() -> None:
    for hole in MADE_UP:
        assert _largest_part(hole) == hole.sum(), "one piece"
        box = bounding_box(hole)
        assert box is not None
        assert hole[box.slices].mean() < 0.9, "no box"
    runs = [longest_level_run(hole) for hole in MADE_UP]
    assert np.mean(runs) < 0.25, "a rectangle has 1, a disc of this size 0.2"
    assert max(runs) < 0.6
    box_shares = [hole[bounding_box(hole).slices].mean() for hole in MADE_UP]  # type: ignore[union-attr]
    assert np.std(box_shares) > 0.05, "stout ones and ones with limbs"


def test_made_up_objects_stand_anywhere() -> None:
    frequency = np.mean(MADE_UP, axis=0)
    thirds = frequency.reshape(2, 128, 2, 128).mean(axis=(1, 3))
    assert thirds.min() > 0.4 * thirds.max()


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    """A folder of cut-out pictures: an arrow, a long rod further down, and what must be left out."""
    arrow = Image.new("RGBA", (200, 120), (0, 0, 0, 0))
    ImageDraw.Draw(arrow).polygon([(10, 50), (120, 50), (120, 20), (190, 60), (120, 100), (120, 70), (10, 70)], fill="red")
    arrow.save(tmp_path / "arrow.png")
    rod = Image.new("RGBA", (400, 40), (0, 0, 0, 0))
    ImageDraw.Draw(rod).rectangle((5, 10, 395, 30), fill="blue")
    (tmp_path / "more").mkdir()
    rod.save(tmp_path / "more" / "rod.png")
    Image.new("RGB", (50, 50)).save(tmp_path / "no_alpha.png")
    Image.new("RGBA", (50, 50), (1, 2, 3, 255)).save(tmp_path / "opaque.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_silhouettes_are_the_alphas_of_a_folder(stamps: Path) -> None:
    arrow, rod = silhouettes(stamps)
    assert arrow.shape == (81, 181)
    assert rod.shape == (21, 391)
    assert rod.all()
    assert 0.3 < arrow.mean() < 0.6


def test_a_hole_has_the_outline_of_a_silhouette_grown(stamps: Path) -> None:
    found = silhouettes(stamps)
    drawn = [object_shape((256, 256), np.random.default_rng(number), silhouettes=found[:1]) for number in range(20)]
    shares = np.array([hole.mean() for hole in drawn])
    assert ((0.8 * OBJECT_SHARE[0] < shares) & (shares < 1.25 * OBJECT_SHARE[1])).all()
    assert len({hole.tobytes() for hole in drawn}) == 20
    for hole in drawn:
        assert _largest_part(hole) == hole.sum()
        assert 0.25 < hole[Mask(hole).box.slices].mean() < 0.8
    np.testing.assert_array_equal(drawn[3], object_shape((256, 256), np.random.default_rng(3), silhouettes=found[:1]))


def test_a_silhouette_too_long_for_the_picture_is_made_to_fit(stamps: Path) -> None:
    rod = silhouettes(stamps)[1:]
    for number in range(10):
        hole = object_shape((128, 128), np.random.default_rng(number), share=(0.4, 0.4), silhouettes=rod)
        assert 0 < hole.mean() < 0.4


def test_a_folder_without_cut_outs_is_an_error_that_names_it(tmp_path: Path) -> None:
    Image.new("RGB", (50, 50)).save(tmp_path / "photo.png")
    with pytest.raises(MaskError, match="holds no PNG or WebP with an object cut out"):
        silhouettes(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(PhotoError, match=r"broken\.png"):
        silhouettes(tmp_path)
