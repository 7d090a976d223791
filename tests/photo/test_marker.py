"""The marker by which a result is known again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import MAKER_NOTE, Exif, colours, exif, jpeg
from PIL import Image as pil

from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io import marker

SUFFIXES = [".jpg", ".png", ".webp", ".avif"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("order", ["<", ">", None])
def test_it_survives_in_every_format_beside_what_was_there(tmp_path: Path, suffix: str, order: str | None) -> None:
    block = exif(jpeg(colours(30, 40)), order=order) if order else b""
    (tmp_path / "in.jpg").write_bytes(jpeg(colours(), exif=b"Exif\0\0" + block) if block else jpeg(colours()))
    out = tmp_path / f"out{suffix}"
    Photo.open(tmp_path / "in.jpg").save(out, mark="fill 0123abcd")
    assert marker.of_file(out) == "fill 0123abcd"
    with pil.open(out) as picture:
        read = picture.getexif()
        assert read[0x000B] == "mobile-inpaint fill 0123abcd"
        if block:
            assert read[0x010F] == "Handmade"
            assert read.get_ifd(0x8769)[MAKER_NOTE] == b"maker"
            assert read.get_ifd(0x8825)[1] == "N"
    Photo.open(out).save(out, mark="fill 9", overwrite=True)  # again: replaced, not added
    assert marker.of_file(out) == "fill 9"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_result_has_none(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "in.jpg").write_bytes(jpeg(colours(), exif=b"Exif\0\0" + exif()))
    Photo.open(tmp_path / "in.jpg").save(tmp_path / f"out{suffix}")
    assert marker.of_file(tmp_path / f"out{suffix}") is None


def test_files_of_other_kinds_have_none(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("mobile-inpaint fill")
    (tmp_path / "empty.png").touch()
    for name in ("text.png", "empty.png", "nobody.png"):
        assert marker.of_file(tmp_path / name) is None


def test_another_programs_name_is_no_marker() -> None:
    for text in (b"digiKam\0", b"mobile-inpaint\0", b"x mobile-inpaint fill\0", b"mobile-inpaint fill" + b"x" * 999 + b"\0"):
        tiff = Exif("<")
        tiff.directory([(0x000B, 2, len(text), text)])
        assert marker.mark_of(bytes(tiff.data)) is None
        assert marker.mark_of(marker.marked(bytes(tiff.data), "fill")) == "fill"


def test_a_block_without_room_stays_as_it_is(tmp_path: Path) -> None:
    block = exif(maker_note=b"m" * 65_300)
    (tmp_path / "in.png").write_bytes(b"")
    file = io.BytesIO()
    pil.fromarray(colours()).save(file, "PNG", exif=b"Exif\0\0" + block)
    (tmp_path / "in.png").write_bytes(file.getvalue())
    photo = Photo.open(tmp_path / "in.png")
    assert 65_527 - 60 < len(photo.metadata.exif) <= 65_527
    photo.save(tmp_path / "out.jpg", mark="fill 0123456789abcdef")
    with pil.open(tmp_path / "out.jpg") as picture:
        assert picture.getexif()[0x010F] == "Handmade"
    assert marker.of_file(tmp_path / "out.jpg") is None


@given(st.data())
def test_damaged_blocks_are_replaced_or_extended(data: Any) -> None:
    block = bytearray(exif())
    for _ in range(data.draw(st.integers(0, 6))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(block[: data.draw(st.integers(0, len(block)))])
    assert marker.mark_of(marker.marked(cut, "fill")) == "fill"
