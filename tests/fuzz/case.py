"""What a reader hands to the harness: the files of a case, the command that reads them, and how to judge its answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Judge = Callable[["Outcome"], str | None]
"""Says what is wrong with an outcome; None where it is right."""


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes:
        code: its exit code.
        out, err: what stood on stdout and stderr, native libraries' lines included.
    """

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """Where a case lives; all folders are the worker's own.

    Attributes:
        box: gets the case's files, and what the command writes; empty at first.
        outside: files that no command may read or write; the command runs in its folder ``cwd``.
        home: the user's, with the store of checkpoints; empty at first.
        seed: of the case.
    """

    box: Path
    outside: Path
    home: Path
    seed: int = 0


def right(_: Outcome) -> str | None:
    """For commands whose answer says nothing wrong, whatever it is."""
    return None


@dataclass(frozen=True)
class Case:
    """A command on damaged files.

    Attributes:
        arguments: of ``mobile-inpaint``.
        judge: of a command that ended by itself; the harness judges exit 1, its message, time, memory and files.
        writes: names in the box that the command may make or change, as patterns of :meth:`pathlib.PurePath.match`.
        sweeps: names that it may remove even where it refuses.
        undamaged: the files are good: the command must exit 0.
        speaks: it may exit 1 after it printed a result, as ``lint`` does when it finds an error.
        seconds: CPU time that it may take.
        call: what to call instead of ``cli.main(arguments)``; it returns the exit code.
    """

    arguments: list[str]
    judge: Judge = right
    writes: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = ()
    undamaged: bool = False
    speaks: bool = False
    seconds: float = 2.0
    call: Callable[[list[str]], int] | None = None


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Attributes:
        name: of the reader, as ``--reader`` takes it.
        make: writes the files of a case into the place; the same for the same random generator.
        warm_up: imports what the commands need, so that each worker need not.
    """

    name: str
    make: Callable[[random.Random, Place], Case]
    warm_up: Callable[[], None]
