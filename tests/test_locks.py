"""Locks of every system. The rules of Windows are simulated: no file may be moved or removed while it is open."""

import errno
import fcntl
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mobile_inpaint import files, locks

_DIES = """
import os, signal, sys
from pathlib import Path
from mobile_inpaint import files, locks
files.LOCKS = locks.GuardLocks(locks.lock_now)
folder = Path(sys.argv[1])
with files.private_folder(folder) as stage, files.being_written(folder / "x.bin") as part:
    (stage / "half").write_bytes(b"half")
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
_LIVES = _DIES.replace("os.kill(os.getpid(), signal.SIGKILL)", "print('ready', flush=True); sys.stdin.read()")


def _open_here() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd").iterdir():
        try:
            found.add(str(descriptor.readlink()))
        except OSError:
            continue
    return found


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Guard files, and the rule that an open file or folder can be neither moved nor removed."""
    monkeypatch.setattr(files, "LOCKS", locks.GuardLocks(locks.lock_now))
    for name in ("replace", "rename", "unlink", "rmdir"):
        plain = getattr(Path, name)

        def checked(path: Path, *arguments: object, plain: object = plain, **options: object) -> object:
            if str(path.absolute()) in _open_here():
                raise PermissionError(errno.EACCES, "the file is open", str(path))
            return plain(path, *arguments, **options)  # type: ignore[operator]

        monkeypatch.setattr(Path, name, checked)
    yield


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("name", ["a.txt", "a", "a.guard"])
def test_a_file_is_written_whole_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    files.write_whole(tmp_path / name, "one")
    files.write_whole(tmp_path / name, "two", durable=True)
    assert (tmp_path / name).read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("windows")
def test_a_folder_replaces_another_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with files.private_folder(tmp_path) as private:
        (private / "out").mkdir()
        (private / "out" / "new").write_text("new")
        files.move_into_place(private / "out", tmp_path / "out", private)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


@pytest.mark.usefixtures("windows")
def test_what_a_killed_process_left_is_swept_with_its_guards(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _DIES, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 4
    files.write_whole(tmp_path / "y.bin", b"y")
    assert [path.name for path in tmp_path.iterdir()] == ["y.bin"]


@pytest.mark.usefixtures("windows")
def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LIVES, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        before = sorted(tmp_path.iterdir())
        files.sweep(tmp_path)
        assert sorted(tmp_path.iterdir()) == before
        assert len(before) == 4
        process.communicate(b"")
    assert [path.name for path in tmp_path.iterdir()] == ["x.bin"]


def test_a_lock_is_held_once_and_given_back(tmp_path: Path) -> None:
    guards = locks.GuardLocks(locks.lock_now)
    path = tmp_path / "file"
    path.touch()
    held = guards.take(path)
    assert held is not None
    assert guards.take(path) is None
    guards.release(path, held)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    with pytest.raises(FileNotFoundError):
        guards.take(tmp_path / "nothing")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def _as_on_windows(monkeypatch: pytest.MonkeyPatch, locking: object) -> ModuleType:
    """The module as Windows loads it, over a stand-in for ``msvcrt``."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))  # type: ignore[arg-type]
    spec = importlib.util.spec_from_file_location("locks_of_windows", locks.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_windows_locks_the_first_byte_and_waits_while_another_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, answers = [], [errno.EACCES, errno.EDEADLK, None]

    def locking(descriptor: int, mode: int, count: int) -> None:
        calls.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))
        if (answer := answers.pop(0)) is not None:
            raise OSError(answer, os.strerror(answer))
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    module = _as_on_windows(monkeypatch, locking)
    monkeypatch.setattr(module, "_RETRY_S", 0)
    path = tmp_path / "lock"
    path.write_bytes(b"")
    with path.open("rb") as file:
        file.seek(7)
        module.wait_for(file.fileno())
    assert calls == [(0, 2, 1)] * 3
    assert isinstance(module.LOCKS, module.GuardLocks)
    answers.append(errno.EACCES)
    assert module.LOCKS.take(path) is None
    answers.append(errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        module.LOCKS.take(path)
