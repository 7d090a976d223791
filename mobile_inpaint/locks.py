"""Locks between processes, on every system: one per temporary file or folder, dropped by the system when its holder dies.

On Linux and macOS the file or folder carries the lock (``flock``). Windows cannot move or delete an open file, so there a small
file beside it carries the lock (``msvcrt.locking``). Its name is the path's name and :data:`GUARD`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

GUARD = ".guard"
"""Ends the name of a file that carries the lock of another path."""

_HELD = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK, getattr(errno, "EDEADLOCK", errno.EDEADLK)}
"""What taking a lock answers while another process holds it."""
_RETRY_S = 0.05


class Locks(Protocol):
    """How paths are locked on one system."""

    def take(self, path: Path) -> int | None:
        """A descriptor that holds the lock of ``path``; None where another process holds it.

        Raises:
            FileNotFoundError: ``path`` is not there.
            OSError: it cannot be locked.
        """

    def release(self, path: Path, descriptor: int) -> None:
        """Gives the lock of ``path`` back. ``path`` may have been moved or removed."""

    def is_guard(self, name: str) -> bool:
        """Whether a file of that name only carries the lock of another path."""


class PathLocks:
    """The path itself carries the lock: POSIX."""

    def __init__(self, lock: Callable[[int], None]) -> None:
        self._lock = lock

    def take(self, path: Path) -> int | None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._lock(descriptor)
            if os.path.samestat(os.fstat(descriptor), path.lstat()):
                return descriptor
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def release(self, path: Path, descriptor: int) -> None:
        os.close(descriptor)

    def is_guard(self, name: str) -> bool:
        return False


class GuardLocks:
    """A file beside the path carries the lock: Windows."""

    def __init__(self, lock: Callable[[int], None]) -> None:
        self._lock = lock

    def take(self, path: Path) -> int | None:
        guard = self._guard(path)
        descriptor = os.open(guard, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0), 0o600)
        try:
            self._lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _HELD:
                return None
            raise
        if not os.path.lexists(path):  # the process that held the lock before removed the path
            self.release(path, descriptor)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return descriptor

    def release(self, path: Path, descriptor: int) -> None:
        os.close(descriptor)
        with contextlib.suppress(OSError):  # another process has opened it meanwhile, and removes it
            self._guard(path).unlink(missing_ok=True)

    def is_guard(self, name: str) -> bool:
        return name.endswith(GUARD)

    def _guard(self, path: Path) -> Path:
        return path if self.is_guard(path.name) else path.with_name(path.name + GUARD)


if sys.platform == "win32":
    import msvcrt

    def lock_now(descriptor: int) -> None:
        """Locks an open file; raises OSError at once if another process holds the lock."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    LOCKS: Locks = GuardLocks(lock_now)
else:
    import fcntl

    def lock_now(descriptor: int) -> None:
        """Locks an open file or folder; raises BlockingIOError at once if another process holds the lock."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    LOCKS = PathLocks(lock_now)


def wait_for(descriptor: int, lock: Callable[[int], None] = lock_now) -> None:
    """Locks an open file as soon as no other process holds its lock.

    Raises:
        OSError: it cannot be locked.
    """
    while True:
        try:
            return lock(descriptor)
        except OSError as error:
            if error.errno not in _HELD:
                raise
        time.sleep(_RETRY_S)
