"""Metadata: what a picture's file says beside its pixels, and how much of it stays true when pixels change."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from PIL import Image as pil
from PIL import JpegImagePlugin, PngImagePlugin

from mobile_inpaint.photo.io import exif, further, marker, xmp

Chunks: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""PNG chunks: type and data."""

_KEPT_CHUNKS = {b"gAMA", b"cHRM", b"sRGB", b"cICP", b"tEXt", b"zTXt", b"iTXt"}
# ImageMagick keeps EXIF and image resources, thumbnails included, as hexadecimal text; XMP goes its own way.
_DROPPED_TEXT = (b"Raw profile type", b"XML:com.adobe.xmp")
_IPTC = 0x0404
_FULL, _HALF_WIDTH = 0, 1  # Pillow's numbers for chroma sampling 4:4:4 and 4:2:2

_LARGEST_SEGMENT = 65_533
"""Bytes that a JPEG's segment holds behind its length."""
_MOST_ICC_SEGMENTS = 255
_XMP_MARKER, _ICC_MARKER, _EXIF_MARKER = 29, 14, b"Exif\0\0"
_LARGEST_CHUNK = 2**31 - 1
_MOST_DPI = 65_535


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
        left_out: the names of what the file holds beside the picture, such as a gain map; a result is written without.
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
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, picture: pil.Image, file: BinaryIO) -> Metadata:
        """The metadata of a picture that Pillow has read from ``file``.

        Gain maps, depth maps, motion, signatures and trailers are not read at all, hence gone.
        """
        info = picture.info
        block = _bytes(info.get("exif")).removeprefix(_EXIF_MARKER)
        packet = _bytes(info.get("xmp")).strip(b"\0")
        orientation = exif.orientation(block) or xmp.orientation(packet)
        return cls(
            format="JPEG" if picture.format == "MPO" else picture.format or "",
            coding=_coding(picture, file, sideways=orientation >= 5),
            orientation=orientation,
            exif=block,
            xmp=packet,
            icc=_bytes(info.get("icc_profile")),
            iptc=_bytes((info.get("photoshop") or {}).get(_IPTC)),
            comment=_bytes(info.get("comment")),
            dpi=_dpi(info.get("dpi")),
            chunks=tuple(_png_chunks(file)) if picture.format == "PNG" else (),
            left_out=further.left_out(picture, file, packet),
        )

    def marked(self, format: str, mark: str) -> Metadata:
        """The metadata with the marker of a result in its EXIF block, where a file of ``format`` has room for it."""
        new = replace(self, exif=marker.marked(self.exif, mark))
        return new if self.fitting(format)[1] == new.fitting(format)[1] else self

    def renewed(self, picture: pil.Image) -> tuple[Metadata, tuple[str, ...]]:
        """The metadata for ``picture``, which stands upright: nothing in it shows or announces the pixels of before.

        Returns:
            it, and the names of what cannot be read, which it lacks.
        """
        changed: dict[str, Any] = {
            "exif": exif.renewed(self.exif, picture) if self.exif else b"",
            "xmp": xmp.scrubbed(self.xmp),
        }
        lost = tuple(name.upper() for name, value in changed.items() if getattr(self, name) and not value)
        return replace(self, orientation=1, **changed), lost

    def fitting(self, format: str) -> tuple[Metadata, tuple[str, ...]]:
        """The metadata as far as a file of ``format`` holds it, and the names of what it does not."""
        sizes = {"exif": len(self.exif), "xmp": len(self.xmp), "icc": len(self.icc)}
        if format == "JPEG":
            sizes |= {"iptc": len(_iptc_segment(self.iptc)), "comment": len(self.comment)}
            room = {
                "exif": _LARGEST_SEGMENT - len(_EXIF_MARKER),
                "xmp": _LARGEST_SEGMENT - _XMP_MARKER,
                "icc": _MOST_ICC_SEGMENTS * (_LARGEST_SEGMENT - _ICC_MARKER),
                "iptc": _LARGEST_SEGMENT + 4,
                "comment": _LARGEST_SEGMENT,
            }
        else:
            room = dict.fromkeys(sizes, _LARGEST_CHUNK // 4)
        if format == "PNG":  # what unpacks to more no reader built on Pillow opens again
            room |= {"icc": PngImagePlugin.MAX_TEXT_CHUNK, "xmp": PngImagePlugin.MAX_TEXT_CHUNK}
        too_large = [name for name, size in sizes.items() if size > room[name]]
        names = tuple("comment" if name == "comment" else name.upper() for name in too_large)
        dropped: dict[str, Any] = dict.fromkeys(too_large, b"")
        if format == "PNG":
            dropped["chunks"], unread = _readable(self.chunks)
            names += unread
        return replace(self, **dropped), names

    def options(self, format: str) -> dict[str, Any]:
        """What Pillow's encoder of ``format`` must be told to write this metadata."""
        options: dict[str, Any] = {"icc_profile": self.icc, "xmp": self.xmp, "dpi": self.dpi}
        if self.exif:
            options["exif"] = _EXIF_MARKER + self.exif
        if format == "JPEG":
            options |= {"comment": self.comment, "extra": _iptc_segment(self.iptc)}
        if format == "PNG":
            options["pnginfo"] = _png_info(self.chunks, self.xmp)
        return {name: value for name, value in options.items() if value}


def _bytes(value: object) -> bytes:
    """``value`` if it is data or text; a file can give Pillow's keys values of other types."""
    if isinstance(value, str):
        return value.encode(errors="replace")
    return value if isinstance(value, bytes) else b""


def _dpi(value: Any) -> tuple[float, float] | None:
    """Dots per inch as a file says them, if every format can hold them."""
    try:
        horizontal, vertical = map(float, value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    possible = all(math.isfinite(side) and 0 < side <= _MOST_DPI for side in (horizontal, vertical))
    return (horizontal, vertical) if possible else None


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


def _readable(chunks: Chunks) -> tuple[Chunks, tuple[str, ...]]:
    """The chunks that Pillow reads, and the names of the others: with one of these in it, the result could not be opened."""
    if _opens(chunks):
        return chunks, ()
    single = tuple(chunk for chunk in chunks if _opens((chunk,)))
    kept = single if _opens(single) else tuple(chunk for chunk in single if not chunk[0].endswith(b"Xt"))
    return kept, tuple(dict.fromkeys(name.decode() for name, data in chunks if (name, data) not in kept))


def _opens(chunks: Chunks) -> bool:
    """Whether Pillow opens a PNG that holds them."""
    file = io.BytesIO()
    try:
        pil.new("L", (1, 1)).save(file, "PNG", pnginfo=_png_info(chunks, b""))
        with pil.open(file, formats=("PNG",)) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError, struct.error):
        return False
    return True


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
    # a record too large for the segment is found by :meth:`Metadata.fitting`
    resource = struct.pack(">4sHHI", b"8BIM", _IPTC, 0, len(record)) + record + bytes(len(record) % 2)
    payload = b"Photoshop 3.0\0" + resource
    return struct.pack(">HH", 0xFFED, min(len(payload) + 2, 0xFFFF)) + payload
