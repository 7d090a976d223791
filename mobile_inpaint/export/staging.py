"""A folder in which an artifact is made and proven before anyone can see it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import ExportError

_PREFIX = ".mobile-inpaint-"
_ASIDE = "replaced"


@dataclass(frozen=True)
class Stage:
    """A private folder on the same disk as ``out``."""

    out: Path
    folder: Path

    def publish(self, *files: Path) -> None:
        """Moves ``files`` into ``out`` under their own names, replacing what was there.

        A file is replaced in one step. A folder cannot be, so the old one is moved aside first; signals wait until all is done,
        and what a kill leaves aside the next :func:`staging` puts back.
        """
        aside = self.folder / _ASIDE
        aside.mkdir()
        with _signals_wait():
            for file in files:
                place = self.out / file.name
                if place.is_dir():
                    place.rename(aside / file.name)
                file.replace(place)


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Stage]:
    """A :class:`Stage` that is gone afterwards, whatever happens; those of processes that were killed go with it.

    Raises:
        ExportError: ``out`` is a file or cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=out))
    except OSError as error:
        raise ExportError(f"cannot write to the folder '{out}': {error.strerror}; choose another with --out") from error
    try:
        yield Stage(out, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(out: Path) -> None:
    for folder in out.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            for artifact in (folder / _ASIDE).glob("*"):
                if not (out / artifact.name).exists():
                    artifact.rename(out / artifact.name)
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
