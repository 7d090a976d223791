"""The photos to train on: those of a folder, at any depth, or within WebDataset shards; read by number, in any order."""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.photo.image import Photo, Pixels
from mobile_inpaint.photo.io.formats import FORMATS, MAX_PIXELS, opened

MEMORY_MB = 2048
"""What decoded photos may occupy unless the caller says otherwise."""

_SHRINKS = (".jpg", ".jpeg")


@dataclass(frozen=True)
class PhotoFile:
    """Where a photo's bytes are: a file, or a stretch of a shard.

    Attributes:
        path: of the file or the shard.
        group: what it is from (package, folder, shard); photos of one group are never on both sides of a split.
        member: its name within the shard; None for a file of its own.
        offset, length: its bytes within the shard.
    """

    path: Path
    group: str
    member: str | None = None
    offset: int = 0
    length: int = 0

    def __str__(self) -> str:
        return f"{self.path}" if self.member is None else f"{self.path}:{self.member}"

    @property
    def shrinks(self) -> bool:
        """Whether its format can be decoded at a part of its size."""
        return Path(self.member or self.path).suffix.lower() in _SHRINKS

    def open(self, mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Its bytes, to be closed."""
        if self.member is None:
            return self.path.open(mode)
        with self.path.open(mode) as shard:
            shard.seek(self.offset)
            return io.BytesIO(shard.read(self.length))


class PhotoSource:
    """Photos by number, decoded when asked for; those asked for last are kept, as bytes, while there is room.

    Attributes:
        name: to name it by in messages.
        photos: where they are.
        memory_bytes: the room for decoded photos, in this process.
    """

    def __init__(self, name: str, photos: Sequence[PhotoFile], memory_mb: int = MEMORY_MB) -> None:
        self.name, self.photos = name, tuple(photos)
        self.memory_bytes = memory_mb << 20
        self._kept_bytes = 0
        self._kept: OrderedDict[tuple[int, int], Pixels] = OrderedDict()
        self._short_sides: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.photos)

    def short_side(self, index: int) -> int:
        """The shorter side of the photo in its file, in pixels; reads no more than its header.

        Raises:
            PhotoError: it cannot be read.
        """
        if index not in self._short_sides:
            with opened(self.photos[index], MAX_PIXELS) as (picture, _):
                self._short_sides[index] = min(picture.size)
        return self._short_sides[index]

    def pixels(self, index: int, shrink: int = 1) -> Pixels:
        """The photo, upright: HWC uint8 RGB in [0,255], not to be written to.

        The same bits at each call, whether it was kept or not.

        Args:
            index: its number.
            shrink: 1, 2, 4 or 8: it may come at this part of its size. A JPEG does, decoded so in a fraction of the time;
                other formats come whole.

        Raises:
            PhotoError: it cannot be read.
            ToolchainMissing: HEIC, and pillow-heif is not installed.
        """
        key = (index, shrink if self.photos[index].shrinks else 1)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        pixels = Photo.open(self.photos[index], shrink=key[1]).pixels
        self._kept[key] = pixels
        self._kept_bytes += pixels.nbytes
        while self._kept_bytes > self.memory_bytes:
            self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return pixels

    def split(self, share: float, seed: int) -> tuple[PhotoSource, PhotoSource]:
        """The photos in two parts, the second of about ``share`` of them; no group is in both.

        Groups are drawn by a hash of their name, so that one that is added moves none of the others.

        Args:
            share: more than 0, less than 1.
            seed: of the draw.

        Raises:
            TrainingError: all photos are of one group, or none is small enough for the second part.
        """
        groups: dict[str, list[PhotoFile]] = {}
        for photo in self.photos:
            groups.setdefault(photo.group, []).append(photo)
        order = sorted(groups, key=lambda group: hashlib.sha256(f"{seed} {group}".encode()).digest())
        second, wanted = set[str](), share * len(self)
        for group in order:
            # Taken where that brings the part closer to what is wanted.
            if len(groups[group]) <= 2 * wanted and len(groups) > 1:
                second.add(group)
                wanted -= len(groups[group])
        if not second or len(second) == len(groups):
            raise TrainingError(
                f"{self.name}: its {len(self)} photos are from {len(groups)} source(s), of which none can be set apart as "
                f"{share:.0%} of them; give a second folder of photos"
            )
        memory_mb = self.memory_bytes >> 20
        first = [photo for photo in self.photos if photo.group not in second]
        rest = [photo for photo in self.photos if photo.group in second]
        return PhotoSource(self.name, first, memory_mb), PhotoSource(self.name, rest, memory_mb)


def open_photos(place: str | Path, memory_mb: int = MEMORY_MB) -> PhotoSource:
    """The photos in the folder ``place`` and below, those within its WebDataset shards (.tar) among them; ordered by name.

    A photo's group is the ``package`` that the folder's table of photos names (``photos.csv`` in it, or ``<folder>.csv`` beside
    it), or else the folder or shard it is in; photos all in one folder, or all in one shard, are each a group of their own.

    Args:
        place: a folder, or one shard.
        memory_mb: room for decoded photos.

    Raises:
        TrainingError: no such folder, no photo in it, or a shard that cannot be read.
    """
    place = Path(place)
    if not (place.is_dir() or place.is_file()):
        raise TrainingError(f"{place}: no such folder; name one with photos")
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    found: list[PhotoFile] = []
    for path in files:
        if path.suffix.lower() in FORMATS:
            found.append(PhotoFile(path, str(path.parent)))
        elif path.suffix.lower() == ".tar":
            found += _members(path)
    if not found:
        raise TrainingError(f"{place}: holds no photos ({', '.join(FORMATS)}, or .tar shards of them)")
    return PhotoSource(str(place), _grouped(found, _packages(place)), memory_mb)


def _members(shard: Path) -> Iterable[PhotoFile]:
    try:
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if member.isfile() and Path(member.name).suffix.lower() in FORMATS:
                    yield PhotoFile(shard, str(shard), member.name, member.offset_data, member.size)
    except (tarfile.TarError, OSError) as error:
        raise TrainingError(f"{shard}: not a plain tar archive ({error}); shards must not be compressed") from error


def _packages(folder: Path) -> Mapping[str, str]:
    """The package of each photo by its file name, from the table beside the photos; empty where there is none."""
    folder = folder.absolute()  # the folder "." has no name
    for table in (folder / "photos.csv", folder.with_name(folder.name + ".csv")):
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as rows:
                return {row["file"]: row["package"] for row in csv.DictReader(rows) if row.get("file") and row.get("package")}
    return {}


def _grouped(photos: Sequence[PhotoFile], packages: Mapping[str, str]) -> list[PhotoFile]:
    alone = len({photo.group for photo in photos}) == 1
    return [
        PhotoFile(
            photo.path,
            packages.get(Path(photo.member or photo.path).name, str(photo) if alone else photo.group),
            photo.member,
            photo.offset,
            photo.length,
        )
        for photo in photos
    ]
