"""Metadata made to take time, memory or the stack: the photo is filled and saved all the same, or refused in one line."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import Exif, colours, exif, jpeg, segment, with_segments, xmp_segment
from PIL import Image as pil

from mobile_inpaint.errors import PhotoError
from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io import exif as exif_module
from mobile_inpaint.photo.io import xmp
from mobile_inpaint.photo.io.metadata import Metadata

RED = pil.new("RGB", (128, 96), "red")
START, END, SCAN = b"\xff\xd8\xff\xe0", b"\xff\xd9", b"\xff\xda"
STALE = '<x xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0">{}</x>'
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 20))
    + "]>"
    + STALE.format("&a19;")
)


def saved(tmp_path: Path, content: bytes, source: str, target: str) -> tuple[Photo, tuple[str, ...]]:
    """The photo that was written, and what was said about it."""
    (tmp_path / f"in{source}").write_bytes(content)
    said = Photo.open(tmp_path / f"in{source}").save(tmp_path / f"out{target}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"in{source}", f"out{target}"]
    assert all(line.isprintable() for line in said)
    return Photo.open(tmp_path / f"out{target}"), said


def webp(**options: Any) -> bytes:
    file = io.BytesIO()
    pil.fromarray(colours()).save(file, "WEBP", lossless=True, **options)
    return file.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with these chunks before its pixels, whatever Pillow thinks of them."""
    file = io.BytesIO()
    pil.fromarray(colours()).save(file, "PNG")
    header, rest = file.getvalue()[:33], file.getvalue()[33:]
    added = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return header + b"".join(added) + rest


