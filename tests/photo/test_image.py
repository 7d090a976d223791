from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from pictures import SIDEWAYS, colours, exif, jpeg, multi_picture, png, segment, with_segments
from PIL import Image as pil
from PIL.JpegImagePlugin import JpegImageFile
from PIL.MpoImagePlugin import MpoImageFile

from mobile_inpaint.errors import PhotoError, ToolchainMissing
from mobile_inpaint.photo.image import Photo, to_image, to_pixels
from mobile_inpaint.photo.io import formats

NOISE = np.pad(np.random.default_rng(0).integers(0, 256, (64, 192), np.uint8), ((0, 0), (1, 0))).tobytes()
WHOLE = png(64, 64, depth=8, kind=2, rows=NOISE)


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(arrays(np.uint8, (3, 5, 3)))
def test_pixels_survive_the_way_to_the_network_and_back(pixels: np.ndarray[Any, Any]) -> None:
    image = to_image(pixels)
    assert image.shape == (1, 3, 3, 5)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert (to_pixels(image) == pixels).all()


def test_to_pixels_clamps_and_rounds_half_up() -> None:
    levels = np.array([-1, 0.49, 0.5, 1.5, 254.49, 300], np.float32) / 255
    image = np.broadcast_to(levels, (1, 3, 1, 6)).astype(np.float32)
    assert to_pixels(image)[0, :, 0].tolist() == [0, 0, 1, 2, 254, 255]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "1", "P"])
def test_lossless_formats_keep_every_bit(tmp_path: Path, suffix: str, mode: str) -> None:
    picture = pil.fromarray(colours()).convert("RGBA")
    picture.putalpha(pil.fromarray(colours()[..., 1]))
    picture = picture.convert("RGB").convert("P") if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / "in.png")
    photo = Photo.open(tmp_path / "in.png")
    photo.save(tmp_path / f"out{suffix}")

    with pil.open(tmp_path / f"out{suffix}") as result:
        assert (np.asarray(result.convert("RGBA")) == np.asarray(picture.convert("RGBA"))).all()
        if suffix == ".png":
            assert result.mode == {"1": "L", "P": "RGB"}.get(mode, mode)
    assert photo.grey == (mode in ("1", "L", "LA"))
    assert (photo.alpha is not None) == mode.endswith("A")


def test_a_palette_and_a_key_colour_can_be_transparent(tmp_path: Path) -> None:
    palette = pil.fromarray(colours()).quantize(16)
    palette.save(tmp_path / "palette.png", transparency=3)
    key = pil.fromarray(np.tile(np.array([[[9, 8, 7], [1, 2, 3]]], np.uint8), (2, 2, 1)))
    key.save(tmp_path / "key.png", transparency=(9, 8, 7))

    alpha = Photo.open(tmp_path / "palette.png").alpha
    assert alpha is not None
    assert ((alpha == 0) == (np.asarray(palette) == 3)).all()
    alpha = Photo.open(tmp_path / "key.png").alpha
    assert alpha is not None
    assert alpha.tolist() == [[0, 255, 0, 255]] * 2


def test_hidden_colours_stay_in_webp(tmp_path: Path) -> None:
    Photo(colours(), np.zeros((96, 128), np.uint8)).save(tmp_path / "hidden.webp")
    assert (Photo.open(tmp_path / "hidden.webp").pixels == colours()).all()


