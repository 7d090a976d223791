"""The compositor keeps what is known, reads nothing that is hidden, and fills all of it, whatever the fill answers."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.errors import ManifestError, MaskError
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.image import Fill, Image, Pixels
from mobile_inpaint.photo.mask import Hole

Case = tuple[Pixels, Hole, np.random.Generator]

SMALL = Compositor(size_px=32, margin_px=8)


def mean_fill(image: Image, mask: Image) -> Image:
    known = mask[0, 0] == 0
    colour = image[0, :, known].mean(axis=0) if known.any() else np.full(3, 0.5)
    return np.where(mask > 0, colour.astype(np.float32)[None, :, None, None], image)


def noise_fill(image: Image, mask: Image) -> Image:
    seed = int(image.sum() * 1000) % 2**32
    return np.where(mask > 0, np.random.default_rng(seed).random(image.shape, np.float32), image)


def constant_fill(image: Image, mask: Image) -> Image:
    return np.where(mask > 0, np.float32(1), image)


FILLS = (mean_fill, noise_fill, constant_fill)
CHECKSUM = 619527049436


@st.composite
def photo_and_hole(draw: st.DrawFn) -> Case:
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    kind = draw(st.sampled_from(["speckle", "box", "stroke", "all"]))
    hole = np.zeros((height, width), bool)
    if kind == "speckle":
        hole = rng.random((height, width)) < draw(st.sampled_from([0.01, 0.3, 0.95]))
    elif kind == "box":
        top, left = rng.integers(height), rng.integers(width)
        hole[top : top + 1 + rng.integers(height), left : left + 1 + rng.integers(width)] = True
    elif kind == "stroke":
        step = np.arange(max(height, width))
        hole[step % height, (step * 2 + 3) % width] = True
    hole[rng.integers(height), rng.integers(width)] = True
    return pixels, hole | (kind == "all"), rng


@settings(max_examples=120, deadline=None)
@given(photo_and_hole(), st.sampled_from(FILLS))
def test_no_residue_and_nothing_else_changed(case: Case, fill: Fill) -> None:
    pixels, hole, rng = case
    result = SMALL(pixels, hole, fill)
    other = np.where(hole[..., None], rng.integers(0, 256, pixels.shape, np.uint8), pixels)
    np.testing.assert_array_equal(result, SMALL(other, hole, fill))
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    assert result.dtype == np.uint8 and result is not pixels


@settings(max_examples=60, deadline=None)
@given(photo_and_hole())
def test_the_fill_sees_only_known_pixels(case: Case) -> None:
    """A grey photo with white under the hole: no network pixel that is called known is anything but grey."""
    _, hole, _ = case
    pixels = np.where(hole[..., None], np.uint8(255), np.uint8(100)).repeat(3, axis=2)

    def fill(image: Image, mask: Image) -> Image:
        assert image.dtype == mask.dtype == np.float32
        assert image.shape == (1, 3, 32, 32) and mask.shape == (1, 1, 32, 32)
        assert set(np.unique(mask)) <= {0.0, 1.0} and mask.any()
        assert np.array_equal(np.where(mask > 0, np.float32(100 / 255), image), np.full_like(image, 100 / 255))
        return np.where(mask > 0, np.float32(100 / 255), image)

    if not hole.all():
        assert (SMALL(pixels, hole, fill) == 100).all(), "every hole pixel is replaced, and a right answer stays right"


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (40, 600), (300, 280)])
def test_one_pixel_strokes_are_filled(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 90, np.uint8)
    hole = np.zeros(shape, bool)
    hole[shape[0] // 2, :] = True
    pixels[hole] = 255
    result = Compositor(size_px=64)(pixels, hole, lambda image, mask: np.where(mask > 0, np.float32(90 / 255), image))
    assert abs(result[hole].astype(int) - 90).max() <= (0 if shape[0] > 1 else 1)


def test_the_answer_outside_the_mask_is_not_used() -> None:
    rng = np.random.default_rng(0)
    pixels, hole = rng.integers(0, 256, (100, 70, 3), np.uint8), rng.random((100, 70)) < 0.05
    expected = SMALL(pixels, hole, mean_fill)
    faithless = SMALL(pixels, hole, lambda image, mask: np.where(mask > 0, mean_fill(image, mask), np.float32(0.3)))
    np.testing.assert_array_equal(faithless, expected)


def test_strokes_far_apart_get_a_crop_each_at_full_resolution() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (400, 1500, 3), np.uint8)
    hole = np.zeros((400, 1500), bool)
    hole[20:30, 10:20] = hole[350:360, 1400:1410] = True
    seen = []

    def fill(image: Image, mask: Image) -> Image:
        seen.append((image, mask))
        return mean_fill(image, mask)

    Compositor(size_px=64)(pixels, hole, fill)
    assert len(seen) == 2
    for image, mask in seen:
        assert mask.sum() == 100, "10 x 10 pixels stay 10 x 10: not shrunk"
        crop = np.round(image[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        known = crop[mask[0, 0] == 0]
        assert known.std() > 70, "nor averaged"


def test_a_nearby_stroke_is_a_hole_until_it_is_filled() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 300, 3), np.uint8)
    hole = np.zeros((64, 300), bool)
    hole[30:40, 100:110] = hole[30:40, 125:135] = True
    counts = []

    def fill(image: Image, mask: Image) -> Image:
        counts.append(mask.sum())
        return mean_fill(image, mask)

    Compositor(size_px=64)(pixels, hole, fill)
    assert counts == [200, 100]


def test_a_tall_hole_is_not_squashed() -> None:
    """A disc through a crop larger than the photo's short side stays a disc."""
    y, x = np.mgrid[:200, :900]
    hole = (y - 100) ** 2 + (x - 450) ** 2 < 90**2
    masks = []

    def fill(image: Image, mask: Image) -> Image:
        masks.append(mask[0, 0])
        return image

    Compositor(size_px=64, context=3.0)(np.full((200, 900, 3), 50, np.uint8), hole, fill)
    inside = masks[0][7:57]  # 200 of the crop's 250 rows; beyond stand mirror images
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) > 40
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 1


