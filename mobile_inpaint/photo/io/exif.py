"""EXIF of an edited photo: upright, right in size, and without any small picture of how the photo looked before.

An EXIF block is a TIFF file without the photo: directories (IFD0 and what it points to, then IFD1 with the thumbnail) of
12-byte entries. It is patched where it stands, byte for byte, because maker notes count offsets that only they know.

Source: CIPA DC-008-2023 (Exif 3.0), sections 4.5 and 4.6; TIFF 6.0, section 2.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable

import numpy as np
from PIL import Image as pil

ORIENTATION = 0x0112
_WIDTH, _HEIGHT = 0x0100, 0x0101
_EXIF_DIRECTORY, _EXIF_WIDTH, _EXIF_HEIGHT = 0x8769, 0xA002, 0xA003
_STRIPS, _STRIP_BYTES = 0x0111, 0x0117
_THUMBNAIL, _THUMBNAIL_BYTES = 0x0201, 0x0202
_THUMBNAIL_SIDE_PX = 160
_TYPES = {3: ("H", 2), 4: ("I", 4)}
_START_OF_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_LARGEST_BLOCK = 16_000_000
"""Bytes; a JPEG holds 65,527."""
_MOST_SEGMENTS = 300_000
"""That the search for JPEG streams looks at; a camera's block has a hundred."""
_MOST_VALUES = 65_536
"""Of an entry that is read here: the strips of a thumbnail are the most."""
_DAMAGED = (struct.error, KeyError, IndexError, ValueError, OverflowError)


def renewed(block: bytes, picture: pil.Image) -> bytes:
    """The EXIF block for ``picture``, as long as the old one.

    Orientation is 1, sizes are those of ``picture``, the thumbnail (if there was one) is made anew in the old one's place, and
    every other JPEG stream, as maker notes hold them for previews, is overwritten with zeros.

    Args:
        block: from the byte order mark on, behind the marker ``Exif``.
        picture: RGB or grey, upright.

    Returns:
        The patched block; empty where the old one is too broken or too large to be read, since nobody could say what it still
        shows. The time is proportional to the block's length, whatever its directories say.
    """
    if len(block) > _LARGEST_BLOCK:
        return b""
    try:
        return _renewed(_Tiff(block), picture)
    except _DAMAGED:
        return b""


def orientation(block: bytes) -> int | None:
    """How the stored pixels must be turned, 1 (as they are) to 8; None where the block does not say."""
    try:
        tiff = _Tiff(block)
        directory, _ = tiff.directory(tiff.first)
        (value,) = tiff.values(directory[ORIENTATION])
    except _DAMAGED:
        return None
    return value if 1 <= value <= 8 else None


class _Tiff:
    """A TIFF structure in one bytearray, read and patched by offset."""

    def __init__(self, block: bytes) -> None:
        self.data = bytearray(block)
        self.order = {b"II*\0": "<", b"MM\0*": ">"}[block[:4]]
        self.first = self.u32(4)

    def u32(self, at: int) -> int:
        return int(struct.unpack_from(f"{self.order}I", self.data, at)[0])

    def directory(self, at: int) -> tuple[dict[int, int], int]:
        """Where each tag's entry stands, and where the pointer to the next directory stands."""
        (count,) = struct.unpack_from(f"{self.order}H", self.data, at)
        entries = [at + 2 + 12 * i for i in range(count)]
        tags = {struct.unpack_from(f"{self.order}H", self.data, entry)[0]: entry for entry in entries}
        return tags, at + 2 + 12 * count

    def values(self, entry: int) -> tuple[int, ...]:
        """The whole numbers of an entry."""
        kind, count = struct.unpack_from(f"{self.order}HI", self.data, entry + 2)
        letter, size = _TYPES[kind]
        if count > _MOST_VALUES:
            raise ValueError("too many values")
        at = entry + 8 if count * size <= 4 else self.u32(entry + 8)
        return struct.unpack_from(f"{self.order}{count}{letter}", self.data, at)

    def set(self, tags: dict[int, int], tag: int, value: int) -> None:
        """Gives ``tag`` one value in the type it has; a tag that is not there stays away."""
        if tag in tags:
            (kind,) = struct.unpack_from(f"{self.order}H", self.data, tags[tag] + 2)
            struct.pack_into(f"{self.order}{_TYPES[kind][0]}", self.data, tags[tag] + 8, value)

    def blank(self, spans: Iterable[tuple[int, int]]) -> None:
        """Zeros in place of these bytes, from each first offset up to its second; each byte is written once."""
        done = 0
        for start, end in sorted(spans):
            start, end = max(start, done), min(end, len(self.data))
            if start < end:
                self.data[start:end] = bytes(end - start)
                done = end


