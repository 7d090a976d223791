"""PNG of 16 bits a channel: known pixels keep all of them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import SIDEWAYS, exif, png
from PIL import Image as pil

from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io import deep

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
Array = np.ndarray[Any, Any]


def samples(channels: int, height: int = 17, width: int = 23) -> Array:
    values = np.random.default_rng(channels).integers(0, 65_536, (height, width, channels)).astype(np.uint16)
    if channels in (2, 4):
        values[..., -1] |= 0x8000
    return values


def written(path: Path, values: Array, *extra: tuple[bytes, bytes]) -> Path:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    height, width, channels = values.shape
    path.write_bytes(png(width, height, depth=16, kind=KINDS[channels], rows=rows, extra=extra))
    return path


def stored(path: Path, channels: int) -> Array:
    """The samples of a PNG, unfiltered by hand: not by the code that is tested."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + body)
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack_from(">IIBB", body)
            assert (depth, kind) == (16, KINDS[channels])
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    raw, step = zlib.decompress(packed), 2 * channels
    above, rows = bytearray(width * step), []
    for y in range(height):
        start = y * (width * step + 1)
        assert raw[start] == 4
        row = bytearray(raw[start + 1 : start + 1 + width * step])
        for x in range(len(row)):
            a = row[x - step] if x >= step else 0
            b, c = above[x], above[x - step] if x >= step else 0
            near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))
            row[x] = (row[x] + near[2]) % 256
        rows.append(np.frombuffer(bytes(row), ">u2").reshape(width, channels))
        above = row
    return np.stack(rows)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_known_pixels_keep_16_bits_and_filled_ones_have_8(tmp_path: Path, channels: int) -> None:
    values = samples(channels)
    photo = Photo.open(written(tmp_path / "in.png", values))
    assert photo.grey == (channels < 3)
    assert (photo.alpha is None) == (channels in (1, 3))
    nearest = np.floor(values / 257 + 0.5)
    assert (photo.pixels == nearest[..., : 1 if channels < 3 else 3]).all()
    hole = np.zeros(values.shape[:2], bool)
    hole[3:9, 4:15] = True
    new = photo.pixels.copy()
    new[hole] = 77
    photo.filled(new, hole).save(tmp_path / "out.png")
    after = stored(tmp_path / "out.png", channels)
    assert (after[~hole] == values[~hole]).all()
    colours = after[hole][:, : 1 if channels < 3 else 3]
    assert (colours == 77 * 257).all()
    if photo.alpha is not None:
        assert (after[hole][:, -1] == 65_535).all()
    photo.filled(photo.pixels, hole, keep_alpha=True).save(tmp_path / "same.png")
    if photo.alpha is not None:
        assert (stored(tmp_path / "same.png", channels)[..., -1] == values[..., -1]).all()


def test_what_a_fill_leaves_alone_by_chance_keeps_nothing_of_before(tmp_path: Path) -> None:
    photo = Photo.open(written(tmp_path / "in.png", samples(3)))
    hole = np.ones(photo.pixels.shape[:2], bool)
    photo.filled(photo.pixels, hole).save(tmp_path / "out.png")
    assert (stored(tmp_path / "out.png", 3) % 257 == 0).all()


def test_a_photo_with_other_pixels_keeps_the_rest(tmp_path: Path) -> None:
    values = samples(3)
    photo = Photo.open(written(tmp_path / "in.png", values))
    new = photo.pixels.copy()
    new[0] ^= 255
    photo.with_pixels(new).save(tmp_path / "out.png")
    after = stored(tmp_path / "out.png", 3)
    assert (after[1:] == values[1:]).all()
    assert (after[0] == new[0].astype(int) * 257).all()


def test_it_stands_upright_and_keeps_its_metadata(tmp_path: Path) -> None:
    values = samples(3)
    block, text = exif(orientation=SIDEWAYS), b"Author\0Somebody"
    path = written(tmp_path / "in.png", values, (b"eXIf", block), (b"tEXt", text))
    with pil.open(path) as picture:
        assert picture.getexif()[0x0112] == SIDEWAYS
    photo = Photo.open(path)
    assert (photo.width, photo.height) == (17, 23)
    photo.save(tmp_path / "out.png")
    assert (stored(tmp_path / "out.png", 3) == np.rot90(values, -1)).all()
    data = (tmp_path / "out.png").read_bytes()
    assert text in data
    assert b"eXIf" in data


@pytest.mark.parametrize("orientation", range(2, 9))
def test_samples_turn_as_pixels_do(orientation: int) -> None:
    from mobile_inpaint.photo.io.formats import upright

    grey = np.arange(15, dtype=np.uint8).reshape(3, 5)
    file = io.BytesIO()
    pil.fromarray(grey.astype(np.uint16)).save(file, "PNG")
    with pil.open(file) as picture:
        turned = deep.read(picture, file, pil.open, orientation)
    assert (turned[..., 0] == np.asarray(upright(pil.fromarray(grey), orientation))).all()


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_other_formats_get_8_bits_and_it_is_said(tmp_path: Path, suffix: str) -> None:
    photo = Photo.open(written(tmp_path / "in.png", samples(3)))
    photo.save(tmp_path / f"out{suffix}")
    with pil.open(tmp_path / f"out{suffix}") as picture:
        assert picture.size == (23, 17)
    format = {".jpg": "JPEG", ".webp": "WEBP", ".avif": "AVIF"}[suffix]
    (line,) = photo.losses(format, "out")
    assert "8 bits" in line
    assert ".png" in line
    assert photo.losses("PNG", "out") == ()
