"""The golden photos have every kind of hole, in the form that a network takes, at any size."""

from importlib import resources

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mobile_inpaint.data.golden_photos import KINDS, GoldenPhoto, golden_photos


def hole_of(name: str, size_px: int = 512) -> np.ndarray:
    return next(photo.mask[0, 0] > 0 for photo in golden_photos(size_px) if photo.name == name)


def islands(hole: np.ndarray) -> int:
    """How many connected pieces the hole has (4 neighbours)."""
    left, count = {(int(y), int(x)) for y, x in np.argwhere(hole)}, 0
    while left:
        count += 1
        front = [left.pop()]
        while front:
            y, x = front.pop()
            beside = {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} & left
            left -= beside
            front += beside
    return count


@pytest.mark.parametrize("size_px", [64, 128, 256, 512])
def test_each_is_an_image_and_a_mask_that_a_network_takes(size_px: int) -> None:
    photos = golden_photos(size_px)
    assert tuple(photo.name for photo in photos) == KINDS
    for photo in photos:
        assert photo.image.shape == (1, 3, size_px, size_px)
        assert photo.mask.shape == (1, 1, size_px, size_px)
        assert photo.image.dtype == photo.mask.dtype == np.float32
        assert 0 <= photo.image.min() < 0.3
        assert 0.7 < photo.image.max() <= 1
        assert set(np.unique(photo.mask)) == {0, 1}
        assert photo.image.flags.c_contiguous
        assert photo.mask.flags.c_contiguous


def test_every_kind_of_hole_is_there() -> None:
    assert 0 < hole_of("small").mean() < 0.02
    assert 0.3 <= hole_of("large").mean() <= 0.4
    border = hole_of("border")
    assert np.concatenate([border[0], border[-1], border[:, 0], border[:, -1]]).any()
    assert islands(hole_of("object", 128)) == 1
    assert islands(hole_of("several", 128)) >= 4


def test_thin_strokes_are_three_pixels_wide() -> None:
    thin = Image.fromarray(hole_of("thin"))
    holds = {side: int(np.asarray(thin.convert("L").filter(ImageFilter.MinFilter(side))).astype(bool).sum()) for side in (3, 5)}
    assert holds[3] > 100, "squares of 3 px fit in"
    assert holds[5] < 10, "squares of 5 px only where strokes cross"


@pytest.mark.parametrize("size_px", [64, 256])
def test_a_pixel_that_the_hole_touches_is_hole(size_px: int) -> None:
    cell = 512 // size_px
    for full, small in zip(golden_photos(512), golden_photos(size_px), strict=True):
        cells = full.mask.reshape(size_px, cell, size_px, cell)
        np.testing.assert_array_equal(small.mask[0, 0], cells.max(axis=(1, 3)))


def test_a_smaller_image_is_the_mean_of_the_pixels_it_covers() -> None:
    for full, small in zip(golden_photos(512), golden_photos(128), strict=True):
        means = full.image.reshape(3, 128, 4, 128, 4).mean(axis=(2, 4))
        np.testing.assert_allclose(small.image[0], means, atol=1.01 / 255)


def test_arrays_are_the_callers_own() -> None:
    first = golden_photos(64)
    for photo in first:
        photo.image[:] = 0
        photo.mask[:] = 0
    assert all(photo.image.any() and photo.mask.any() for photo in golden_photos(64))


def test_photos_differ() -> None:
    def mean(photo: GoldenPhoto) -> tuple[float, ...]:
        return tuple(photo.image.mean(axis=(0, 2, 3)).round(2).tolist())

    assert len({mean(photo) for photo in golden_photos(64)}) == len(KINDS)


def test_together_they_stay_small() -> None:
    files = [file for file in (resources.files("mobile_inpaint.data") / "golden").iterdir() if file.is_file()]
    assert {file.name for file in files} == {f"{kind}.{suffix}" for kind in KINDS for suffix in ("jpg", "png")}
    assert sum(len(file.read_bytes()) for file in files) <= 2_000_000
