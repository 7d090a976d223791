"""How every verb speaks: results on stdout, asides on stderr, ``--json`` as one document, a bar for long work."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import escaped

if TYPE_CHECKING:
    from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
"""The annotation of a verb's ``json`` parameter."""

_claimed: TextIO | None = None
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""What commands a terminal, turns the direction of text, or is half a character: text out of files may hold it."""


@contextmanager
def claimed_stdout() -> Iterator[None]:
    """Inside, only :func:`say`, :func:`emit` and :func:`table` reach stdout.

    Converters print to file descriptor 1 from Python and from C++; inside, that descriptor is stderr.
    """
    global _claimed
    python_stdout = sys.stdout
    python_stdout.flush()
    descriptor = os.dup(1)
    if python_stdout is sys.__stdout__:
        _claimed = open(os.dup(descriptor), "w", encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115
    else:  # a test's, or a notebook's: not file descriptor 1 at all
        _claimed = python_stdout
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = python_stdout
        os.dup2(descriptor, 1)
        os.close(descriptor)
        claimed, _claimed = _claimed, None
        if claimed is not python_stdout:
            with suppress(BrokenPipeError):  # the reader left, as head does
                claimed.close()


def say(text: str) -> None:
    """Prints the result on stdout, as many lines as it has; characters that a terminal would obey are escaped."""
    print("\n".join(map(escaped, text.split("\n"))), file=_claimed, flush=True)


def write_bytes(data: bytes | memoryview) -> None:
    """Writes a file on stdout, and nothing else may be there."""
    stream = getattr(_claimed or sys.stdout, "buffer", None)
    if stream is None:
        raise MobileInpaintError("standard output takes text alone here; name a file with --out")
    stream.write(data)
    stream.flush()


def note(text: str) -> None:
    """Prints one line on stderr: a hint, a step, an error; characters that a terminal would obey are escaped.

    It never raises: the line is not worth what was done before it.
    """
    line = escaped(" ".join(text.split()))
    with suppress(OSError, ValueError):  # nobody reads any more, or the stream is closed
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)


def emit(document: Any) -> None:
    """Prints ``document`` on stdout as JSON; call it once."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    lines = (_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))
    print("\n".join(lines), file=_claimed, flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Prints ``rows`` under ``columns`` on stdout, as wide as the terminal; numbers stand on the right.

    Piped into another program a row is always one line.
    """
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold", header_style="bold")
    for position, column in enumerate(columns):
        numbers = all(isinstance(row[position], int | float) for row in rows)
        drawn.add_column(column, justify="right" if numbers else "left", overflow="fold", no_wrap=_is_piped())
    _print(drawn, rows)


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Prints a name and what there is to say about it, a line each, on stdout."""
    from rich.table import Table

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold", no_wrap=_is_piped())
    _print(drawn, pairs)


def _is_piped() -> bool:
    return _claimed is None or not _claimed.isatty()


def _print(table: Table, rows: Sequence[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.markup import escape

    for row in rows:
        table.add_row(*(escape(escaped(str(cell))) for cell in row))
    Console(file=_claimed, width=10_000 if _is_piped() else None, highlight=False).print(table)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A callback ``advance(done, total)`` that draws a bar on stderr once the work has lasted a second.

    Nothing is drawn where stderr is not a terminal. ``total`` is None while nobody knows it.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    # drawn when something is done and not by a clock of its own, which would disturb what bench measures
    bar = Progress(console=Console(stderr=True), transient=True, auto_refresh=False)
    task = bar.add_task(label, total=None)
    started = time.monotonic()

    def advance(done: int, total: int | None) -> None:
        bar.update(task, completed=done, total=total, refresh=bar.live.is_started)
        if not bar.live.is_started and time.monotonic() - started > 1:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A callback ``step(what)`` that shows on stderr, behind a spinner, what long work is doing right now.

    Nothing is drawn where stderr is not a terminal. The spinner has a descriptor of its own, because converters are silenced by
    sending descriptor 2 elsewhere.
    """
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    from rich.console import Console
    from rich.markup import escape

    with (
        os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace") as terminal,
        Console(file=terminal, force_terminal=True).status("starting") as status,
    ):
        yield lambda what: status.update(escape(what))