def test_a_wrong_brightness_is_corrected_at_the_edge_and_the_seam_shows_no_step() -> None:
    ramp = np.linspace(80, 120, 200, dtype=np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (200, 200, 3)).copy()
    hole = np.zeros((200, 200), bool)
    hole[70:130, 70:130] = True
    darker = lambda image, mask: np.where(mask > 0, np.float32(60 / 255), image)  # noqa: E731
    result = Compositor(size_px=256)(pixels, hole, darker).astype(int)
    assert abs(result[70:130, 70] - result[70:130, 69]).max() <= 2
    assert result[100, 100, 0] < 100, "fades inwards"


def test_grain_is_matched_and_clean_graphics_get_none() -> None:
    rng = np.random.default_rng(3)
    hole = np.zeros((256, 256), bool)
    hole[80:180, 80:180] = True
    smooth = lambda image, mask: np.where(mask > 0, np.float32(120 / 255), image)  # noqa: E731
    noisy = np.clip(120 + rng.normal(0, 6, (256, 256, 3)), 0, 255).round().astype(np.uint8)
    deviation = Compositor(size_px=256)(noisy, hole, smooth)[90:170, 90:170].std(axis=(0, 1))
    assert ((deviation > 5) & (deviation < 8)).all(), deviation
    grey = np.clip(120 + rng.normal(0, 6, (256, 256, 1)), 0, 255).round().astype(np.uint8).repeat(3, axis=2)
    inside = Compositor(size_px=256)(grey, hole, smooth)[90:170, 90:170].astype(int)
    assert abs(np.diff(inside, axis=2)).mean() < 2, "grey noise stays nearly grey"
    drawing = np.full((256, 256, 3), 120, np.uint8)
    drawing[hole] = 7
    assert (Compositor(size_px=256)(drawing, hole, smooth)[hole] == 120).all()


def test_a_line_along_one_side_of_the_hole_hardly_tints_it() -> None:
    hole = np.zeros((256, 256), bool)
    hole[80:180, 80:180] = True
    drawing = np.full((256, 256, 3), 120, np.uint8)
    drawing[79] = (255, 0, 0)
    result = Compositor(size_px=256)(drawing, hole, lambda image, mask: np.where(mask > 0, np.float32(120 / 255), image))
    tint = abs(result[hole].astype(int) - 120)
    assert tint.max() <= 24 and tint.mean() < 6, "135 and 24 without the limit round the median"


def test_the_same_bits_as_the_day_the_rules_were_written() -> None:
    """The apps' compositors are held to this checksum too; a change of it is a change of RULES."""
    y, x = np.mgrid[:173, :311]
    pixels = np.stack([x * 3 + y, x ^ y, (x * y) // 7], axis=2).astype(np.uint8)
    hole = ((x - 90) ** 2 + (y - 60) ** 2 < 45**2) | ((x > 280) & (y > 160)) | (x == 200)
    grey = lambda image, mask: np.where(mask > 0, np.float32(0.25) + image[:, ::-1, ::-1] / 2, image)  # noqa: E731
    result = Compositor(size_px=64)(pixels, hole, grey)
    weights = np.arange(result.size, dtype=np.int64) % 65521 + 1
    assert int((result.reshape(-1) * weights).sum()) == CHECKSUM


def test_memory_stays_flat_beyond_the_photo() -> None:
    peaks = []
    for side in (1000, 2000):
        pixels, hole = np.full((side, side, 3), 90, np.uint8), np.zeros((side, side), bool)
        hole[side // 8 : -side // 8, side // 8 : -side // 8] = True
        tracemalloc.start()
        SMALL(pixels, hole, mean_fill)
        peaks.append((tracemalloc.get_traced_memory()[1] - pixels.nbytes - hole.nbytes) / 2**20)
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 16, peaks


def test_numbers_make_the_same_compositor_again() -> None:
    compositor = Compositor(size_px=256, context=2.5)
    through_json = {key: float(value) for key, value in compositor.numbers().items()}
    assert Compositor.from_numbers(through_json) == compositor
    for numbers in ({}, through_json | {"rules": 99}, through_json | {"more": 1.0}):
        with pytest.raises(ManifestError, match="rules 1"):
            Compositor.from_numbers(numbers)


def test_a_mask_of_another_size_is_one_clear_line() -> None:
    with pytest.raises(MaskError, match="mask is 8x9, the photo 9x8"):
        SMALL(np.zeros((8, 9, 3), np.uint8), np.ones((9, 8), bool), mean_fill)
