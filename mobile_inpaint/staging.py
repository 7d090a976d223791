"""A folder in which an artifact is made and proven before anyone can see it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint import files
from mobile_inpaint.errors import ExportError

_RETIRED = "retired"


@dataclass(frozen=True)
class Stage:
    """A private folder on the same disk as ``out``."""

    out: Path
    folder: Path

    def publish(self, *made: Path) -> None:
        """Moves ``made`` into ``out`` under their own names, replacing what was there.

        Signals wait until all is done. What a kill leaves aside, the next process that writes to ``out`` puts back; see
        :func:`~mobile_inpaint.files.move_into_place`.

        Raises:
            ExportError: a name is taken by a folder where a file goes, or the other way round. Nothing has been moved.
        """
        for path in made:
            place = self.out / path.name
            taken = "folder" if place.is_dir() and not place.is_symlink() else "file" if place.is_file() else None
            if taken is not None and (taken == "folder") != path.is_dir():
                raise ExportError(f"{place}: a {taken} of that name is there; move it away, or choose another folder")
        with _signals_wait():
            for path in made:
                files.move_into_place(path, self.out / path.name, self.folder)

    def retire(self, *old: Path) -> None:
        """Takes files and folders out of ``out``, each in one step; they are deleted with the stage."""
        place = self.folder / _RETIRED
        place.mkdir(exist_ok=True)
        for path in old:
            path.rename(place / path.name)


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Stage]:
    """A :class:`Stage` that is gone afterwards, whatever happens; those of processes that were killed go with it.

    Raises:
        ExportError: ``out`` is a file or cannot be written to.
    """
    made = not out.exists()
    try:
        with contextlib.ExitStack() as closing:
            try:
                out.mkdir(parents=True, exist_ok=True)
                folder = closing.enter_context(files.private_folder(out))
            except OSError as error:
                raise ExportError(f"cannot write to the folder '{out}': {error.strerror}; choose another with --out") from error
            yield Stage(out, folder)
    except BaseException:
        if made:
            with contextlib.suppress(OSError):  # not empty
                out.rmdir()
        raise


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
