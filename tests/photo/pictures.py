"""Files such as cameras and editors write, byte by byte: what Pillow cannot make, and must not make by its own reading."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image as pil

SIDEWAYS = 6
MAKER_NOTE = 0x927C
GPS = 0x8825


def colours(height: int = 96, width: int = 128) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A smooth picture whose four corners differ, so that a turn or a wrong channel shows."""
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * x // width, 255 * y // height, 255 - 255 * x // width], axis=-1).astype(np.uint8)


def jpeg(pixels: np.ndarray[Any, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    pil.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


class Exif:
    """A TIFF block laid out by hand: directories first, then what their entries point to."""

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.data = bytearray({"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8))

    def directory(self, entries: Sequence[tuple[int, int, int, bytes]]) -> int:
        """Writes one directory; each entry is tag, type, count, value bytes. Returns where its next-pointer stands."""
        self.data += struct.pack(f"{self.order}H", len(entries))
        behind = len(self.data) + 12 * len(entries) + 4
        tail = bytearray()
        for tag, kind, count, value in sorted(entries):
            if len(value) > 4:
                self.data += struct.pack(f"{self.order}HHII", tag, kind, count, behind + len(tail))
                tail += value + bytes(len(value) % 2)
            else:
                self.data += struct.pack(f"{self.order}HHI", tag, kind, count) + value.ljust(4, b"\0")
        pointer = len(self.data)
        self.data += bytes(4) + tail
        return pointer

    def short(self, value: int) -> bytes:
        return struct.pack(f"{self.order}H", value)

    def long(self, value: int) -> bytes:
        return struct.pack(f"{self.order}I", value)


def exif(
    thumbnail: bytes = b"",
    *,
    orientation: int = 1,
    maker_note: bytes = b"maker",
    order: str = "<",
    size: tuple[int, int] = (128, 96),
) -> bytes:
    """An EXIF block with a maker, an orientation, sizes, a position, a maker note and, if given, a thumbnail in IFD1."""
    tiff = Exif(order)
    gps = [(0x0001, 2, 2, b"N\0"), (0x0002, 5, 3, struct.pack(f"{order}6I", 47, 1, 22, 1, 33, 1))]
    details = [
        (MAKER_NOTE, 7, len(maker_note), maker_note),
        (0xA002, 4, 1, tiff.long(size[0])),
        (0xA003, 4, 1, tiff.long(size[1])),
    ]
    main = [
        (0x010F, 2, 9, b"Handmade\0"),
        (0x0112, 3, 1, tiff.short(orientation)),
        (0x8769, 4, 1, tiff.long(0)),
        (GPS, 4, 1, tiff.long(0)),
    ]
    next_pointer = tiff.directory(main)
    for tag, entries in ((0x8769, details), (GPS, gps)):
        entry = next(at for at in range(10, next_pointer, 12) if tiff.data[at : at + 2] == tiff.short(tag))
        tiff.data[entry + 8 : entry + 12] = tiff.long(len(tiff.data))
        tiff.directory(entries)
    if thumbnail:
        tiff.data[next_pointer : next_pointer + 4] = tiff.long(len(tiff.data))
        start = len(tiff.data) + 2 + 3 * 12 + 4
        tiff.directory(
            [
                (0x0103, 3, 1, tiff.short(6)),
                (0x0201, 4, 1, tiff.long(start)),
                (0x0202, 4, 1, tiff.long(len(thumbnail))),
            ]
        )
        tiff.data += thumbnail
    return bytes(tiff.data)


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">HH", 0xFF00 | marker, len(payload) + 2) + payload


def with_segments(photo: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments behind its start."""
    return photo[:2] + b"".join(segments) + photo[2:]


def xmp_segment(packet: str) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet.encode())


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, depth: int, kind: int, rows: bytes, extra: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of any depth and colour kind; ``rows`` are its scan lines, filter bytes included."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)), *extra]
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def multi_picture(photo: bytes, *others: bytes) -> bytes:
    """A JPEG with an MPF index (CIPA DC-007) and the other JPEGs behind it, as phones keep gain maps and previews."""

    def index(offsets: Sequence[int], sizes: Sequence[int]) -> bytes:
        tiff = Exif(">")
        entries = b"".join(
            struct.pack(">IIIHH", 0x030000 if i == 0 else 0, size, offset, 0, 0)
            for i, (size, offset) in enumerate(zip(sizes, offsets, strict=True))
        )
        tiff.directory(
            [
                (0xB000, 7, 4, b"0100"),
                (0xB001, 4, 1, tiff.long(len(sizes))),
                (0xB002, 7, len(entries), entries),
            ]
        )
        return segment(0xE2, b"MPF\0" + bytes(tiff.data))

    count = 1 + len(others)
    main_bytes = len(photo) + len(index([0] * count, [0] * count))
    sizes = [main_bytes, *map(len, others)]
    starts = [0] + [sum(sizes[:i]) - 2 - 4 - 4 for i in range(1, count)]  # counted from the index's byte order mark
    return with_segments(photo, index(starts, sizes)) + b"".join(others)
