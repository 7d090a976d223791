"""Where a picture comes from: a path, bytes in memory, or an open file."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from mobile_inpaint.errors import PhotoError
from mobile_inpaint.photo.io.formats import Openable
from mobile_inpaint.quoting import shown

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Openable"
"""A path, the bytes of a file, a file opened for reading bytes (``io.BytesIO`` too), or a part of a file."""


@dataclass(frozen=True)
class InMemory:
    """A file that is in memory.

    Attributes:
        data: its bytes.
        name: by which messages call it.
    """

    data: bytes = field(repr=False)
    name: str

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """The bytes from the first one on."""
        return io.BytesIO(self.data)

    def __str__(self) -> str:
        return self.name


def openable(source: Source) -> Openable:
    """What :func:`~mobile_inpaint.photo.io.formats.opened` opens. A file is read from its beginning where it can be rewound.

    Raises:
        PhotoError: ``source`` is no path, no bytes and no open file.
    """
    if isinstance(source, str | os.PathLike):
        return Path(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return InMemory(bytes(source), f"the {len(source):,} bytes given")
    if callable(getattr(source, "read", None)):
        return _read(source)
    if callable(getattr(source, "open", None)):
        return cast(Openable, source)
    raise PhotoError(
        f"cannot open {kind_of(source)}: give a path, the bytes of a picture file, or a file opened with 'rb'; "
        "for pixels in memory there are from_pil and from_array"
    )


def _read(file: Any) -> InMemory:
    name = getattr(file, "name", None)
    name = shown(name) if isinstance(name, str) and name else "the file given"
    try:
        if callable(getattr(file, "seekable", None)) and file.seekable():
            file.seek(0)
        data = file.read()
    except (OSError, ValueError) as error:  # a closed file is a ValueError, so is text that is not UTF-8
        raise PhotoError(f"{name}: cannot be read ({shown(error)}); open it with mode 'rb'") from error
    if not isinstance(data, bytes | bytearray):
        raise PhotoError(f"{name}: is opened as text; open it with mode 'rb'")
    return InMemory(bytes(data), name)


def kind_of(value: object) -> str:
    """The name of its class, as a message shows it, with its article."""
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIO' else 'a'} {shown(name)}"
