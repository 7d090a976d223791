"""What a picture's file holds beside the picture, and a result does not: it would show the photo as it was."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image as pil

_LOOKED_AT = 1 << 16
"""Bytes from the file's start: what announces more stands there."""
_GAIN_MAP = (b"hdrgm:", b"HDRGainMap", b"hdrgainmap", b"apdi.gainmap", b"urn:iso:std:iso:ts:21496")
_DEPTH = (b"GDepth:", b"aux:disparity", b"aux:depth")
_VIDEO = (b"MotionPhoto", b"MicroVideo")


def left_out(picture: pil.Image, file: BinaryIO, xmp: bytes) -> tuple[str, ...]:
    """The names of what comes with the picture, for a message.

    Args:
        picture: as Pillow opened it.
        file: the file.
        xmp: its packet.
    """
    if picture.format == "PNG":
        return ()
    file.seek(0)
    text = file.read(_LOOKED_AT) + xmp
    found = []
    if any(word in text for word in _GAIN_MAP) or (picture.format in ("AVIF", "HEIF") and b"tmap" in text[:64]):
        found.append("the HDR gain map")
    if any(word in text for word in _DEPTH):
        found.append("the depth map")
    if any(word in text for word in _VIDEO):
        found.append("the video")
    more = getattr(picture, "n_frames", 1) - 1 if picture.format == "MPO" else 0
    if more > 0:
        found.append("the second picture" if more == 1 else f"{more} further pictures")
    return tuple(found)
