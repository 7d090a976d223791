"""JPEG, PNG and WebP as the pieces they are made of, so that pieces can be changed, doubled, moved and put in."""

from __future__ import annotations

import functools
import random
import struct
import zlib

from .damage import extreme

Pieces = list[tuple[bytes, bytes]]
"""Name and content; a JPEG's scan is a piece named ``scan``."""
_LARGEST = 100_000_000
"""Bytes of a piece that is repeated, all its copies together."""


def png_pieces(data: bytes) -> Pieces:
    """Of a whole PNG."""
    pieces, at = [], 8
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        pieces.append((name, data[at + 8 : at + 8 + size]))
        at += size + 12
    return pieces


def png(pieces: Pieces) -> bytes:
    """A PNG of them, its checksums right."""
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in pieces)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg_pieces(data: bytes) -> Pieces:
    """Of a whole JPEG; what stands between markers goes with the marker before."""
    pieces, at = [], 2
    while at + 4 <= len(data):
        marker = data[at : at + 2]
        if marker == b"\xff\xd9":
            break
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        pieces.append((marker, data[at + 4 : at + 2 + size]))
        at += 2 + size
        if marker == b"\xff\xda":
            end = at
            while end + 2 <= len(data) and not (data[end] == 0xFF and data[end + 1] not in (0, *range(0xD0, 0xD8))):
                end += 1
            pieces.append((b"scan", data[at:end]))
            at = end
    return pieces


def jpeg(pieces: Pieces) -> bytes:
    """A JPEG of them; a segment longer than 65,533 bytes is cut."""
    parts = [b"\xff\xd8"]
    for name, data in pieces:
        parts.append(data if name == b"scan" else name + struct.pack(">H", len(data[:65533]) + 2) + data[:65533])
    return b"".join(parts) + b"\xff\xd9"


def webp_pieces(data: bytes) -> Pieces:
    """Of a whole WebP."""
    pieces, at = [], 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        pieces.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return pieces


def webp(pieces: Pieces) -> bytes:
    """A WebP of them."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in pieces)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


FORMATS = {"PNG": (png_pieces, png), "JPEG": (jpeg_pieces, jpeg), "WEBP": (webp_pieces, webp)}


def shuffled(random: random.Random, pieces: Pieces, foreign: Pieces) -> Pieces:
    """Pieces with a fault or a few in their order, number and content; ``foreign`` may be put in."""
    pieces = list(pieces)
    for _ in range(random.choice((1, 1, 2, 5))):
        if not pieces:
            return pieces
        at = random.randrange(len(pieces))
        name, data = pieces[at]
        match random.randrange(9):
            case 0:
                del pieces[at]
            case 1:
                times = random.choice((1, 2, 100, 3000))
                pieces[at:at] = [pieces[at]] * min(times, _LARGEST // max(len(data), 1))
            case 2:
                pieces.insert(random.randrange(len(pieces) + 1), pieces.pop(at))
            case 3:
                pieces[at] = (name, data[: random.randrange(len(data) + 1)])
            case 4:
                pieces[at] = (name, data + random.randbytes(random.choice((1, 8, 500))))
            case 5 | 6 if data:
                where, width = random.randrange(len(data)), random.choice("BHI")
                number = struct.pack(random.choice("<>") + width, extreme(random, 8 * struct.calcsize(width), signed=False))
                pieces[at] = (name, (data[:where] + number + data[where + len(number) :])[: max(len(data), 1)])
            case 7:
                pieces[at] = (
                    random.choice((*(each for each, _ in pieces), b"\xff\xe1", b"\xff\xfe", b"iTXt", b"acTL", b"fdAT")),
                    data,
                )
            case _:
                pieces.insert(at, random.choice(foreign))
    return pieces


@functools.cache
def _packed(size: int) -> bytes:
    """So many zeros, a thousand times as small."""
    return zlib.compress(bytes(size), 9)


def png_extras(random: random.Random) -> Pieces:
    """Chunks that unpack to much, or say of the picture what is not so."""
    bomb = _packed(random.choice((1000, 3_000_000, 70_000_000)))
    return [
        (b"zTXt", b"Comment\0\0" + bomb),
        (b"iCCP", b"icc\0\0" + bomb),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb),
        (b"tEXt", b"k\0" + b"v" * random.choice((1, 100_000, 2_000_000))),
        (b"tEXt", b""),
        (b"eXIf", random.randbytes(random.randrange(200))),
        (b"acTL", struct.pack(">II", random.choice((1, 2, 2**31)), 0)),
        (b"gAMA", random.randbytes(random.randrange(6))),
        (b"cHRM", random.randbytes(random.randrange(40))),
        (b"pHYs", random.randbytes(random.randrange(12))),
        (b"tRNS", random.randbytes(random.randrange(300))),
        (b"PLTE", random.randbytes(3 * random.randrange(300))),
        (b"IDAT", _packed(random.choice((10, 50_000_000)))),
        (b"IEND", b""),
    ]


def jpeg_extras(random: random.Random) -> Pieces:
    """Segments of metadata, tables and frames."""
    frame = struct.pack(">BHHB", 8, random.choice((1, 40, 1400, 65535)), random.choice((1, 48, 1400, 65535)), 3)
    return [
        (b"\xff\xe1", b"Exif\0\0" + random.randbytes(random.randrange(100))),
        (b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0" + random.randbytes(random.randrange(100))),
        (b"\xff\xe2", b"ICC_PROFILE\0" + bytes((random.randrange(4), random.randrange(4))) + random.randbytes(200)),
        (b"\xff\xe2", b"MPF\0" + random.randbytes(random.randrange(80))),
        (b"\xff\xed", b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + random.randbytes(random.randrange(80))),
        (b"\xff\xee", b"Adobe" + random.randbytes(random.randrange(10))),
        (b"\xff\xe0", b"JFIF\0" + random.randbytes(random.randrange(12))),
        (b"\xff\xfe", random.randbytes(random.choice((0, 10, 60000)))),
        (b"\xff\xdd", struct.pack(">H", random.randrange(65536))),
        (b"\xff\xdb", bytes([random.randrange(32)]) + random.randbytes(random.choice((0, 64, 128)))),
        (b"\xff\xc4", random.randbytes(random.randrange(60))),
        (bytes((0xFF, random.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)))), frame + random.randbytes(9)),
    ]


def webp_extras(random: random.Random) -> Pieces:
    """Chunks of metadata, animation and canvas."""
    return [
        (b"VP8X", random.randbytes(10)),
        (b"VP8X", bytes((random.randrange(256), 0, 0, 0)) + struct.pack("<I", random.choice((47, 16383, 2**24 - 1)))[:3] * 2),
        (b"ANIM", random.randbytes(6)),
        (b"ANMF", random.randbytes(random.randrange(60))),
        (b"EXIF", random.randbytes(random.choice((0, 50, 200_000)))),
        (b"XMP ", random.randbytes(random.choice((0, 50, 200_000)))),
        (b"ICCP", random.randbytes(random.choice((0, 128, 200_000)))),
        (b"ALPH", random.randbytes(30)),
    ]


EXTRAS = {"PNG": png_extras, "JPEG": jpeg_extras, "WEBP": webp_extras}
