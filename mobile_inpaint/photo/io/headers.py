"""What of a picture's file is looked at before Pillow is: the few places where Pillow's work grows faster than the file.

Pillow joins EXIF segments one by one (the square of their number), expands each colour profile of a PNG (a thousandfold each),
and makes room for a WebP picture before anybody can ask for its size.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image as pil

_MOST_EXIF_SEGMENTS = 64
_MOST_JUNK = 1_000_000
_MOST_PARTS = 100_000
"""Segments or chunks before the pixels; a photo has a hundred."""
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


class Absurd(Exception):
    """A file that no camera or editor writes; the message says why."""


def check(file: BinaryIO) -> tuple[int, int] | None:
    """Looks at the parts before the pixels, and goes back to the file's start.

    Returns:
        width and height where Pillow could only tell them after it has made room for the pixels, None elsewhere.

    Raises:
        Absurd: more parts than Pillow could read in a time proportional to the file's size.
    """
    start = file.read(16)
    try:
        if start.startswith(b"\xff\xd8\xff"):
            _check_jpeg(file)
        elif start.startswith(b"\x89PNG\r\n\x1a\n"):
            _check_png(file)
        elif start.startswith(b"RIFF") and start[8:12] == b"WEBP":
            return _size_of_webp(file)
        return None
    finally:
        file.seek(0)


def drop_text(picture: pil.Image) -> None:
    """Takes the texts of a PNG out of ``picture.info``: one called ``dpi`` or ``transparency`` would pass for the real one."""
    if picture.format == "PNG":
        for key in [key for key, value in picture.info.items() if isinstance(value, str)]:
            del picture.info[key]


def _check_jpeg(file: BinaryIO) -> None:
    """Walks the segments up to the first scan, as Pillow does: what is no marker is skipped. Source: ITU T.81, annex B."""
    file.seek(2)
    exif = junk = 0
    for _ in range(_MOST_PARTS):
        byte = file.read(1)
        while byte not in (b"\xff", b""):
            byte, junk = file.read(1), junk + 1
            if junk > _MOST_JUNK:
                raise Absurd("damaged: nothing but noise where a JPEG's segments belong")
        marker = file.read(1)
        while marker == b"\xff":
            marker, junk = file.read(1), junk + 1
            if junk > _MOST_JUNK:
                raise Absurd("damaged: nothing but noise where a JPEG's segments belong")
        if not byte or not marker or marker == b"\xda":
            return
        if marker == b"\x00" or marker[0] in _JPEG_WITHOUT_LENGTH:
            continue
        length = file.read(2)
        if len(length) < 2:
            return
        size = max(int.from_bytes(length, "big") - 2, 0)
        if marker == b"\xe1":
            name = file.read(min(size, 6))
            exif += name == b"Exif\0\0"
            size -= len(name)
        if exif > _MOST_EXIF_SEGMENTS:
            raise Absurd(
                f"damaged: more than {_MOST_EXIF_SEGMENTS} EXIF segments; open it in another program and save it again"
            )
        file.seek(size, io.SEEK_CUR)
    raise Absurd(f"damaged: more than {_MOST_PARTS} segments before its pixels")


def _check_png(file: BinaryIO) -> None:
    """Walks the chunks up to the first of pixels. Source: PNG (third edition), section 5.3."""
    file.seek(8)
    profiles = 0
    for _ in range(_MOST_PARTS):
        header = file.read(8)
        if len(header) < 8 or header[4:] == b"IDAT":
            return
        profiles += header[4:] == b"iCCP"
        if profiles > 1:
            raise Absurd("damaged: more than one colour profile; save it again with another program")
        file.seek(int.from_bytes(header[:4], "big") + 4, io.SEEK_CUR)
    raise Absurd(f"damaged: more than {_MOST_PARTS} chunks before its pixels")


def _size_of_webp(file: BinaryIO) -> tuple[int, int] | None:
    """Source: RFC 9649, sections 2.5 to 2.7."""
    file.seek(12)
    head = file.read(18)
    if head[:4] == b"VP8X" and len(head) == 18:
        return int.from_bytes(head[12:15], "little") + 1, int.from_bytes(head[15:18], "little") + 1
    if head[:4] == b"VP8L" and len(head) >= 13:
        (bits,) = struct.unpack("<I", head[9:13])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if head[:4] == b"VP8 " and len(head) == 18:
        width, height = struct.unpack("<HH", head[14:18])
        return width & 0x3FFF, height & 0x3FFF
    return None
