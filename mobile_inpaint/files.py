"""Writing files so that nothing is lost: names that stay in their folder, and content that appears whole or not at all.

A new file is made beside its target, under a name nobody can guess, by ``O_EXCL``: a link that was planted there is never
followed. The process that writes it holds its lock (:mod:`mobile_inpaint.locks`). The system drops that lock when the process
dies, so the next process that writes into the same folder can tell what a killed one left behind, and removes it.

A folder cannot replace another in one step. The old one is moved into a private folder first, under :data:`ASIDE`; if a kill
comes before the new one is in its place, the next process that writes there puts the old one back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from mobile_inpaint.locks import LOCKS

PREFIX = ".mobile-inpaint-"
"""How every temporary name begins."""
ASIDE = "replaced"
"""In a private folder: the folders that were replaced, by their own names."""

_TEMPORARY = re.compile(re.escape(PREFIX) + r"[0-9a-f]{32}(\.[^/\\]*)?")
_EARLIER = re.compile(
    r"""\.mobile-inpaint-(?P<stage>\d+)-[^/]*  # an export's or a bundle's folder
    | \.(?: .+\.(?:jpe?g|png|webp|avif|hei[cf])\.(?P<photo>\d+)\.part
        | (?P<cache>\d+)-(?:mixed-[0-9a-f]{16}\.json|quality-[0-9a-f]{16}\.npz)
        | (?: .+\.safetensors | step-\d+\.(?:pt|png) | log\.jsonl | run\.json  # of a run
            | evaluation\.(?:json|md) | index\.html | .+\.webp )\.(?P<run>\d+) )""",
    re.VERBOSE | re.IGNORECASE,
)
"""The temporary names of earlier versions, which held no lock but named the process that wrote them."""
_LONGEST_NAME = 255
_LONGEST_SUFFIX = 64
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What locking answers on file systems that have no locks: files there are written all the same, and none is swept."""


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


def write_whole(
    path: Path, content: bytes | bytearray | memoryview | str, *, durable: bool = False, sweeping: bool = True
) -> None:
    """Makes ``content`` the file at ``path``, replacing what was there in one step; text is written as UTF-8.

    Args:
        path: the file; a link there is replaced, not followed.
        content: all of it.
        durable: return only when the file would survive a loss of power.
        sweeping: see :func:`being_written`.

    Raises:
        OSError: it cannot be written; the file that was there is unchanged. The error names ``path``.
    """
    data = content.encode() if isinstance(content, str) else content
    with being_written(path, durable=durable, sweeping=sweeping) as part, part.open("wb") as file:
        file.write(data)


