"""Photo and Mask: made from arrays, PIL images and bytes, back again, and refused when they are none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as pil

from mobile_inpaint import Mask, Photo
from mobile_inpaint.errors import MaskError, PhotoError


def colours(height: int = 12, width: int = 20, channels: int = 3) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA"])
def test_a_pil_image_goes_through_a_photo_unchanged(mode: str) -> None:
    picture = pil.fromarray(colours(channels=4)).convert(mode)
    back = Photo.from_pil(picture).to_pil()
    assert back.mode == ("L" if mode == "1" else mode)
    np.testing.assert_array_equal(np.asarray(back), np.asarray(picture.convert(back.mode)))


def test_a_pil_images_palette_and_colour_profile_come_along() -> None:
    palette = pil.fromarray(colours()).quantize(16)
    palette.info["icc_profile"] = b"a profile"
    photo = Photo.from_pil(palette)
    np.testing.assert_array_equal(photo.pixels, np.asarray(palette.convert("RGB")))
    assert photo.to_pil().info["icc_profile"] == b"a profile"


def test_a_lazily_opened_file_that_is_cut_off_is_one_line(tmp_path: Path) -> None:
    pil.fromarray(colours(200, 300)).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:2000])
    for open_it, error in ((Photo.from_pil, PhotoError), (Mask.from_pil, MaskError)):
        with pil.open(tmp_path / "cut.jpg") as picture, pytest.raises(error, match="cannot be read"):
            open_it(picture)  # type: ignore[operator]


@pytest.mark.parametrize("format", ["png", ".PNG", "webp", "jpeg", "jpg", "avif"])
def test_bytes_hold_the_format_that_was_asked_for(format: str) -> None:
    data = Photo(colours()).to_bytes(format)
    with pil.open(io.BytesIO(data)) as picture:
        assert picture.format == {"jpg": "JPEG"}.get(format, format.strip(".").upper())
    if format.lower().strip(".") in ("png", "webp"):
        np.testing.assert_array_equal(Photo.from_bytes(data).pixels, colours())


def test_bytes_are_in_the_photos_own_format_if_none_is_named() -> None:
    jpeg = Photo(colours()).to_bytes("jpeg", quality=60)
    assert Photo.from_bytes(jpeg).to_bytes().startswith(b"\xff\xd8\xff")
    assert Photo(colours()).to_bytes().startswith(b"\x89PNG")
    for format, quality, said in (
        ("gif", None, "unknown format 'gif'"),
        ("../x", None, "unknown format"),
        ("png", 101, "quality"),
    ):
        with pytest.raises(PhotoError, match=said):
            Photo(colours()).to_bytes(format, quality=quality)
    with pytest.raises(PhotoError, match="JPEG has no transparency"):
        Photo(colours(), np.zeros((12, 20), np.uint8)).to_bytes("jpeg")


def test_an_open_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    Photo(colours()).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        file.seek(9)
        np.testing.assert_array_equal(Photo.open(file).pixels, colours())
    with pytest.raises(PhotoError, match="cannot be read"):
        Photo.open(file)
    with (tmp_path / "a.png").open(encoding="latin-1") as text, pytest.raises(PhotoError, match="opened as text"):
        Photo.open(text)  # type: ignore[arg-type]
    with pytest.raises(PhotoError, match="from_pil and from_array"):
        Photo.open(pil.fromarray(colours()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pixels", "alpha"),
    [
        (colours().astype(np.float32), None),
        (colours().astype(np.int64), None),
        (colours()[..., 0], None),
        (colours(channels=4), None),
        (colours()[:0], None),
        (colours().tolist(), None),
        (colours(), np.zeros((12, 19), np.uint8)),
        (colours(), np.zeros((12, 20), np.float32)),
    ],
)
def test_a_photo_of_something_else_is_refused_when_it_is_made(pixels: object, alpha: object) -> None:
    with pytest.raises(PhotoError):
        Photo(pixels, alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "hole", [np.zeros((4, 5), np.uint8), np.zeros((4, 5, 1), np.bool_), np.zeros((0, 5), np.bool_), [[True]]]
)
def test_a_mask_of_something_else_is_refused_when_it_is_made(hole: object) -> None:
    with pytest.raises(MaskError):
        Mask(hole)  # type: ignore[arg-type]


def test_new_pixels_must_fit() -> None:
    photo = Photo(colours())
    for wrong in (colours(12, 21), colours().astype(np.float32)):
        with pytest.raises(PhotoError):
            photo.with_pixels(wrong)  # type: ignore[arg-type]


def test_what_they_are_is_said_in_one_line() -> None:
    hole = np.zeros((12, 20), np.bool_)
    hole[2:5, 3:9] = True
    assert repr(Photo(colours(), np.zeros((12, 20), np.uint8), True)) == "Photo(20x12 grey with alpha)"
    assert repr(Mask(hole)) == "Mask(20x12, 18 pixels to fill, 7.5 %)"
