from __future__ import annotations

import io
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SIDEWAYS, colours, exif, jpeg, png, segment, with_segments, xmp_segment
from PIL import ExifTags, ImageCms, PngImagePlugin
from PIL import Image as pil

from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io import exif as exif_module

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" {namespaces} {attributes}>
<dc:creator><rdf:Seq><rdf:li>Ærø &amp; Søn</rdf:li></rdf:Seq></dc:creator>{elements}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
PLAIN_XMP = XMP.format(namespaces="", attributes="", elements="")
STALE = {
    "Ultra HDR": (
        'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"',
        'hdrgm:Version="1.0"',
        "<Container:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><Container:Item Item:Semantic='GainMap'/></rdf:li>"
        "</rdf:Seq></Container:Directory>",
        [b"hdrgm", b"Container", b"GainMap"],
    ),
    "depth": (
        'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"',
        'GDepth:Mime="image/png" xmpNote:HasExtendedXMP="0123456789ABCDEF"',
        "",
        [b"GDepth", b"HasExtendedXMP"],
    ),
    "Apple": (
        'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"',
        "",
        "<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType>"
        "<HDRGainMap:HDRGainMapVersion>65536</HDRGainMap:HDRGainMapVersion>",
        [b"apdi", b"hdrgainmap", b"HDRGainMap"],
    ),
    "thumbnails": (
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"',
        'xmp:CreatorTool="kept"',
        "<xmp:Thumbnails><rdf:Alt><rdf:li><xmpGImg:image>/9j/OLDPIXELS</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>",
        [b"Thumbnails", b"OLDPIXELS", b"xmpGImg"],
    ),
}


def round_trip(tmp_path: Path, content: bytes, *, suffix: str = ".jpg", source: str = ".jpg", red: bool = True) -> bytes:
    """What is written for a photo that came as ``content`` and was painted red."""
    (tmp_path / f"in{source}").write_bytes(content)
    photo = Photo.open(tmp_path / f"in{source}")
    painted = np.full_like(photo.pixels, (255, 0, 0)) if red else photo.pixels
    photo.with_pixels(painted).save(tmp_path / f"out{suffix}")
    return (tmp_path / f"out{suffix}").read_bytes()


def with_exif(block: bytes, pixels: np.ndarray[Any, Any] | None = None) -> bytes:
    return jpeg(colours() if pixels is None else pixels, exif=b"Exif\0\0" + block)


def exif_of(content: bytes) -> bytes:
    with pil.open(io.BytesIO(content)) as picture:
        return bytes(picture.info["exif"]).removeprefix(b"Exif\0\0")


def thumbnail_of(content: bytes) -> pil.Image:
    with pil.open(io.BytesIO(content)) as picture:
        tags = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
        block = exif_of(content)
    picture = pil.open(io.BytesIO(block[tags[0x0201] : tags[0x0201] + tags[0x0202]]))
    picture.load()
    return picture


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("room", [3_000, 900])
def test_the_exif_thumbnail_is_made_anew(tmp_path: Path, order: str, room: int) -> None:
    old = jpeg(colours(120, 160), quality=85).ljust(room, b"\0")
    written = round_trip(tmp_path, with_exif(exif(old, order=order)))
    assert old[:600] not in written
    thumbnail = thumbnail_of(written)
    assert thumbnail.size == (128, 96)
    assert np.abs(np.asarray(thumbnail).astype(int) - (254, 0, 0)).max() < 8
    assert len(exif_of(written)) == len(exif(old, order=order))


def test_a_thumbnail_shows_the_photo_upright(tmp_path: Path) -> None:
    block = exif(jpeg(colours(120, 160)), orientation=SIDEWAYS)
    written = round_trip(tmp_path, with_exif(block), red=False)
    with pil.open(io.BytesIO(written)) as picture:
        assert picture.size == (96, 128)
        full = np.asarray(picture.resize((12, 16), pil.Resampling.BOX)).astype(int)
    small = np.asarray(thumbnail_of(written).resize((12, 16), pil.Resampling.BOX)).astype(int)
    assert np.abs(small - full).mean() < 4