def write_new(path: Path, content: bytes | str) -> None:
    """Makes ``content`` the file at ``path`` if nothing is there yet; it appears whole.

    Raises:
        FileExistsError: something is there; it is unchanged.
        OSError: it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with _temporary(path, sweeping=True) as part:
        part.write_bytes(data)
        try:
            os.link(part, path)  # unlike a rename it replaces nothing
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with path.open("xb") as file:
                file.write(data)


@contextlib.contextmanager
def being_written(path: Path, *, durable: bool = False, sweeping: bool = True) -> Iterator[Path]:
    """An empty file of our own beside ``path`` and with its suffix, which becomes ``path`` when the block ends well.

    For writers that take a path. When the block raises, ``path`` stays as it was.

    Args:
        path: the file; a link there is replaced, not followed.
        durable: return only when the file would survive a loss of power.
        sweeping: whether to :func:`sweep` the folder first. False where thousands of files go into one folder that the caller
            has swept.

    Raises:
        OSError: it cannot be made or moved. The error names ``path``.
    """
    with _temporary(path, sweeping=sweeping) as part:
        yield part
        if durable:
            _flush(part)
        part.replace(path)
        if durable:
            _flush(path.parent)


@contextlib.contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """An empty folder in ``parent`` that nobody else uses, gone when the block ends; ``parent`` is swept first.

    Raises:
        OSError: it cannot be made.
    """
    sweep(parent)
    folder, lock = _claimed(parent, "", _new_folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _release(folder, lock)


def move_into_place(made: Path, place: Path, private: Path) -> None:
    """Moves the file or folder ``made`` to ``place``, replacing what is there if it is of the same kind.

    A file is replaced in one step, and a link is replaced, not followed. A folder cannot be replaced in one step: the old one
    is moved into ``private`` first, from where :func:`sweep` puts it back if a kill comes between.

    Args:
        made: a finished file or folder on the file system of ``place``.
        place: where it goes.
        private: a :func:`private_folder` in the folder of ``place``.

    Raises:
        IsADirectoryError, NotADirectoryError: there is a folder where a file goes, or the other way round.
        OSError: it cannot be moved; what was there is there.
    """
    there = _kind(place)
    if made.is_dir():
        if there == "file":
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
        if there is not None:
            aside = private / ASIDE
            aside.mkdir(exist_ok=True)
            place.rename(aside / place.name)
            try:
                made.rename(place)
            except BaseException:
                (aside / place.name).rename(place)
                raise
            return
    elif there == "folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
    made.replace(place)


def sweep(parent: Path) -> None:
    """Removes what killed processes left in ``parent``: files and folders of ours that no living process has locked.

    A folder that a killed process had moved aside is put back first, if nothing has its name. Links, and what belongs to
    another user, stay as they are.

    Args:
        parent: the folder; one that cannot be read is left alone.
    """
    try:
        with os.scandir(parent) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(".") and _is_abandoned_name(entry.name)]
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError):
            _remove_if_abandoned(path)


def _is_abandoned_name(name: str) -> bool:
    """Whether a file of that name may be swept once nobody holds its lock."""
    if _TEMPORARY.fullmatch(name):
        return True
    earlier = _EARLIER.fullmatch(name)
    return earlier is not None and not _lives(next(process for process in earlier.groups() if process))


def _lives(process: str) -> bool:
    if sys.platform == "win32":  # where asking would end it
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError, ValueError):
        return True
    return True


def _remove_if_abandoned(path: Path) -> None:
    kind = _kind(path)
    if kind not in ("file", "folder") or not _is_ours(path):
        return
    lock = LOCKS.take(path)
    if lock is None:
        return
    try:
        if kind == "folder":
            _put_back(path)
            shutil.rmtree(path, ignore_errors=True)
        elif not LOCKS.is_guard(path.name):  # a guard goes when its lock is released
            path.unlink(missing_ok=True)
    finally:
        _release(path, lock)


def _put_back(private: Path) -> None:
    """Moves the folders under :data:`ASIDE` to where they were, where nothing has their name now."""
    aside = private / ASIDE
    if _kind(aside) != "folder" or not _is_ours(aside):
        return
    with os.scandir(aside) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for name in names:
        place = private.parent / name
        if is_plain_name(name) and not _TEMPORARY.fullmatch(name) and _is_ours(aside / name) and _kind(place) is None:
            with contextlib.suppress(OSError):
                (aside / name).rename(place)


def _kind(path: Path) -> str | None:
    """``file``, ``folder``, ``link`` or ``other``; None where there is nothing."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"


def _is_ours(path: Path) -> bool:
    return sys.platform == "win32" or path.lstat().st_uid == os.geteuid()


@contextlib.contextmanager
def _temporary(path: Path, *, sweeping: bool) -> Iterator[Path]:
    """An empty file of our own beside ``path``, gone when the block ends unless it was moved; errors name ``path``."""
    part, lock = None, -1
    try:
        if sweeping:
            sweep(path.parent)
        suffix = path.suffix
        if len(os.fsencode(suffix)) > _LONGEST_SUFFIX or LOCKS.is_guard(suffix):
            suffix = ""
        part, lock = _claimed(path.parent, suffix, _new_file)
        yield part
    except OSError as error:
        if error.errno is None or (error.filename is not None and PREFIX not in str(error.filename)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            _release(part, lock)


def _claimed(parent: Path, suffix: str, make: Callable[[Path], None]) -> tuple[Path, int]:
    """A new path in ``parent``, made by ``make``, and the descriptor that holds its lock; -1 where there are no locks."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(16)}{suffix}"
        make(path)
        try:
            if (lock := LOCKS.take(path)) is not None:
                return path, lock
        except FileNotFoundError:  # a sweep came between making and locking
            continue
        except OSError as error:
            if error.errno in _WITHOUT_LOCKS:
                return path, -1
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
            raise


def _new_file(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666))


def _new_folder(path: Path) -> None:
    path.mkdir(mode=0o700)


def _flush(path: Path) -> None:
    """Waits until a file, or a folder's names, are on the disk."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _release(path: Path, lock: int) -> None:
    if lock >= 0:
        LOCKS.release(path, lock)
