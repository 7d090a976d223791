"""Writing files so that nothing is lost: names that stay in their folder, and content that appears whole or not at all.

A new file is made beside its target, under a name nobody can guess, by ``O_EXCL``: a link that was planted there is never
followed. The process that writes it holds a lock on it. The kernel drops that lock when the process dies, so the next process
that writes into the same folder can tell what a killed one left behind, and removes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

if sys.platform != "win32":  # an open file cannot be deleted on Windows: there that is the lock
    import fcntl

PREFIX = ".mobile-inpaint-"
"""How every temporary name begins."""

_TEMPORARY = re.compile(re.escape(PREFIX) + r"[0-9a-f]{32}(\.[^/\\]*)?")
_LONGEST_NAME = 255


def is_plain_name(name: object) -> bool:
    """Whether ``name`` is text that names a file inside any folder, on every system: no path, no drive, not ``.`` or ``..``.

    Everything that reads a file's name out of JSON or another file asks this before it uses the name.
    """
    return (
        isinstance(name, str)
        and 0 < len(name.encode(errors="replace")) <= _LONGEST_NAME
        and name not in (".", "..")
        and name == PurePosixPath(name).name == PureWindowsPath(name).name
        and name.isprintable()
    )


def write_whole(path: Path, content: bytes | memoryview | str, *, durable: bool = False) -> None:
    """Makes ``content`` the file at ``path``, replacing what was there in one step; text is written as UTF-8.

    Args:
        path: the file; a link there is replaced, not followed.
        content: all of it.
        durable: return only when the file would survive a loss of power.

    Raises:
        OSError: it cannot be written; the file that was there is unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    with being_written(path, durable=durable) as part, part.open("wb") as file:
        file.write(data)


@contextlib.contextmanager
def being_written(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """An empty file of our own beside ``path`` and with its suffix, which becomes ``path`` when the block ends well.

    For writers that take a path. When the block raises, ``path`` stays as it was.

    Raises:
        OSError: it cannot be made or moved.
    """
    sweep(path.parent)
    part, lock = _claimed(path.parent, path.suffix, _new_file)
    try:
        yield part
        if durable:
            _flush(part)
        part.replace(path)
        if durable:
            _flush(path.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if lock >= 0:
            os.close(lock)


@contextlib.contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """An empty folder in ``parent`` that nobody else uses, gone when the block ends.

    Raises:
        OSError: it cannot be made.
    """
    folder, lock = _claimed(parent, "", _new_folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def sweep(parent: Path, rescue: Callable[[Path], None] = lambda _: None) -> None:
    """Removes what killed processes left in ``parent``: files and folders of ours that no living process has locked.

    Links, and what belongs to another user, stay.

    Args:
        parent: the folder; one that cannot be read is left alone.
        rescue: is given each abandoned folder before it is removed.
    """
    try:
        with os.scandir(parent) as entries:
            found = [Path(entry.path) for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError):
            _remove_if_abandoned(path, rescue)


def _remove_if_abandoned(path: Path, rescue: Callable[[Path], None]) -> None:
    status = path.lstat()
    is_folder = stat.S_ISDIR(status.st_mode)
    if not (is_folder or stat.S_ISREG(status.st_mode)) or (sys.platform != "win32" and status.st_uid != os.getuid()):
        return
    lock = _locked(path)
    if lock is None:
        return
    try:
        if is_folder:
            rescue(path)
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    finally:
        if lock >= 0:
            os.close(lock)


def _claimed(parent: Path, suffix: str, make: Callable[[Path], None]) -> tuple[Path, int]:
    """A new path in ``parent``, made by ``make``, and the descriptor that holds its lock; -1 where there are no locks."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(16)}{suffix}"
        make(path)
        with contextlib.suppress(FileNotFoundError):  # a sweep came between making and locking
            if (lock := _locked(path)) is not None:
                return path, lock


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of ``path``, -1 on systems without locks; None where another process holds it."""
    if sys.platform == "win32":
        return -1
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            return descriptor
    except BlockingIOError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _new_file(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666))


def _new_folder(path: Path) -> None:
    path.mkdir(mode=0o700)


def _flush(path: Path) -> None:
    """Waits until a file, or a folder's names, are on the disk."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
