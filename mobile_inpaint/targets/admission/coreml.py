"""What a Core ML package must be before coremltools reads it: its folder, its blobs of weights and its program, within limits.

The program is walked by ourselves: coremltools evaluates operations on constants while it loads a program, and follows what a
blob says of its own size. Source: MIL.proto of coremltools 9.0 (field numbers); MILBlob's StorageFormat.hpp (blobs).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mobile_inpaint.documents import parse_json, read_text
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.files import is_plain_name
from mobile_inpaint.protobuf import Damaged
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.admission.coreml_program import Blobs, Refused, check_model

DATA = "Data"
WEIGHTS = ("com.apple.CoreML", "weights")
_ENTRIES = 1_000
"""Files and folders of a package; ours have eight."""
_LEVELS = 8
_LARGEST_MODEL = 1 << 26
"""Bytes of a program without its weights; a large one has a hundredth of that."""

_admitted: set[tuple[object, ...]] = set()
"""The last package that was let through, as the system describes its files: a command opens a package several times."""


def check(path: Path) -> None:
    """Returns where the Core ML package at ``path`` may be read.

    Raises:
        ManifestError: not a folder of plain files; larger than the limits; a program or a blob of weights that is damaged.
    """
    try:
        same = tuple(_files(path))
        if same in _admitted:
            return
        model = program_of(path)
        if model.stat().st_size > _LARGEST_MODEL:
            raise Refused(f"its program has {model.stat().st_size >> 20} MiB; {_LARGEST_MODEL >> 20} MiB is the limit")
        check_model(model.read_bytes(), Blobs(path.joinpath(DATA, *WEIGHTS)))
        _admitted.clear()
        _admitted.add(same)
    except Damaged as error:
        raise ManifestError(f"{path.name}: a damaged Core ML package ({error}); get it again") from error
    except Refused as error:
        raise ManifestError(f"{path.name}: {error}") from error
    except OSError as error:
        raise ManifestError(f"{path.name}: not a Core ML package ({error.strerror or error})") from error


def program_of(path: Path) -> Path:
    """The file of the program in the package at ``path``, which has been checked."""
    return path / DATA / _root(path)


def _files(path: Path) -> Iterator[tuple[object, ...]]:
    """What identifies each entry of the package, folders too; a link or anything else that is no plain file is refused."""
    if not stat.S_ISDIR(path.stat().st_mode):
        raise Refused("not a Core ML package: it is no folder")
    left, entries, size = [(path, 1)], 0, 0
    while left:
        folder, level = left.pop()
        if level > _LEVELS:
            raise Refused(f"not a Core ML package: its folders are nested deeper than {_LEVELS}")
        with os.scandir(folder) as found:
            for entry in found:
                entries += 1
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    left.append((Path(entry.path), level + 1))
                elif not stat.S_ISREG(status.st_mode):
                    raise Refused(f"{quoted(entry.name)} in it is a link, or no file; a package holds plain files")
                else:
                    size += status.st_size
                if entries > _ENTRIES or size > limits.LARGEST_FILE:
                    raise Refused(f"more than {_ENTRIES} files, or than {limits.LARGEST_FILE >> 20} MiB")
                yield entry.path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _root(path: Path) -> Path:
    """Where the program is, below ``Data``, by the package's own list of what it holds; all paths in that are checked."""
    manifest = path / "Manifest.json"
    listed = parse_json(read_text(manifest, ManifestError), f"{path.name}/{manifest.name}", ManifestError)
    items = listed.get("itemInfoEntries") if isinstance(listed, dict) else None
    if not isinstance(items, dict):
        raise Refused("not a Core ML package: its Manifest.json lists nothing")
    paths: dict[str, Path] = {}
    for identifier, item in items.items():
        inside = item.get("path") if isinstance(item, dict) else None
        if not isinstance(inside, str) or not all(is_plain_name(part) for part in inside.split("/")):
            raise Refused(f"its Manifest.json names {quoted(inside)}, which is no path inside it")
        paths[identifier] = Path(*inside.split("/"))
        if any(not isinstance(value, str) for value in item.values()):
            raise Refused(f"its Manifest.json describes {quoted(inside)} by something else than text")
        if not (path / DATA / paths[identifier]).exists():
            raise Refused(f"not a Core ML package: {quoted(inside)} of its Manifest.json is missing")
    root = listed.get("rootModelIdentifier")
    if not isinstance(root, str) or root not in paths or not (path / DATA / paths[root]).is_file():
        raise Refused("not a Core ML package: its Manifest.json names no program")
    return paths[root]