def test_a_place_too_small_for_a_thumbnail_is_left_empty(tmp_path: Path) -> None:
    written = round_trip(tmp_path, with_exif(exif(b"\xff\xd8\xff\xdb" + b"old" * 50)))
    with pil.open(io.BytesIO(written)) as picture:
        assert picture.getexif().get_ifd(ExifTags.IFD.IFD1) == {}
        assert picture.getexif()[0x010F] == "Handmade"
    assert b"oldold" not in written


def test_no_thumbnail_is_invented(tmp_path: Path) -> None:
    block = exif()
    assert exif_of(round_trip(tmp_path, with_exif(block))) == block


def test_only_what_must_change_in_exif_does(tmp_path: Path) -> None:
    note = random.Random(0).randbytes(500)
    block = exif(jpeg(colours(60, 80)), orientation=SIDEWAYS, maker_note=note)
    written = exif_of(round_trip(tmp_path, with_exif(block)))
    upright = exif(jpeg(colours(60, 80)), orientation=1, maker_note=note, size=(96, 128))
    before_its_length = upright.index(jpeg(colours(60, 80))) - 4 - 4
    assert written[:before_its_length] == upright[:before_its_length]
    assert note in written


def test_previews_in_maker_notes_are_blanked(tmp_path: Path) -> None:
    inner = jpeg(colours(30, 40))
    preview = with_segments(jpeg(colours(60, 80)), segment(0xE1, b"Exif\0\0" + exif(inner)))
    note = b"Handmade\0before" + preview + b"after"
    written = round_trip(tmp_path, with_exif(exif(jpeg(colours(120, 160)), maker_note=note)))
    block = exif_of(written)
    assert b"Handmade\0before" + bytes(len(preview)) + b"after" in block
    assert block.count(b"\xff\xd8\xff") == 1  # the new thumbnail
    assert np.abs(np.asarray(thumbnail_of(written)).astype(int) - (254, 0, 0)).max() < 8


