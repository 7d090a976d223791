"""The marker of a result: EXIF's ProcessingSoftware (0x000B), which says that ``fill`` wrote the picture.

``fill`` replaces a file that carries it without being asked twice. JPEG, PNG, WebP, AVIF and HEIC keep it. The rest of the
EXIF block stays where it is, because maker notes count offsets: the first directory is copied to the end with one entry more.

Source: Exif 3.0, section 4.6; exiv2.org/tags.html for the tag.
"""

from __future__ import annotations

import struct

TEXT = b"mobile-inpaint fill\0"
_TAG, _ASCII = 0x000B, 2
_EMPTY = b"II*\0" + struct.pack("<IHI", 8, 0, 0)
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_LONGEST_OTHER = 1024


def marked(block: bytes) -> bytes:
    """The EXIF block with the marker; a new one where ``block`` is empty or cannot be read.

    Args:
        block: from the byte order mark on.
    """
    try:
        return _marked(block)
    except (KeyError, struct.error):
        return _marked(_EMPTY)


def is_marked(block: bytes) -> bool:
    """Whether an EXIF block carries the marker."""
    try:
        order, entries, _ = _directory(block)
        for entry in entries:
            tag, kind, count, at = struct.unpack(f"{order}HHII", entry)
            if tag == _TAG and kind == _ASCII:
                return len(TEXT) <= count <= _LONGEST_OTHER and TEXT.rstrip(b"\0") in block[at : at + count]
    except (KeyError, struct.error):
        pass
    return False


def _marked(block: bytes) -> bytes:
    order, entries, following = _directory(block)
    kept = [entry for entry in entries if struct.unpack_from(f"{order}H", entry)[0] != _TAG]
    block += bytes(len(block) % 2)
    start = len(block)
    text = start + 2 + 12 * (len(kept) + 1) + 4
    kept.append(struct.pack(f"{order}HHII", _TAG, _ASCII, len(TEXT), text))
    kept.sort(key=lambda entry: int(struct.unpack_from(f"{order}H", entry)[0]))
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + following
    return block[:4] + struct.pack(f"{order}I", start) + block[8:] + directory + TEXT


def _directory(block: bytes) -> tuple[str, list[bytes], bytes]:
    """The byte order, the entries of the first directory, and the pointer to the next one."""
    order = _ORDERS[block[:4]]
    (at,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, at)
    entries = [block[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    if any(len(entry) < 12 for entry in entries):
        raise struct.error("the directory is cut off")
    return order, entries, block[at + 2 + 12 * count : at + 6 + 12 * count].ljust(4, b"\0")