def test_jpeg_takes_opaque_alpha_and_refuses_transparency(tmp_path: Path) -> None:
    opaque = np.full((96, 128), 255, np.uint8)
    Photo(colours(), opaque).save(tmp_path / "opaque.jpg")
    assert Photo.open(tmp_path / "opaque.jpg").alpha is None
    opaque[0, 0] = 254
    with pytest.raises(PhotoError, match=r"save as \.png or \.webp") as error:
        Photo(colours(), opaque).save(tmp_path / "through.jpg")
    one_line(error)
    assert not (tmp_path / "through.jpg").exists()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    source = saved(tmp_path / "in.jpg", jpeg(colours(), quality=95, exif=b"Exif\0\0" + exif(orientation=orientation)))
    upright = {
        1: colours(),
        2: colours()[:, ::-1],
        3: colours()[::-1, ::-1],
        4: colours()[::-1],
        5: colours().transpose(1, 0, 2),
        6: colours()[::-1].transpose(1, 0, 2),
        7: colours()[::-1, ::-1].transpose(1, 0, 2),
        8: colours()[:, ::-1].transpose(1, 0, 2),
    }[orientation]
    photo = Photo.open(source)
    assert np.abs(photo.pixels.astype(int) - upright).max() < 12

    photo.save(tmp_path / "out.png")
    with pil.open(tmp_path / "out.png") as result:
        assert result.getexif().get(0x0112) == 1
        assert (np.asarray(result) == photo.pixels).all()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [60, 97])
def test_a_jpeg_is_coded_as_it_was(tmp_path: Path, quality: int, subsampling: int) -> None:
    rng = np.random.default_rng(1)
    pixels = np.clip(colours() + rng.normal(0, 6, (96, 128, 3)), 0, 255).astype(np.uint8)
    source = saved(tmp_path / "in.jpg", jpeg(pixels, quality=quality, subsampling=subsampling))
    photo = Photo.open(source)
    photo.save(tmp_path / "out.jpg")
    with pil.open(source) as before, pil.open(tmp_path / "out.jpg") as after:
        assert isinstance(before, JpegImageFile) and isinstance(after, JpegImageFile)
        assert after.quantization == before.quantization
        assert [layer[1:3] for layer in after.layer] == [layer[1:3] for layer in before.layer]
    assert (tmp_path / "out.jpg").stat().st_size == pytest.approx(source.stat().st_size, rel=0.06)
    assert np.abs(Photo.open(tmp_path / "out.jpg").pixels.astype(int) - photo.pixels).mean() < 1


def test_a_progressive_grey_jpeg_stays_one(tmp_path: Path) -> None:
    source = saved(tmp_path / "in.jpg", jpeg(colours()[..., 0], quality=80, progressive=True))
    photo = Photo.open(source)
    assert photo.grey
    assert (photo.pixels == photo.pixels[..., :1]).all()
    photo.save(tmp_path / "out.jpg")
    with pil.open(tmp_path / "out.jpg") as result:
        assert result.mode == "L"
        assert result.info["progressive"]


def test_turned_tables_turn_with_the_photo(tmp_path: Path) -> None:
    tables = [list(range(1, 65)), list(range(64, 0, -1))]
    block = b"Exif\0\0" + exif(orientation=SIDEWAYS)
    source = saved(tmp_path / "in.jpg", jpeg(colours(), qtables=tables, subsampling=1, exif=block))
    Photo.open(source).save(tmp_path / "out.jpg")
    with pil.open(tmp_path / "out.jpg") as result:
        assert isinstance(result, JpegImageFile)
        assert result.quantization[0] == np.reshape(tables[0], (8, 8)).T.ravel().tolist()
        assert [layer[1:3] for layer in result.layer] == [(1, 1)] * 3  # no encoder has 4:4:0: all colour is kept


def test_a_given_quality_goes_before_the_old_one(tmp_path: Path) -> None:
    photo = Photo.open(saved(tmp_path / "in.jpg", jpeg(colours(), quality=95, subsampling=2)))
    photo.save(tmp_path / "low.jpg", quality=10)
    with pil.open(tmp_path / "low.jpg") as result:
        assert isinstance(result, JpegImageFile)
        assert result.quantization[0][0] > 50
        assert result.layer[0][1:3] == (2, 2)
    photo.save(tmp_path / "low.webp", quality=10)
    assert (Photo.open(tmp_path / "low.webp").pixels != photo.pixels).any()


