"""What the tests of ``bundle`` share: the folder of an app's network, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mobile_inpaint.apps import bundle as bundling

Make = Callable[..., Path]
"""Writes an artifact: the fixture ``make``."""
WEB = bundling.get_app("web")
BUNDLED = {"toy-fp16.onnx", "toy-fp16.onnx.json", "NOTICES.txt", "bundle.json"}


def names(folder: Path) -> set[str]:
    """Of the files and folders in it."""
    return {path.name for path in folder.iterdir()}


def tree(folder: Path) -> dict[str, bytes | str | None]:
    """Everything under ``folder``, links as what they point to."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = content
    return found
