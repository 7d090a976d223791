"""The marker of a result: EXIF's ProcessingSoftware (0x000B), which says that ``fill`` wrote the picture.

``fill`` replaces a file that carries it without being asked twice, and a batch that is resumed leaves those out that carry its
own digest. JPEG, PNG, WebP, AVIF and HEIC keep it. The rest of the
EXIF block stays where it is, because maker notes count offsets: the first directory is copied to the end with one entry more.

Source: Exif 3.0, section 4.6; exiv2.org/tags.html for the tag.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from mobile_inpaint.errors import MobileInpaintError

_TEXT = re.compile(rb"mobile-inpaint ([0-9a-z ]{1,64})\0")
_TAG, _ASCII = 0x000B, 2
_EMPTY = b"II*\0" + struct.pack("<IHI", 8, 0, 0)
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_LONGEST = 128
_ANY_SIZE = 1 << 40


def marked(block: bytes, mark: str) -> bytes:
    """The EXIF block with the marker; a new one where ``block`` is empty or cannot be read.

    Args:
        block: from the byte order mark on.
        mark: what it says behind our name: lower-case letters, digits and blanks.
    """
    text = f"mobile-inpaint {mark}\0".encode()
    assert _TEXT.fullmatch(text)
    try:
        return _marked(block, text)
    except (KeyError, struct.error):
        return _marked(_EMPTY, text)


def mark_of(block: bytes) -> str | None:
    """What the marker in an EXIF block says behind our name; None where there is none."""
    try:
        order, entries, _ = _directory(block)
        for entry in entries:
            tag, kind, count, at = struct.unpack(f"{order}HHII", entry)
            if tag == _TAG and kind == _ASCII and count <= _LONGEST:
                found = _TEXT.fullmatch(block[at : at + count])
                return found[1].decode() if found else None
    except (KeyError, struct.error):
        pass
    return None


def of_file(path: Path) -> str | None:
    """What the marker of the picture at ``path`` says; None where it has none, or is no picture."""
    from mobile_inpaint.photo.io import formats

    try:
        with formats.opened(path, _ANY_SIZE) as (picture, _):
            block = picture.info.get("exif")
            return mark_of(block.removeprefix(b"Exif\0\0")) if isinstance(block, bytes) else None
    except MobileInpaintError:
        return None


def _marked(block: bytes, text: bytes) -> bytes:
    order, entries, following = _directory(block)
    kept = [entry for entry in entries if struct.unpack_from(f"{order}H", entry)[0] != _TAG]
    block += bytes(len(block) % 2)
    start = len(block)
    at = start + 2 + 12 * (len(kept) + 1) + 4
    kept.append(struct.pack(f"{order}HHII", _TAG, _ASCII, len(text), at))
    kept.sort(key=lambda entry: int(struct.unpack_from(f"{order}H", entry)[0]))
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + following
    return block[:4] + struct.pack(f"{order}I", start) + block[8:] + directory + text


def _directory(block: bytes) -> tuple[str, list[bytes], bytes]:
    """The byte order, the entries of the first directory, and the pointer to the next one."""
    order = _ORDERS[block[:4]]
    (at,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, at)
    entries = [block[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    if any(len(entry) < 12 for entry in entries):
        raise struct.error("the directory is cut off")
    return order, entries, block[at + 2 + 12 * count : at + 6 + 12 * count].ljust(4, b"\0")
