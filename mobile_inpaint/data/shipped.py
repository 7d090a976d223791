"""The sets of photos that ship with this package, and the name by which any set is told from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

SHIPPED = Path(__file__).with_name("photos")
"""Has a folder for each set, with photos.csv beside the pictures: author, licence, where each is from, which part was cut."""


def set_name(title: str, photos: Iterable[Path]) -> str:
    """``<title> sha256:<12 digits>``, the hash over the names and the bytes of the files, whatever their order."""
    digest = hashlib.sha256()
    for photo in sorted(photos, key=lambda photo: photo.name):
        digest.update(photo.name.encode() + b"\0" + hashlib.sha256(photo.read_bytes()).digest())
    return f"{title} sha256:{digest.hexdigest()[:12]}"
