"""Opening files beneath a folder, and nothing else: no link leads out of it, whenever the link was put there."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from mobile_inpaint.files import is_plain_name

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)
_CAN_WALK = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_MOST_LINKS = 8


class Beneath:
    """A folder whose files are opened by name, hidden ones excepted.

    Each step of a path is opened relative to the folder before it and never through a link, so nothing can be swapped in
    between a check and its use. A relative link is followed by hand, as long as it stays in the folder.
    """

    def __init__(self, folder: Path) -> None:
        """Of a folder, which may be reached through links itself.

        Raises:
            OSError: there is none.
        """
        self._folder = folder.resolve(strict=True)
        self._root = os.open(self._folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)) if _CAN_WALK else -1

    def open(self, names: Sequence[str]) -> tuple[BinaryIO, int] | None:
        """The file under these names, one a step, and how many bytes it has; None where there is none to be had."""
        if not names or not all(map(is_served, names)):
            return None
        try:
            descriptor = self._walked(names) if _CAN_WALK else self._resolved(names)
        except OSError:
            return None
        if descriptor is None:
            return None
        return os.fdopen(descriptor, "rb"), os.fstat(descriptor).st_size

    def close(self) -> None:
        """Opens nothing any more."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def _walked(self, names: Sequence[str]) -> int | None:
        """The descriptor of a regular file; None for whatever else.

        Raises:
            OSError: there is nothing under these names.
        """
        left, links = list(reversed(names)), 0
        with contextlib.ExitStack() as opened:
            folders = [self._root]
            while left:
                name = left.pop()
                if name == "..":  # out of a link's target: a name that was asked for is never one
                    if len(folders) == 1:
                        return None
                    folders.pop()
                    continue
                if not is_served(name):
                    return None
                kind = os.stat(name, dir_fd=folders[-1], follow_symlinks=False).st_mode
                if stat.S_ISLNK(kind):
                    links += 1
                    target = os.readlink(name, dir_fd=folders[-1])
                    if links > _MOST_LINKS or target.startswith("/"):
                        return None
                    left.extend(step for step in reversed(target.split("/")) if step not in ("", "."))
                    continue
                if not (stat.S_ISDIR(kind) if left else stat.S_ISREG(kind)):  # a device is not even opened
                    return None
                descriptor = os.open(name, _FLAGS, dir_fd=folders[-1])
                if not left:
                    return _regular(descriptor)
                opened.callback(os.close, descriptor)
                folders.append(descriptor)
        return None

    def _resolved(self, names: Sequence[str]) -> int | None:
        """The same for systems without descriptors of folders, where links are rare and none is followed."""
        path = self._folder.joinpath(*names)
        if path.resolve(strict=True) != path or not path.is_file():
            return None
        descriptor = _regular(os.open(path, _FLAGS))
        if descriptor is not None and (path.resolve() != path or not os.path.samestat(os.fstat(descriptor), path.lstat())):
            os.close(descriptor)
            return None
        return descriptor


def is_served(name: str) -> bool:
    """Whether a file or folder of that name may be had: a plain name, and not a hidden one."""
    return is_plain_name(name) and not name.startswith(".")


def _regular(descriptor: int) -> int | None:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None
