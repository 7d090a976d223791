"""Metadata: what a picture's file says beside its pixels, and how much of it stays true when pixels change."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, TypeAlias
from xml.dom import minidom
from xml.parsers.expat import ExpatError

import numpy as np
from PIL import Image as pil
from PIL import JpegImagePlugin, PngImagePlugin

from mobile_inpaint.photo import exif

Chunks: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""PNG chunks: type and data."""

_KEPT_CHUNKS = {b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tEXt", b"zTXt", b"iTXt"}
# ImageMagick keeps EXIF and image resources, thumbnails included, as hexadecimal text; XMP goes its own way.
_DROPPED_TEXT = (b"Raw profile type", b"XML:com.adobe.xmp")
_IPTC = 0x0404
_FULL, _HALF_WIDTH = 0, 1  # Pillow's numbers for chroma sampling 4:4:4 and 4:2:2

# What announces or contains a second picture (gain map, depth, motion, thumbnail) that does not know of the edit.
_SECOND_PICTURE = re.compile(
    rb"http://ns\.(?:adobe\.com/(?:hdr-gain-map/|xmp/note/|xap/1\.0/g/img/)|google\.com/photos/(?!1\.0/panorama/)|apple\.com/)"
)
_STALE_PROPERTIES = {("http://ns.adobe.com/xap/1.0/", "Thumbnails"), ("http://ns.adobe.com/tiff/1.0/", "Orientation")}
_SUSPICIOUS = re.compile(_SECOND_PICTURE.pattern + rb"|Thumbnails|Orientation")


@dataclass(frozen=True)
class Metadata:
    """What a picture's file says beside its pixels.

    Attributes:
        format: of the file, as Pillow names it; empty for a picture that was never in one.
        coding: options that make Pillow's encoder of that format write as the file was written.
        orientation: how the stored pixels must be turned to stand upright: EXIF's numbers, 1 = not at all.
        exif: from the byte order mark on, behind the marker ``Exif``.
        xmp: the packet.
        icc: the colour profile.
        iptc: the IPTC record out of a JPEG's Photoshop segment.
        comment: a JPEG's.
        dpi: dots per inch, horizontal and vertical.
        chunks: a PNG's colour and text chunks.
    """

    format: str = ""
    coding: Mapping[str, Any] = field(default_factory=dict)
    orientation: int = 1
    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    iptc: bytes = b""
    comment: bytes = b""
    dpi: tuple[float, float] | None = None
    chunks: Chunks = ()

    @classmethod
    def of(cls, picture: pil.Image, file: BinaryIO) -> Metadata:
        """The metadata of a picture that Pillow has read from ``file``.

        Gain maps, depth maps, motion, signatures and trailers are not read at all, hence gone.
        """
        info = picture.info
        block = _bytes(info.get("exif")).removeprefix(b"Exif\0\0")
        xmp = _bytes(info.get("xmp")).strip(b"\0")
        orientation = exif.orientation(block) or _orientation(xmp)
        return cls(
            format="JPEG" if picture.format == "MPO" else picture.format or "",
            coding=_coding(picture, file, sideways=orientation >= 5),
            orientation=orientation,
            exif=block,
            xmp=xmp,
            icc=_bytes(info.get("icc_profile")),
            iptc=_bytes(info.get("photoshop", {}).get(_IPTC)),
            comment=_bytes(info.get("comment")),
            dpi=info.get("dpi"),
            chunks=tuple(_png_chunks(file)) if picture.format == "PNG" else (),
        )

    def renewed(self, picture: pil.Image) -> Metadata:
        """The metadata for ``picture``, which stands upright: nothing in it shows or announces the pixels of before."""
        return replace(
            self, orientation=1, exif=exif.renewed(self.exif, picture) if self.exif else b"", xmp=_scrubbed(self.xmp)
        )

    def options(self, format: str) -> dict[str, Any]:
        """What Pillow's encoder of ``format`` must be told to write this metadata."""
        options: dict[str, Any] = {"icc_profile": self.icc, "xmp": self.xmp, "dpi": self.dpi}
        if self.exif:
            options["exif"] = b"Exif\0\0" + self.exif
        if format == "JPEG":
            options |= {"comment": self.comment, "extra": _iptc_segment(self.iptc)}
        if format == "PNG":
            options["pnginfo"] = _png_info(self.chunks, self.xmp)
        return {name: value for name, value in options.items() if value}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _orientation(xmp: bytes) -> int:
    match = re.search(rb"""tiff:Orientation(?:=["']|>)([1-8])""", xmp)
    return int(match[1]) if match else 1


def _coding(picture: pil.Image, file: BinaryIO, *, sideways: bool) -> dict[str, Any]:
    """Encoder options that write the picture as ``file`` has it; ``sideways`` where rows become columns."""
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        tables = [np.reshape(picture.quantization[layer[3]], (8, 8)) for layer in picture.layer]
        if len(tables) == 3 and (tables[1] == tables[2]).all():
            tables.pop()  # the encoder takes the last table for the rest
        sampling = JpegImagePlugin.get_sampling(picture)
        if sampling < 0 or (sideways and sampling == _HALF_WIDTH):  # the encoder has no name for it: keep all colour
            sampling = _FULL
        return {
            "qtables": [(table.T if sideways else table).ravel().tolist() for table in tables],
            "subsampling": sampling,
            "progressive": bool(picture.info.get("progressive")),
        }
    if picture.format == "WEBP":
        return {"lossless": True, "exact": True} if _is_lossless_webp(file) else {"quality": 90, "exact": True}
    return {}


def _is_lossless_webp(file: BinaryIO) -> bool:
    """Source: RFC 9649, section 2."""
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name in (b"VP8 ", b"VP8L"):
            return bool(name == b"VP8L")
        file.seek(size + size % 2, io.SEEK_CUR)
    return False


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The chunks we keep. Source: PNG (third edition), section 5.3."""
    file.seek(8)
    while len(header := file.read(8)) == 8:
        size, name = struct.unpack(">I4s", header)
        if name not in _KEPT_CHUNKS:
            file.seek(size + 4, io.SEEK_CUR)
            continue
        data = file.read(size)
        file.seek(4, io.SEEK_CUR)
        if not data.startswith(_DROPPED_TEXT):
            yield name, data


def _png_info(chunks: Iterable[tuple[bytes, bytes]], xmp: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for name, data in chunks:
        info.add(name, data)
    if xmp:
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(errors="replace"))
    return info


def _iptc_segment(record: bytes) -> bytes:
    """A JPEG's APP13 with the IPTC record as its only Photoshop resource: the thumbnail stood beside it."""
    if not record:
        return b""
    resource = struct.pack(">4sHHI", b"8BIM", _IPTC, 0, len(record)) + record + bytes(len(record) % 2)
    payload = b"Photoshop 3.0\0" + resource
    return struct.pack(">HH", 0xFFED, len(payload) + 2) + payload


def _scrubbed(packet: bytes) -> bytes:
    """The XMP packet without what belongs to another picture; as it is where there is nothing of the kind."""
    if not _SUSPICIOUS.search(packet):
        return packet
    try:
        document = minidom.parseString(packet)
    except (ExpatError, ValueError):
        return b""  # nobody could say what it still announces
    for element in document.getElementsByTagName("*"):
        for attribute in list(element.attributes.values()):
            announces = attribute.name.startswith("xmlns:") and _SECOND_PICTURE.match(attribute.value.encode())
            if announces or _is_stale(attribute):
                element.removeAttributeNode(attribute)
        if _is_stale(element) and element.parentNode:
            element.parentNode.removeChild(element)
    return "".join(node.toxml() for node in document.childNodes).encode()


def _is_stale(node: minidom.Element | minidom.Attr) -> bool:
    namespace = node.namespaceURI or ""
    return bool(_SECOND_PICTURE.match(namespace.encode())) or (namespace, node.localName) in _STALE_PROPERTIES
