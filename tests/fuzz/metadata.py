"""Metadata of good photos: EXIF, XMP, colour profiles and IPTC that are hostile. The fill must be saved all the same."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from . import containers, pictures
from .case import Case, Outcome, Place
from .damage import damaged, extreme

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/" '
    'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:c="http://ns.google.com/photos/1.0/container/"'
)


@functools.cache
def _preview(variant: int) -> bytes:
    """A small JPEG: what the photo looked like before. It must not outlive the erasing."""
    pixels = np.random.default_rng(variant).integers(0, 256, (24, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=60)
    return file.getvalue()


@functools.cache
def _profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2026, 12, 1, 0, 0, 0) + profile[36:]  # which held the time of day


def make(random: random.Random, place: Place) -> Case:
    """``fill`` of a good photo with bad metadata."""
    format = random.choice(pictures.FORMATS[:3] if random.random() < 0.9 else pictures.FORMATS)
    blocks = {}
    for name, maker in (("exif", _exif), ("xmp", _xmp), ("icc", _icc), ("iptc", _iptc)):
        if random.random() < {"exif": 0.55, "xmp": 0.55, "icc": 0.2, "iptc": 0.15}[name]:
            blocks[name] = maker(random, 65_000 if format == "JPEG" else random.choice((5000, 65_000, 2_000_000)))
    data = _with(format, pictures.picture(format, "RGB", random.randrange(4)), blocks)
    photo, mask = place.box / f"photo{pictures.SUFFIX[format]}", place.box / "mask.png"
    photo.write_bytes(data)
    result = place.box / f"result{pictures.SUFFIX[random.choice((format, format, *pictures.FORMATS[:3]))]}"
    size = _upright_size(photo)
    hole = np.zeros(size, np.uint8)
    hole[10:20, 12:24] = 255
    Image.fromarray(hole).save(mask, compress_level=1)
    case = pictures.fill(photo, mask, result)

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return f"the fill is lost: {outcome.err.strip()[-80:]}" if size != (1, 1) else None
        if wrong := case.judge(outcome):
            return wrong
        saved = result.read_bytes()
        for variant in range(2):
            scan = _preview(variant)[-200:-2]
            if scan in saved and _preview(variant) in blocks.get("exif", b""):  # undamaged, so that it can be known for one
                return "the preview of before is still in the EXIF"
        return None

    return Case(case.arguments, judge, case.writes)


def _upright_size(photo: Path) -> tuple[int, int]:
    """Of the mask; (1, 1) where the photo cannot be opened, which is refused before anything is filled."""
    from mobile_inpaint.errors import MobileInpaintError
    from mobile_inpaint.photo.image import Photo

    try:
        opened = Photo.open(photo)
    except MobileInpaintError:
        return 1, 1
    except Exception:  # the command will meet it as well
        return pictures.HEIGHT, pictures.WIDTH
    return opened.height, opened.width


def _with(format: str, data: bytes, blocks: dict[str, bytes]) -> bytes:
    exif, xmp, icc, iptc = (blocks.get(name, b"") for name in ("exif", "xmp", "icc", "iptc"))
    if format == "JPEG":
        pieces = containers.jpeg_pieces(data)
        more = [(b"\xff\xe1", b"Exif\0\0" + exif)] * bool(exif) + [(b"\xff\xe1", _XMP + xmp)] * bool(xmp)
        parts = [icc[at : at + 65_000] for at in range(0, len(icc), 65_000)]
        more += [(b"\xff\xe2", b"ICC_PROFILE\0" + bytes((i + 1, len(parts))) + part) for i, part in enumerate(parts)]
        more += [(b"\xff\xed", iptc)] * bool(iptc)
        return containers.jpeg(pieces[:1] + more + pieces[1:])
    if format == "PNG":
        first, *rest = containers.png_pieces(data)
        more = [(b"eXIf", exif)] * bool(exif) + [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)] * bool(xmp)
        more += [(b"iCCP", b"icc\0\0" + zlib.compress(icc, 1))] * bool(icc) + [
            (b"tEXt", b"Raw profile type iptc\0" + iptc)
        ] * bool(iptc)
        return containers.png([first, *more, *rest])
    if format == "WEBP":
        pieces = [piece for piece in containers.webp_pieces(data) if piece[0] != b"VP8X"]
        flags = 0x20 * bool(icc) + 0x08 * bool(exif) + 0x04 * bool(xmp)
        canvas = struct.pack("<I", pictures.WIDTH - 1)[:3] + struct.pack("<I", pictures.HEIGHT - 1)[:3]
        head = [(b"VP8X", bytes((flags, 0, 0, 0)) + canvas)] + [(b"ICCP", icc)] * bool(icc)
        return containers.webp([*head, *pieces, *[(b"EXIF", exif)] * bool(exif), *[(b"XMP ", xmp)] * bool(xmp)])
    file = io.BytesIO()
    try:
        Image.open(io.BytesIO(data)).save(file, format, speed=10, xmp=xmp, icc_profile=icc or None)
    except Exception:  # the encoder refuses the block: a photo without it
        return data
    return file.getvalue()


def _exif(random: random.Random, room: int) -> bytes:
    """A TIFF structure: right, or with cycles, extreme counts and offsets, and previews in odd places."""
    order = random.choice("<>")
    block = _tiff(random, order)
    match random.randrange(12):
        case 0 | 1 | 2:
            return damaged(random, block)
        case 3:
            return block + b"\xff\xd8\xff" * (random.choice((10, 1000, room // 4)))
        case 4:
            return block + (b"\xff\xd8\xff\xe0\x00\x04ab" * (room // 9))[:room]
        case 5:
            return block + _preview(1) * min(50, room // len(_preview(1)) + 1)
        case 6:
            return block[: random.randrange(len(block) + 1)]
        case 7:
            return random.randbytes(random.randrange(100))
        case 8:
            return block + bytes(room)
        case 9:
            return _many_entries(random, order, room)
        case 10:
            return block + b"\xff\xd8" + b"\xff\xe1\xff\xff" * (room // 5)
        case _:
            return block


def _tiff(random: random.Random, order: str) -> bytes:
    preview = _preview(random.randrange(2))
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
    odd = random.random() < 0.5

    def number(right: int) -> int:
        return extreme(random, 32, signed=False) if odd and random.random() < 0.15 else right

    main = [
        (0x0100, 4, 1, 48),
        (0x0112, 3, 1, random.choice((1, 1, 3, 6, 8, 0, 9, 255))),
        (0x010F, 2, 6, 8),
        (0x8769, 4, 1, 200),
        (0x8825, 4, 1, 320),
    ]
    detail = [
        (0xA002, 4, 1, 48),
        (0xA003, 3, 1, 40),
        (0x927C, 7, 40 + len(preview), 600),
        (0x9286, 7, 8, 8),
        (0xA005, 4, 1, 320),
    ]
    place = [(0x0001, 2, 2, 0x4E000000), (0x0002, 5, 3, 8)]
    small = [(0x0103, 3, 1, 6), (0x0201, 4, 1, 700), (0x0202, 4, 1, len(preview)), (0x0112, 3, 1, 6)]
    if random.random() < 0.15:
        small = [(0x0111, 4, random.choice((1, 3)), 700), (0x0117, 4, random.choice((1, 3)), 50), (0x0103, 3, 1, 1)]
    data = bytearray(700) + preview + bytes(20)
    data[:8] = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", number(42) & 0xFFFF, number(8) & 0xFFFFFFFF)
    following = {
        8: random.choice((400, 400, 0, 8, 200)),
        200: random.choice((0, 0, 8, 200)),
        320: 0,
        400: random.choice((0, 0, 8, 400)),
    }
    for at, entries in ((8, main), (200, detail), (320, place), (400, small)):
        if random.random() < 0.2:
            random.shuffle(entries)
        struct.pack_into(order + "H", data, at, number(len(entries)) & 0xFFFF)
        for i, (tag, kind, count, value) in enumerate(entries):
            kind, count, value = number(kind) & 0xFFFF, number(count), number(value)
            packed = (
                struct.pack(order + "H2x", value & 0xFFFF)
                if sizes.get(kind) == 2 and count == 1
                else struct.pack(order + "I", value & 0xFFFFFFFF)
            )
            data[at + 2 + 12 * i : at + 14 + 12 * i] = struct.pack(order + "HHI", tag, kind, count & 0xFFFFFFFF) + packed
        struct.pack_into(order + "I", data, at + 2 + 12 * len(entries), number(following[at]) & 0xFFFFFFFF)
    return bytes(data)


def _many_entries(random: random.Random, order: str, room: int) -> bytes:
    count = min(65535, room // 12)
    tags = (0x0111, 0x0201, 0x0112, 0x8769, 0x0100, random.randrange(65536))
    entries = b"".join(
        struct.pack(order + "HHII", random.choice(tags), 4, random.choice((1, 100, room)), 8) for _ in range(count)
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", count)
    return head + entries + struct.pack(order + "I", random.choice((0, 8)))


def _xmp(random: random.Random, room: int) -> bytes:
    """A packet: what announces another picture in every spelling, and XML that no parser likes."""
    announces = random.choice((
        "<xmp:Thumbnails><rdf:Alt><rdf:li g:image='AAAA'/></rdf:Alt></xmp:Thumbnails>", "<hdrgm:Version>1.0</hdrgm:Version>",
        "<c:Directory><rdf:Seq/></c:Directory>", "<tiff:Orientation>6</tiff:Orientation>",
        "<tiff:Orientation>99</tiff:Orientation>", "",
    ))  # fmt: skip
    attributes = random.choice(
        ("", "tiff:Orientation='8'", "hdrgm:GainMapMax='1'", "xmp:Thumbnails='x'", 'tiff:Orientation="3"')
    )
    depth = random.choice((3, 50, 500, 3000, room // 8))
    body, prolog = announces, ""
    match random.randrange(12):
        case 0 | 1:
            body = f"{announces}{'<a>' * depth}{'</a>' * depth}"
        case 2:
            body = f"{'<rdf:li>' * depth}{announces}{'</rdf:li>' * depth}"[:room]
        case 3:
            prolog = (
                "<!DOCTYPE x ["
                + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x" * 100}">' for i in range(12))
                + "]>"
            )
            body = f"{announces}<a>&e11;</a>"
        case 4:
            prolog, body = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>', f"{announces}<a>&f;</a>"
        case 5:
            body = announces + "<a " + " ".join(f"a{i}='x'" for i in range(room // 12)) + "/>"
        case 6:
            body = announces + "".join(f"<a xmlns:n{i}='http://x/{i}'/>" for i in range(room // 40))
        case 7:
            body = announces + f"<!--{'x' * room}-->"
        case 8:
            body = (
                announces
                + "<a>"
                + random.choice(("\x00", "\ud800", "\x1b", "&#x110000;", "&#0;", "]]>", "<![CDATA[", "<?x", "é"))
                + "</a>"
            )
        case 9:
            body = "".join(f"{announces}" for _ in range(room // max(1, len(announces))))
        case 10:
            prolog = f'<!DOCTYPE x [<!ENTITY e "{"x" * min(room, 50_000)}">]>'
            body = f"{announces}<a>{'&e;' * 1000}</a>"
    text = (
        f'<?xpacket begin="\ufeff"?>{prolog}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_NAMESPACES}>'
        f"<rdf:Description {attributes}>"
        f'{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    if prolog:
        text = text.removeprefix('<?xpacket begin="\ufeff"?>')
    data = text.encode(random.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-32")), errors="surrogatepass")
    return damaged(random, data) if random.random() < 0.2 else data


def _icc(random: random.Random, room: int) -> bytes:
    match random.randrange(5):
        case 0:
            return _profile()
        case 1:
            return _profile() + bytes(room)
        case 2:
            return random.randbytes(random.choice((1, 128, 5000)))
        case 3:
            return _profile()[: random.randrange(1, 200)]
        case _:
            return damaged(random, _profile())


def _iptc(random: random.Random, room: int) -> bytes:
    record = b"\x1c\x02\x05\x00\x05Title" + b"\x1c\x02\x78" + struct.pack(">H", random.choice((4, 65535))) + b"text"
    resource = (
        struct.pack(
            ">4sHHI", b"8BIM", random.choice((0x0404, 0x0404, 0x0409, 0x040C)), 0, random.choice((len(record), 0, 2**31))
        )
        + record
    )
    data = b"Photoshop 3.0\0" + resource * random.choice((1, 1, 2, min(2000, room // len(resource))))
    return damaged(random, data) if random.random() < 0.4 else data
