"""Lines on stderr, and colours for those who want them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mobile_inpaint.quoting import escaped


def note(text: str) -> None:
    """Prints one line on stderr: a hint, a step; characters that a terminal would obey are escaped.

    It never raises: the line is not worth what was done before it.
    """
    _print_aside("", text, "")


def hint(text: str) -> None:
    """Prints on stderr what to do next, after work that succeeded."""
    _print_aside("next: ", text, "hint")


def refuse(program: str, text: str) -> None:
    """Prints on stderr the one line of a failure."""
    _print_aside(f"{program}: ", text, "bad")


def _print_aside(start: str, text: str, style: str) -> None:
    line = escaped(" ".join(text.split()))
    with suppress(OSError, ValueError):  # nobody reads any more, or the stream is closed
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        printable = line.encode(encoding, "backslashreplace").decode(encoding)
        print(styled(start, style, sys.stderr) + printable, file=sys.stderr, flush=True)


STYLES = {"good": "32", "bad": "1;31", "doubtful": "33", "hint": "2", "bold": "1"}
"""Colours, as a terminal is told them."""


@dataclass(frozen=True)
class Verdict:
    """A cell of a table with a colour, one of :data:`STYLES`."""

    text: str
    style: str

    def __str__(self) -> str:
        return self.text


def verdict(text: str, passed: bool | None) -> Verdict:
    """``text`` in green if ``passed``, in red if not, in yellow if nobody knows."""
    return Verdict(text, "doubtful" if passed is None else "good" if passed else "bad")


def styled(text: str, style: str, stream: Any) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and text and _has_colours(stream) else text


def _has_colours(stream: Any) -> bool:
    """Whether ``stream`` is a terminal with colours that the user wants; see https://no-color.org."""
    try:
        return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False
