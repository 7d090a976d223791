"""The classical fill that copies patches: what it can copy it gets right, and known pixels it leaves alone."""

import numpy as np
import pytest

from mobile_inpaint.metrics import pixelwise
from mobile_inpaint.photo.baselines.opencv import navier_stokes
from mobile_inpaint.photo.baselines.patchmatch import patches
from mobile_inpaint.photo.image import Image, to_image, to_pixels


def bricks(size_px: int = 96) -> Image:
    """A wall of bricks of 16 x 8, each tinted by chance, with grain."""
    random = np.random.default_rng(4)
    rows, columns = np.mgrid[:size_px, :size_px]
    course = rows // 8
    along = columns + 8 * (course % 2)
    mortar = (rows % 8 < 2) | (along % 16 < 2)
    tint = random.integers(-12, 13, (size_px, size_px))[course, along // 16]
    wall = np.where(mortar[..., None], 200, np.array([150, 70, 50]) + tint[..., None])
    return to_image(np.clip(wall + random.integers(-4, 5, (size_px, size_px, 1)), 0, 255).astype(np.uint8))


def square(size_px: int, first: int, last: int) -> Image:
    mask = np.zeros((1, 1, size_px, size_px), np.float32)
    mask[..., first:last, first:last] = 1
    return mask


def test_a_pattern_goes_on_where_a_diffusion_blurs_it() -> None:
    truth, mask = bricks(), square(96, 36, 62)
    holed = np.where(mask > 0, 0, truth).astype(np.float32)
    hole = mask[0, 0] > 0
    copied, diffused = (to_pixels(fill(holed, mask)) for fill in (patches, navier_stokes))
    original = to_pixels(truth)
    assert pixelwise.ssim(copied, original, hole) > 0.7
    assert pixelwise.ssim(copied, original, hole) > pixelwise.ssim(diffused, original, hole) + 0.3
    assert pixelwise.tv(copied, hole) > 0.7 * pixelwise.tv(original, hole)


def test_known_pixels_come_back_and_what_is_under_the_mask_does_not_matter() -> None:
    image, mask = bricks(), square(96, 20, 40)
    image += np.float32(0.0007)  # no multiple of 1/255: known pixels pass through no bytes
    filled = patches(image, mask)
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(np.where(mask > 0, 0, filled), np.where(mask > 0, 0, image))
    np.testing.assert_array_equal(patches(np.where(mask > 0, 1, image).astype(np.float32), mask), filled)


def test_the_same_seed_gives_the_same_fill() -> None:
    image, mask = bricks(64), square(64, 20, 44)
    np.testing.assert_array_equal(patches(image, mask, seed=3), patches(image, mask, seed=3))
    assert (patches(image, mask, seed=3) != patches(image, mask, seed=4)).any()


def test_a_batch_is_filled_one_by_one() -> None:
    images = np.concatenate([bricks(64), bricks(64)[..., ::-1]])
    masks = np.concatenate([square(64, 20, 44), square(64, 4, 30)])
    both = patches(images, masks)
    for index in (0, 1):
        np.testing.assert_array_equal(both[index], patches(images[index : index + 1], masks[index : index + 1])[0])


@pytest.mark.parametrize(
    ("size", "known"),
    [((5, 4), (0, 0)), ((8, 8), (7, 7)), ((64, 40), (63, 39)), ((33, 57), (16, 0))],
    ids=["below a patch", "one pixel known", "a corner known", "odd sides"],
)
def test_with_next_to_nothing_to_copy_from_the_hole_takes_the_colour_that_is_known(
    size: tuple[int, int], known: tuple[int, int]
) -> None:
    image = np.zeros((1, 3, *size), np.float32)
    image[..., known[0], known[1]] = np.array([0.2, 0.4, 0.6])
    mask = np.ones((1, 1, *size), np.float32)
    mask[..., known[0], known[1]] = 0
    filled = patches(image, mask)
    assert np.abs(filled - np.array([0.2, 0.4, 0.6])[None, :, None, None]).max() < 1 / 255


def test_nothing_to_fill_and_nothing_known_are_both_answered() -> None:
    image = bricks(32)
    np.testing.assert_array_equal(patches(image, np.zeros((1, 1, 32, 32), np.float32)), image)
    assert patches(image, np.ones((1, 1, 32, 32), np.float32)).shape == image.shape
