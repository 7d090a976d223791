"""How every verb speaks: results on stdout, ``--json`` as one document; asides.py and progress.py write on stderr."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from mobile_inpaint.cli.asides import Verdict, hint, note, refuse, styled, verdict
from mobile_inpaint.cli.progress import Step, progress, steps
from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import escaped

__all__ = [
    "Json", "Step", "Verdict", "claimed_stdout", "emit", "facts", "hint", "note", "progress", "refuse", "say", "steps", "table",
    "verdict", "write_bytes",
]  # fmt: skip

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


def say(text: str, style: str = "") -> None:
    """Prints the result on stdout, as many lines as it has; characters that a terminal would obey are escaped.

    Args:
        text: the lines.
        style: a key of :data:`STYLES`, for a terminal with colours.
    """
    lines = "\n".join(map(escaped, text.split("\n")))
    print(styled(lines, style, _claimed or sys.stdout), file=_claimed, flush=True)


def write_bytes(data: bytes | memoryview) -> None:
    """Writes a file on stdout, and nothing else may be there."""
    stream = getattr(_claimed or sys.stdout, "buffer", None)
    if stream is None:
        raise MobileInpaintError("standard output takes text alone here; name a file with --out")
    stream.write(data)
    stream.flush()


def emit(document: Any) -> None:
    """Prints ``document`` on stdout as JSON; call it once."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    lines = (_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))
    print("\n".join(lines), file=_claimed, flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Prints ``rows`` under ``columns`` on stdout, as wide as the terminal; numbers stand on the right.

    Piped into another program a row is always one line, without blanks at its end.
    """
    numbers = [all(isinstance(row[at], int | float) for row in rows) for at in range(len(columns))]
    if _is_piped():
        if title:
            _print_plain(title)
        _print_grid([columns, *rows], numbers)
        return
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold", header_style="bold")
    for position, column in enumerate(columns):
        drawn.add_column(column, justify="right" if numbers[position] else "left", overflow="fold")
    _draw(drawn, rows)


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Prints a name and what there is to say about it, a line each, on stdout."""
    if _is_piped():
        _print_grid(pairs, [False, False])
        return
    from rich.table import Table

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    _draw(drawn, pairs)


def _is_piped() -> bool:
    return _claimed is None or not _claimed.isatty()


def _print_plain(text: str) -> None:
    print("\n".join(escaped(line).rstrip() for line in text.split("\n")), file=_claimed, flush=True)


def _print_grid(rows: Sequence[Sequence[object]], numbers: Sequence[bool]) -> None:
    """Columns of text, two blanks apart."""
    cells = [[[escaped(line) for line in str(cell).split("\n")] for cell in row] for row in rows]
    widths = [max((len(line) for row in cells for line in row[at]), default=0) for at in range(len(numbers))]
    lines = []
    for row in cells:
        for line in itertools.zip_longest(*row, fillvalue=""):
            padded = (
                f"{cell:>{width}}" if n else f"{cell:{width}}" for cell, width, n in zip(line, widths, numbers, strict=True)
            )
            lines.append("  ".join(padded).rstrip())
    print("\n".join(lines), file=_claimed, flush=True)


def _draw(table: Table, rows: Sequence[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.text import Text

    named = {"good": "green", "bad": "bold red", "doubtful": "yellow", "hint": "dim", "bold": "bold"}
    for row in rows:
        texts = ("\n".join(map(escaped, str(cell).split("\n"))) for cell in row)
        styles = (named[cell.style] if isinstance(cell, Verdict) else "" for cell in row)
        table.add_row(*(Text(text, style, overflow="fold") for text, style in zip(texts, styles, strict=True)))
    Console(file=_claimed, highlight=False).print(table)