def test_a_webp_stays_lossy_or_lossless(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for name, lossless in (("lossy", False), ("lossless", True)):
        # A colour profile makes WebP write its extended header, before which the kind of coding does not stand.
        pil.fromarray(noise).save(tmp_path / f"{name}.webp", lossless=lossless, icc_profile=b"profile")
        photo = Photo.open(tmp_path / f"{name}.webp")
        photo.save(tmp_path / f"{name}2.webp")
        assert (Photo.open(tmp_path / f"{name}2.webp").pixels == photo.pixels).all() == lossless


def test_avif_goes_in_and_out(tmp_path: Path) -> None:
    Photo(colours(), grey=False).save(tmp_path / "one.avif")
    photo = Photo.open(tmp_path / "one.avif")
    assert np.abs(photo.pixels.astype(int) - colours()).mean() < 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.jpg", b"", "not a picture: the file is empty; get it again"),
        ("text.png", b"hello, world" * 20, "not a picture"),
        ("cut.jpg", jpeg(colours(256, 256), quality=95)[:4000], "cut off .*truncated.*; get it again"),
        ("cut.png", WHOLE[:6000], "cannot be read"),
        ("header.png", png(8, 8, depth=8, kind=2, rows=b"")[:33], "not a picture"),
        ("short.png", png(64, 64, depth=8, kind=2, rows=NOISE[:6000]), "cannot be read"),
        ("flipped.png", WHOLE[:5000] + b"?" + WHOLE[5001:], "cannot be read|damaged"),
        ("deep.png", png(2, 2, depth=16, kind=2, rows=bytes(13 * 2), extra=[(b"tRNS", bytes(6))]), "16 bits .* alpha channel"),
        ("cutdeep.png", png(9, 9, depth=16, kind=2, rows=bytes(13 * 2)), "cut off"),
        ("photo.tif", b"II*\0" + bytes(40), "a TIFF, .* save it as PNG, which keeps 16 bits"),
        ("page.jpg", b"<!DOCTYPE html><html>" + bytes(40), "get the picture itself"),
        ("film.gif", b"GIF89a" + bytes(40), "not a picture"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_we_refuse_is_said_in_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(PhotoError, match=said) as error:
        Photo.open(saved(tmp_path / name, content))
    assert name in one_line(error)


def test_cmyk_animations_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    pil.fromarray(colours()).convert("CMYK").save(tmp_path / "print.jpg")
    frames = [pil.fromarray(colours()), pil.fromarray(colours()[::-1])]
    for name in ("film.png", "film.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    for name, said in {
        "print.jpg": "CMYK",
        "film.png": "animation",
        "film.webp": "animation",
        "": "directory",
        "nobody.jpg": "no such file",
    }.items():
        with pytest.raises(PhotoError, match=said) as error:
            Photo.open(tmp_path / name)
        one_line(error)


def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    # 900 megapixels in 60 bytes: decoding would take 2.7 GB, Pillow's own limit would raise its own error.
    bomb = saved(tmp_path / "bomb.png", png(30_000, 30_000, depth=8, kind=2, rows=b""))
    with pytest.raises(PhotoError, match=r"30000 x 30000 .* --max-pixels 900000000") as error:
        Photo.open(bomb)
    one_line(error)
    limit = pil.MAX_IMAGE_PIXELS
    with pytest.raises(PhotoError):
        Photo.open(bomb, max_pixels=10**9)  # within the limit, no warning of Pillow's, and then cut off
    assert limit == pil.MAX_IMAGE_PIXELS


def test_the_limit_counts_exactly(tmp_path: Path) -> None:
    Photo(colours(10, 10)).save(tmp_path / "hundred.png")
    assert Photo.open(tmp_path / "hundred.png", max_pixels=100).width == 10
    with pytest.raises(PhotoError):
        Photo.open(tmp_path / "hundred.png", max_pixels=99)


def test_threads_leave_pillows_limit_as_it_was(tmp_path: Path) -> None:
    Photo(colours()).save(tmp_path / "photo.png")
    limit = pil.MAX_IMAGE_PIXELS
    threads = [threading.Thread(target=lambda: [Photo.open(tmp_path / "photo.png") for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit == pil.MAX_IMAGE_PIXELS


def test_a_heic_without_its_reader_names_the_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
    with pytest.raises(ToolchainMissing, match="pip install pillow-heif") as error:
        Photo.open(saved(tmp_path / "photo.heic", content))
    one_line(error)
    with pytest.raises(ToolchainMissing):
        Photo(colours()).save(tmp_path / "out.heic")
    assert names_in(tmp_path) == ["photo.heic"]


def test_saving_refuses_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source = saved(tmp_path / "in.jpg", jpeg(colours()))
    photo = Photo.open(source)
    (tmp_path / "alias.jpg").symlink_to(source)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.png" / "inside").touch()
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    for name, said in {
        "out.tiff": r"\.jpg, \.jpeg, \.png",
        "out": "suffix",
        "nowhere/out.png": "no such folder",
        "in.jpg": "--overwrite",
        "alias.jpg": "--overwrite",
        "folder.png": "cannot be written",
    }.items():
        with pytest.raises(PhotoError, match=said) as error:
            photo.save(tmp_path / name)
        one_line(error)
    with pytest.raises(PhotoError, match=r"JPEG cannot hold .* \.png"):
        Photo(np.zeros((1, 70_000, 3), np.uint8)).save(tmp_path / "long.jpg")
    assert names_in(tmp_path) == ["alias.jpg", "folder.png", "in.jpg"]
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    target = saved(tmp_path / "out.jpg", b"precious")
    with pytest.raises(PhotoError):
        Photo(np.zeros((1, 70_000, 3), np.uint8)).save(target)
    assert target.read_bytes() == b"precious"


def test_the_photo_itself_is_overwritten_when_asked(tmp_path: Path) -> None:
    Photo(colours()).save(tmp_path / "photo.png")
    photo = Photo.open(tmp_path / "photo.png")
    photo.with_pixels(photo.pixels[::-1].copy()).save(tmp_path / "photo.png", overwrite=True)
    assert (Photo.open(tmp_path / "photo.png").pixels == colours()[::-1]).all()


def test_the_further_pictures_of_a_multi_picture_file_are_left_out(tmp_path: Path) -> None:
    gain_map = jpeg(np.full((24, 32), 77, np.uint8))
    source = saved(tmp_path / "in.jpg", multi_picture(jpeg(colours(), quality=90), gain_map))
    with pil.open(source) as picture:
        assert isinstance(picture, MpoImageFile) and picture.format == "MPO"
        assert picture.n_frames == 2
        tables = picture.quantization
    photo = Photo.open(source)
    photo.save(tmp_path / "out.jpg")
    written = (tmp_path / "out.jpg").read_bytes()
    assert b"MPF\0" not in written
    assert written.count(b"\xff\xd8\xff") == 1
    with pil.open(tmp_path / "out.jpg") as result:
        assert isinstance(result, JpegImageFile) and result.format == "JPEG"
        assert result.quantization == tables


def test_trailers_and_unknown_segments_are_left_out(tmp_path: Path) -> None:
    iso_gain_map = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(20))
    signature = segment(0xEB, b"JP\0\0" + b"c2pa of the old pixels")
    source = saved(
        tmp_path / "in.jpg", with_segments(jpeg(colours()), iso_gain_map, signature) + b"MotionPhoto_Data" + bytes(99)
    )
    Photo.open(source).save(tmp_path / "out.jpg")
    written = (tmp_path / "out.jpg").read_bytes()
    assert not any(word in written for word in (b"21496", b"c2pa", b"MotionPhoto"))


def test_every_suffix_has_a_way_of_writing() -> None:
    from mobile_inpaint.photo.image import _FRESH

    assert set(formats.FORMATS.values()) == set(_FRESH)