def _renewed(tiff: _Tiff, picture: pil.Image) -> bytes:
    main, next_pointer = tiff.directory(tiff.first)
    tiff.set(main, ORIENTATION, 1)
    tiff.set(main, _WIDTH, picture.width)
    tiff.set(main, _HEIGHT, picture.height)
    if _EXIF_DIRECTORY in main:
        details, _ = tiff.directory(tiff.values(main[_EXIF_DIRECTORY])[0])
        tiff.set(details, _EXIF_WIDTH, picture.width)
        tiff.set(details, _EXIF_HEIGHT, picture.height)
    # Some writers end the block with the last entry and leave the pointer out.
    thumbnail_directory = tiff.u32(next_pointer) if next_pointer + 4 <= len(tiff.data) else 0
    tags = tiff.directory(thumbnail_directory)[0] if thumbnail_directory else {}
    tiff.blank(_jpeg_streams(bytes(tiff.data)))
    if tags and not _renew_thumbnail(tiff, tags, picture):
        struct.pack_into(f"{tiff.order}I", tiff.data, next_pointer, 0)
    return bytes(tiff.data)


def _renew_thumbnail(tiff: _Tiff, tags: dict[int, int], picture: pil.Image) -> bool:
    """Whether the thumbnail's place now holds one of ``picture``; otherwise it holds zeros."""
    if _STRIPS in tags:  # an uncompressed thumbnail: its pixels are not worth their bytes
        strips = zip(tiff.values(tags[_STRIPS]), tiff.values(tags[_STRIP_BYTES]), strict=True)
        tiff.blank((start, start + count) for start, count in strips)
    if _THUMBNAIL not in tags:
        return False
    (start,), (room,) = tiff.values(tags[_THUMBNAIL]), tiff.values(tags[_THUMBNAIL_BYTES])
    room = len(tiff.data[start : start + room])
    tiff.blank([(start, start + room)])
    thumbnail = _thumbnail(picture, room)
    tiff.data[start : start + len(thumbnail)] = thumbnail
    tiff.set(tags, _THUMBNAIL_BYTES, len(thumbnail))
    tiff.set(tags, ORIENTATION, 1)
    return bool(thumbnail)


def _thumbnail(picture: pil.Image, room: int) -> bytes:
    """A JPEG of ``picture``, 160 px on its longer side, as good as ``room`` bytes allow; empty where they allow none."""
    scale = min(1.0, _THUMBNAIL_SIDE_PX / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = picture.resize((width, height), pil.Resampling.BICUBIC, reducing_gap=2.0).convert("RGB")
    for quality in range(90, 0, -10):
        file = io.BytesIO()
        small.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= room:
            return file.getvalue()
    return b""


def _jpeg_streams(data: bytes) -> list[tuple[int, int]]:
    """Where JPEG files lie in ``data``: offsets of their first bytes and behind their last.

    Segments are skipped by their length, for one of them may hold another JPEG. In the compressed scan 0xFF is escaped,
    so that the next end marker is the file's own; a stream without one is cut off and lasts to the end.

    Raises:
        ValueError: more segments than any camera writes.
    """
    ends = _ends_of_scans(data)
    known: dict[int, int | None] = {}  # where a stream ends whose next segment is here: chains that meet are walked once
    found = []
    for match in _START_OF_JPEG.finditer(data):
        walked, at = list[int](), match.start() + 2
        while at not in known and at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
            walked.append(at)
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if at not in known:
            known[at] = _end_of_scan(at, ends, len(data)) if data[at : at + 2] == b"\xff\xda" and at + 4 <= len(data) else None
        end = known[at]
        known.update(dict.fromkeys(walked, end))
        if len(known) > _MOST_SEGMENTS:
            raise ValueError("too many segments")
        if end is not None:
            found.append((match.start(), end))
    return found


def _ends_of_scans(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Offsets of all end markers, ascending."""
    values = np.frombuffer(data, np.uint8)
    return np.flatnonzero((values[:-1] == 0xFF) & (values[1:] == 0xD9))


def _end_of_scan(start: int, ends: np.ndarray[tuple[int], np.dtype[np.intp]], length: int) -> int:
    position = int(np.searchsorted(ends, start))
    return int(ends[position]) + 2 if position < len(ends) else length