def test_position_and_profile_are_kept(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = jpeg(colours(), exif=b"Exif\0\0" + exif(), icc_profile=profile, dpi=(300, 300), comment=b"by hand")
    for suffix in (".jpg", ".png", ".webp", ".avif"):
        written = round_trip(tmp_path, content, suffix=suffix)
        with pil.open(io.BytesIO(written)) as picture:
            assert picture.info["icc_profile"] == profile
            assert picture.getexif().get_ifd(0x8825)[2] == (47, 22, 33)
            assert picture.getexif().get(0x0112, 1) == 1
            if suffix in (".jpg", ".png"):
                assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
            if suffix == ".jpg":
                assert picture.info["comment"] == b"by hand"


def test_iptc_is_kept_and_photoshops_thumbnail_is_not(tmp_path: Path) -> None:
    def resource(number: int, data: bytes) -> bytes:
        return struct.pack(">4sHHI", b"8BIM", number, 0, len(data)) + data + bytes(len(data) % 2)

    record = b"\x1c\x02\x78\x00\x05Fjord"
    photoshop = b"Photoshop 3.0\0" + resource(0x040C, b"THUMBNAIL" + jpeg(colours(20, 20))) + resource(0x0404, record)
    written = round_trip(tmp_path, with_segments(jpeg(colours()), segment(0xED, photoshop)))
    assert b"THUMBNAIL" not in written
    with pil.open(io.BytesIO(written)) as picture:
        assert picture.info["photoshop"] == {0x0404: record}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_innocent_xmp_is_kept_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    written = round_trip(tmp_path, with_segments(jpeg(colours()), xmp_segment(PLAIN_XMP)), suffix=suffix)
    with pil.open(io.BytesIO(written)) as picture:
        xmp = picture.info["xmp"]
        assert (xmp if isinstance(xmp, bytes) else xmp.encode()) == PLAIN_XMP.encode()


@pytest.mark.parametrize("kind", STALE)
def test_xmp_that_announces_another_picture_loses_only_that(tmp_path: Path, kind: str) -> None:
    namespaces, attributes, elements, gone = STALE[kind]
    packet = XMP.format(namespaces=namespaces, attributes=attributes, elements=elements)
    written = round_trip(tmp_path, with_segments(jpeg(colours()), xmp_segment(packet)))
    with pil.open(io.BytesIO(written)) as picture:
        xmp = bytes(picture.info["xmp"])
    assert not any(word in xmp for word in gone)
    assert "Ærø &amp; Søn".encode() in xmp
    assert xmp.startswith(b"<?xpacket begin=")
    assert kind != "thumbnails" or b'xmp:CreatorTool="kept"' in xmp


def test_orientation_leaves_xmp_as_well(tmp_path: Path) -> None:
    packet = XMP.format(namespaces='xmlns:tiff="http://ns.adobe.com/tiff/1.0/"', attributes='tiff:Orientation="6"', elements="")
    content = with_segments(jpeg(colours(), exif=b"Exif\0\0" + exif(orientation=6)), xmp_segment(packet))
    written = round_trip(tmp_path, content, suffix=".png")
    with pil.open(io.BytesIO(written)) as picture:
        assert b"tiff:Orientation" not in picture.info["xmp"]
        assert picture.size == (96, 128)
    only_xmp = with_segments(jpeg(colours()), xmp_segment(packet))
    with pil.open(io.BytesIO(round_trip(tmp_path, only_xmp))) as picture:
        assert picture.size == (96, 128)


def test_broken_xmp_that_may_announce_something_is_dropped(tmp_path: Path) -> None:
    packet = '<x xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"><open>'
    written = round_trip(tmp_path, with_segments(jpeg(colours()), xmp_segment(packet)))
    assert b"hdr-gain-map" not in written


def test_png_text_and_colour_chunks_are_kept(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Søren")
    text.add_text("Long", "word " * 100, zip=True)
    text.add_text("Raw profile type exif", "\nexif\n 4\nffd8ffdb\n")
    text.add_itxt("XML:com.adobe.xmp", PLAIN_XMP)
    text.add(b"gAMA", struct.pack(">I", 45455))
    text.add(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
    file = io.BytesIO()
    pil.fromarray(colours()).save(file, "PNG", pnginfo=text, dpi=(144, 144), exif=b"Exif\0\0" + exif(jpeg(colours(60, 80))))
    written = round_trip(tmp_path, file.getvalue(), suffix=".png", source=".png")
    with pil.open(io.BytesIO(written)) as picture:
        picture.load()
        assert picture.info["Author"] == "Søren"
        assert picture.info["Long"] == "word " * 100
        assert "Raw profile type exif" not in picture.info
        assert picture.info["xmp"] == PLAIN_XMP.encode()
        assert picture.info["gamma"] == 0.45455
        assert picture.info["chromaticity"][0] == 0.3127
        assert picture.info["dpi"] == pytest.approx((144, 144), abs=0.01)
    assert written.count(b"XML:com.adobe.xmp") == 1
    assert np.asarray(thumbnail_of(written))[..., 1].max() < 8


def test_a_photo_without_metadata_gets_none(tmp_path: Path) -> None:
    Photo(colours()).save(tmp_path / "bare.png")
    content = (tmp_path / "bare.png").read_bytes()
    assert [content.count(name) for name in (b"eXIf", b"iTXt", b"tEXt", b"iCCP", b"pHYs")] == [0] * 5


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_broken_exif_never_stops_a_save_nor_keeps_the_thumbnail(data: st.DataObject) -> None:
    old = jpeg(colours(60, 80), quality=50)
    block = bytearray(exif(old, maker_note=old))
    for _ in range(data.draw(st.integers(1, 4))):
        block[data.draw(st.integers(0, block.index(old) - 1))] = data.draw(st.integers(0, 255))
    del block[data.draw(st.integers(0, len(block))) :]
    renewed = exif_module.renewed(bytes(block), pil.new("RGB", (128, 96), "red"))
    assert len(renewed) in (0, len(block))
    assert old[-300:-2] not in renewed


def test_an_unusable_exif_block_is_dropped(tmp_path: Path) -> None:
    written = round_trip(tmp_path, with_exif(b"II*\0\xff\xff\xff\xff" + bytes(40)))
    assert b"Exif" not in written


def test_a_png_of_one_bit_keeps_its_chunks(tmp_path: Path) -> None:
    content = png(8, 2, depth=1, kind=0, rows=b"\0\xaa\0\x55", extra=[(b"sRGB", b"\0")])
    assert b"sRGB" in round_trip(tmp_path, content, suffix=".png", source=".png", red=False)