@pytest.mark.parametrize(
    "filling",
    [
        START,
        START + b"\0\4",
        b"\xff\xd8\xff\xda",
        START + b"\0\2" + SCAN + b"\0\2",
        b"\xff\xd8\xff\xe1\0\0",
        END,
        b"\xff\xe0\0\0",
    ],
)
def test_the_search_for_previews_is_linear(filling: bytes) -> None:
    def seconds(count: int) -> float:
        block = exif(maker_note=filling * (count // len(filling)))
        started = time.process_time()
        renewed = exif_module.renewed(block, RED)
        assert len(renewed) in (0, len(block))
        return time.process_time() - started

    assert seconds(400_000) < 20 * seconds(40_000) + 0.5  # ten times as long; it was a hundred


def test_a_block_of_half_a_megabyte_costs_less_than_a_fill(tmp_path: Path) -> None:
    started = time.process_time()
    photo, said = saved(tmp_path, webp(exif=exif(maker_note=(START + b"\0\2" + SCAN + b"\0\2") * 50_000)), ".webp", ".webp")
    assert time.process_time() - started < 2
    assert (photo.pixels == colours()).all() and said == ()
    assert SCAN not in photo.metadata.exif and b"Handmade" in photo.metadata.exif


def _hostile_blocks() -> dict[str, bytes]:
    good = exif(jpeg(colours(60, 80)))
    cycle = bytearray(Exif().data)
    struct.pack_into("<I", cycle, 4, 8)
    cycle += struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    many = b"II*\0" + struct.pack("<IH", 8, 65_535)
    many += b"".join(struct.pack("<HHII", tag, 7, 700_000, 8) for tag in range(65_535)) + bytes(4)
    strips = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 14) + struct.pack("<H", 2)
    strips += struct.pack("<HHII", 0x0111, 4, 1_000_000, 44) + struct.pack("<HHII", 0x0117, 4, 1_000_000, 44) + bytes(4)
    strips += struct.pack("<I", 2**31) * 1_000_000
    return {
        "cycle": bytes(cycle),
        "overlapping": many,
        "strips": strips,
        "count": good[:8] + b"\xff\xff" + good[10:],
        "offset": good[:4] + b"\xff\xff\xff\xff" + good[8:],
        "values": bytes(Exif().data) + struct.pack("<HHHII", 1, 0x8769, 4, 2**32 - 1, 8) + bytes(4),
        "large": exif(maker_note=bytes(17_000_000)),
        "empty": b"",
        "marker alone": b"II*\0",
    }


@pytest.mark.parametrize(("name", "block"), _hostile_blocks().items(), ids=list(_hostile_blocks()))
def test_directories_that_lead_nowhere(tmp_path: Path, name: str, block: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    exif_module.orientation(block)
    renewed = exif_module.renewed(block, RED)
    assert time.process_time() - started < 2
    assert tracemalloc.get_traced_memory()[1] < 100_000_000 + 3 * len(block)
    tracemalloc.stop()
    assert len(renewed) in (0, len(block))
    photo, said = saved(tmp_path, webp(exif=block), ".webp", ".png")
    assert (photo.pixels == colours()).all()
    assert bool(said) == bool(block and not renewed)


@pytest.mark.parametrize(
    "packet",
    [
        STALE.format("<a>" * 3_000 + "</a>" * 3_000),
        STALE.format("<a>" * 100_000 + "</a>" * 100_000),
        STALE.format("<hdrgm:a>" * 100_000 + "</hdrgm:a>" * 100_000),
        STALE.format("<a/>" * 100_000),
        STALE.format("<a " + " ".join(f'b{i}="1"' for i in range(50_000)) + "/>"),
    ],
    ids=["3,000 deep", "100,000 deep", "stale and deep", "100,000 elements", "50,000 attributes"],
)
def test_xmp_of_any_shape_loses_only_what_is_stale(tmp_path: Path, packet: str) -> None:
    started = time.process_time()
    photo, said = saved(tmp_path, webp(xmp=packet.encode()), ".webp", ".webp")
    assert time.process_time() - started < 4
    assert said == () and b"hdr" not in photo.metadata.xmp
    assert photo.metadata.xmp.startswith(b"<x>") and photo.metadata.xmp.endswith(b"</x>")


def test_a_deep_packet_in_a_jpeg(tmp_path: Path) -> None:
    packet = STALE.format("<a>" * 3_000 + "</a>" * 3_000)
    photo, said = saved(tmp_path, with_segments(jpeg(colours()), xmp_segment(packet)), ".jpg", ".jpg")
    assert said == () and photo.metadata.xmp.count(b"<a>") == 3_000


@pytest.mark.parametrize(
    "packet",
    [
        LAUGHS,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + STALE.format(""),
        STALE.format("<open>"),
        STALE.format("<b:a/>"),
        STALE.format("") + "<second/>",
        '<?xml version="1.0" encoding="no-such"?>' + STALE.format(""),
    ],
)
def test_xmp_that_cannot_be_read_is_dropped_with_a_word(tmp_path: Path, packet: str) -> None:
    photo, said = saved(tmp_path, webp(xmp=packet.encode()), ".webp", ".png")
    assert (photo.pixels == colours()).all() and photo.metadata.xmp == b""
    assert len(said) == 1 and "XMP" in said[0]


def test_xmp_cannot_hide_behind_another_spelling() -> None:
    packet = STALE.format("<a/>")
    assert b"hdr" not in xmp.scrubbed(packet.replace("http:", "&#x68;ttp:").encode())
    assert b"h\0d\0r" not in xmp.scrubbed(packet.encode("utf-16"))


def test_xmp_without_anything_stale_stays_byte_for_byte() -> None:
    for packet in (b"<x a='&#10;'/>", b"<x><!-- a --><y/></x>", "<x>Ærø</x>".encode("utf-16"), b"not XML"):
        assert xmp.scrubbed(packet) == packet


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_metadata_that_does_not_fit_never_costs_the_fill(tmp_path: Path, suffix: str) -> None:
    large = Metadata(
        format="PNG",
        exif=exif(maker_note=bytes(100_000)),
        xmp=b"<x>" + b" " * 100_000 + b"</x>",
        icc=b"\0" * 18_000_000,
        comment=b"c" * 100_000,
        iptc=b"i" * 100_000,
        dpi=(72, 72),
    )
    said = Photo(colours(), metadata=large).save(tmp_path / f"out{suffix}")
    with pil.open(tmp_path / f"out{suffix}") as picture:
        assert picture.size == (128, 96)
    dropped = {".jpg": ("EXIF", "XMP", "ICC", "IPTC", "comment"), ".png": ("ICC",)}.get(suffix, ())
    assert all(word in said[0] for word in dropped) if dropped else said == ()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
@pytest.mark.parametrize(
    "metadata",
    [
        Metadata(dpi=(4e9, 1e300)),
        Metadata(dpi=(float("nan"), 1)),
        Metadata(format="JPEG", coding={"qtables": [[1] * 3]}),
        Metadata(format="PNG", chunks=((b"bad", b""),), coding={"compress_level": "x"}),
        Metadata(format="AVIF", coding={"subsampling": "9"}),
        Metadata(format="WEBP", coding={"quality": "x"}),
    ],
)
def test_what_an_encoder_refuses_is_left_out(tmp_path: Path, suffix: str, metadata: Metadata) -> None:
    said = Photo(colours(), metadata=metadata).save(tmp_path / f"out{suffix}")
    assert len(said) <= 1
    assert Photo.open(tmp_path / f"out{suffix}").width == 128
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]


def test_numbers_of_the_resolution_that_nobody_means(tmp_path: Path) -> None:
    tiff = Exif()
    tiff.directory(
        [(0x011A, 5, 1, struct.pack("<2I", 2**32 - 1, 1)), (0x011B, 5, 1, struct.pack("<2I", 1, 0)), (0x0128, 3, 1, b"\2\0")]
    )
    content = jpeg(colours(), exif=b"Exif\0\0" + bytes(tiff.data))
    for suffix in (".png", ".jpg", ".webp"):
        (tmp_path / f"out{suffix}").unlink(missing_ok=True)
        (tmp_path / "in.jpg").write_bytes(content)
        Photo.open(tmp_path / "in.jpg").save(tmp_path / f"out{suffix}")
    assert Photo.open(tmp_path / "out.png").width == 128


def test_texts_of_a_png_do_not_pass_for_its_metadata(tmp_path: Path) -> None:
    names = (b"dpi", b"photoshop", b"icc_profile", b"transparency", b"comment", b"xmp", b"gamma", b"exif", b"interlace")
    texts = [(b"tEXt", name + b"\0" + b"nonsense") for name in names]
    photo, _ = saved(tmp_path, png(*texts), ".png", ".png")
    assert (photo.pixels == colours()).all() and photo.alpha is None and photo.metadata.icc == b""


def _refused(tmp_path: Path, content: bytes, suffix: str, message: str) -> None:
    (tmp_path / f"in{suffix}").write_bytes(content)
    started = time.process_time()
    with pytest.raises(PhotoError, match=message) as caught:
        Photo.open(tmp_path / f"in{suffix}")
    assert time.process_time() - started < 2
    assert str(caught.value).isprintable()


def test_bombs_in_the_text_of_a_png(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(100_000_000), 1)
    _refused(tmp_path, png((b"zTXt", b"a\0\0" + bomb)), ".png", "damaged")
    _refused(tmp_path, png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)), ".png", "damaged")
    _refused(tmp_path, png((b"iCCP", b"a\0\0" + bomb)), ".png", "damaged")
    small = zlib.compress(bytes(1_000_000), 9)
    _refused(tmp_path, png(*[(b"iCCP", b"a\0\0" + small)] * 5_000), ".png", "more than one colour profile")


