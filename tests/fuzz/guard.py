"""What a command must not touch: files outside its own folder, other processes, the network."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from pathlib import Path
from typing import Any

_OPENED = 0x20  # inotify's IN_OPEN
_FOLDER = 0x40000000  # inotify's IN_ISDIR
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir": 1, "os.rename": 2, "os.remove": 1, "os.rmdir": 1, "os.symlink": 2, "os.link": 2, "os.truncate": 1,
    "os.chmod": 1, "os.chown": 1, "os.utime": 1, "shutil.rmtree": 1, "shutil.move": 2,
}  # fmt: skip
"""Events of Python's audit hook, and how many of their arguments are paths."""
_FORBIDDEN = ("os.system", "os.exec", "os.spawn", "os.posix_spawn", "socket.connect", "socket.getaddrinfo", "socket.bind")

Snapshot = dict[str, tuple[int, int, int, str]]


def snapshot(folder: Path) -> Snapshot:
    """Kind, size, time of change and target of each file below ``folder``, by its path from there."""
    found: Snapshot = {}
    left = [str(folder)]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                is_folder = stat.S_ISDIR(status.st_mode)
                target = str(Path(entry.path).readlink()) if stat.S_ISLNK(status.st_mode) else ""
                size, changed = (0, 0) if is_folder else (status.st_size, status.st_mtime_ns)
                found[os.path.relpath(entry.path, folder)] = (stat.S_IFMT(status.st_mode), size, changed, target)
                if is_folder:
                    left.append(entry.path)
    return found


class Guard:
    """Notes what Python code does outside ``allowed`` while :attr:`armed`; one a process, for a hook cannot be removed."""

    def __init__(self, *allowed: Path) -> None:
        self._allowed = (*(f"{path}/" for path in allowed), "/dev/", "/proc/")
        self.seen: list[str] = []
        self.armed = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & _WRITING) if isinstance(flags, int) and flags else any(c in (mode or "") for c in "wax+")
            if writes:
                self._check(event, path)
        elif event in _CHANGES:
            for path in arguments[: _CHANGES[event]]:
                self._check(event, path)
        elif event in _FORBIDDEN:
            self.seen.append(f"{event} {str(arguments)[:200]}")

    def _check(self, event: str, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):  # a descriptor that is open already
            return
        name = os.path.normpath(Path.cwd() / os.fsdecode(path))
        if not f"{name}/".startswith(self._allowed):
            self.seen.append(f"{event} {name}")


class Opened:
    """Names of files in one folder and its folders that anything opened, C++ code included."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(each), _OPENED)

    def names(self) -> list[str]:
        """Since the last call."""
        names = []
        try:
            while data := os.read(self._descriptor, 1 << 16):
                while data:
                    _, mask, _, length = struct.unpack_from("iIII", data)
                    if not mask & _FOLDER:
                        names.append(data[16 : 16 + length].rstrip(b"\0").decode(errors="replace"))
                    data = data[16 + length :]
        except BlockingIOError:
            pass
        return names
