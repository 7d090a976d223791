"""JSON and TOML from files that nobody has checked: parsed, or refused in one line."""

from __future__ import annotations

import json
import math
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import quoted, shown

LARGEST_BYTES = 16_000_000
"""A document of ours has a thousandth of that; a longer file is not read."""
_LARGEST_TOML = 200_000
"""Characters: reading TOML takes up to two seconds for a million."""
_DEEPEST = 64
_LONGEST_TEXT = 1_000_000
_LARGEST_INTEGER = 2**63 - 1
_DOTTED = re.compile(rf"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_DEEPEST}}}""")
"""A key of more than :data:`_DEEPEST` parts; each character is looked at a few times at most."""


def read_text(path: Path, error: type[MobileInpaintError]) -> str:
    """The UTF-8 text at ``path``.

    A named pipe is refused at once: nobody may ever write to it.

    Raises:
        error: it is no file, cannot be read, is longer than :data:`LARGEST_BYTES`, or is not UTF-8.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise error(f"{path}: cannot be read (a pipe or a device); name a file")
            content = file.read(LARGEST_BYTES + 1)
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror or fault})") from fault
    except ValueError as fault:  # a name with a NUL, out of another file
        raise error(f"{quoted(path.name)}: no file has such a name ({fault})") from fault
    if len(content) > LARGEST_BYTES:
        raise error(f"{path}: longer than {LARGEST_BYTES // 1_000_000} MB; is it the right file?")
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not text in UTF-8 (byte {fault.start}); save it as UTF-8") from fault


def _open_at_once(path: str, flags: int) -> int:
    """Opens like ``os.open``, but does not wait until somebody opens a pipe's other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_toml(path: Path, error: type[MobileInpaintError]) -> dict[str, Any]:
    """The table in the TOML file at ``path``.

    Raises:
        error: see :func:`read_text`; not TOML, or a value outside the limits of :func:`parse_json`.
    """
    return parse_toml(read_text(path, error), str(path), error)


def parse_toml(text: str, where: str, error: type[MobileInpaintError]) -> dict[str, Any]:
    """The table that ``text`` is; ``where`` opens the message.

    Raises:
        error: longer than 200,000 characters, not TOML, or a value outside the limits of :func:`parse_json`.
    """
    if len(text) > _LARGEST_TOML:
        raise error(f"{where}: longer than {_LARGEST_TOML // 1000} kB; is it the right file?")
    if _DOTTED.search(text):  # for tomllib the time grows with the cube of a key's length
        raise error(f"{where}: nested deeper than {_DEEPEST}")
    table: dict[str, Any] = _checked(tomllib.loads, text, where, "TOML", error)
    return table


def read_json(path: Path, error: type[MobileInpaintError], *, finite: bool = True) -> Any:
    """The document in the JSON file at ``path``.

    Raises:
        error: see :func:`read_text` and :func:`parse_json`.
    """
    return parse_json(read_text(path, error), path.name, error, finite=finite)


def parse_json(text: str | bytes, where: str, error: type[MobileInpaintError], *, finite: bool = True) -> Any:
    """The document that ``text`` is.

    Args:
        text: JSON; NaN and infinities are not.
        where: the file's name, to open the message with.
        error: the class to raise.
        finite: whether a number too large for a float is a fault; otherwise it is an infinity, for
            :func:`mobile_inpaint.schema.load` to judge by its key.

    Raises:
        error: not JSON; nested deeper than 64; an integer outside 64 bits; a number too large for a float; text with half of a
            surrogate pair, or longer than a million characters.
    """
    return _checked(lambda source: json.loads(source, parse_constant=_refuse), text, where, "JSON", error, finite=finite)


def _checked(
    parse: Callable[[Any], Any],
    text: str | bytes,
    where: str,
    kind: str,
    error: type[MobileInpaintError],
    *,
    finite: bool = True,
) -> Any:
    try:
        document = parse(text)
        fault = next(_faults(document, finite=finite), None)
    except RecursionError as problem:
        raise error(f"{where}: nested deeper than {_DEEPEST}") from problem
    except ValueError as problem:  # also what the decoder of digits and of UTF-8 raises
        raise error(f"{where}: not {kind} ({shown(problem)})") from problem
    if fault is not None:
        raise error(f"{where}: {fault}")
    return document


def _faults(document: object, *, finite: bool) -> Iterator[str]:
    """What no document of ours holds, without recursion: the nesting is what may be at fault."""
    left: list[tuple[object, int]] = [(document, 0)]
    while left:
        value, depth = left.pop()
        if depth > _DEEPEST:
            yield f"nested deeper than {_DEEPEST}"
            return
        if isinstance(value, dict):
            left.extend((key, depth + 1) for key in value)
            left.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            left.extend((item, depth + 1) for item in value)
        elif isinstance(value, str):
            if len(value) > _LONGEST_TEXT:
                yield f"a text of {len(value)} characters"
            elif any("\ud800" <= letter <= "\udfff" for letter in value):
                yield f"{quoted(value)} is not text: half of a surrogate pair stands alone"
        elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            yield f"{quoted(value)} is larger than 64 bits hold"
        elif finite and isinstance(value, float) and not math.isfinite(value):
            yield f"a number that is {'not a number' if math.isnan(value) else 'larger than a float holds'}"


def _refuse(constant: str) -> None:
    """NaN and infinities are no JSON."""
    raise ValueError(f"{constant} is not JSON")