def test_exif_in_thousands_of_segments(tmp_path: Path) -> None:
    content = with_segments(jpeg(colours()), segment(0xE1, b"Exif\0\0a") * 20_000)
    _refused(tmp_path, content, ".jpg", "EXIF segments")
    _refused(tmp_path, content[:2] + bytes(2_000_000), ".jpg", "noise|not a picture")


def test_a_webp_of_absurd_size_is_refused_before_there_is_room_for_it(tmp_path: Path) -> None:
    content = bytearray(webp(exif=exif()))
    assert content[12:16] == b"VP8X"
    content[24:30] = b"\xfe\x3f\0" * 2
    _refused(tmp_path, bytes(content), ".webp", "16383 x 16383 pixels are more than the limit")


def test_a_fill_that_could_not_be_saved_is_refused_before_it_is_made(tmp_path: Path) -> None:
    photo = Photo(np.zeros((1, 70_000, 3), np.uint8))
    for name, message in {"a.jpg": "65500", "a.webp": "16383", "b/a.png": "no such folder", "a.gif": "suffix"}.items():
        with pytest.raises(PhotoError, match=message):
            photo.check_save(tmp_path / name)
    photo.check_save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="1 to 100"):
        photo.save(tmp_path / "a.png", quality=10**400)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (b"cHRM", bytes(31)),
        (b"cHRM", b""),
        (b"gAMA", b"\0"),
        (b"sRGB", b""),
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 22))),
        (b"zTXt", b"Comment\0\7broken"),
    ],
)
def test_a_png_chunk_that_no_reader_opens_is_left_out_and_said(tmp_path: Path, name: bytes, data: bytes) -> None:
    sound = (b"tEXt", b"Author\0somebody")
    metadata = Metadata(format="PNG", chunks=((name, data), sound))
    said = Photo(colours(), metadata=metadata).save(tmp_path / "out.png")
    with pil.open(tmp_path / "out.png") as picture:
        picture.load()
        assert picture.info["Author"] == "somebody"
    assert len(said) == 1 and name.decode() in said[0]


def test_png_texts_that_are_too_much_together_are_left_out(tmp_path: Path) -> None:
    texts = tuple((b"zTXt", f"Key{i}".encode() + b"\0\0" + zlib.compress(bytes(1_000_000))) for i in range(70))
    colour = (b"gAMA", struct.pack(">I", 45455))
    Photo(colours(), metadata=Metadata(format="PNG", chunks=(colour, *texts))).save(tmp_path / "out.png")
    with pil.open(tmp_path / "out.png") as picture:
        picture.load()
        assert picture.info["gamma"] == pytest.approx(0.45455)
