"""How a message shows text that nobody has checked: on one line, short, and without characters that a terminal obeys."""

from __future__ import annotations

import math
from collections.abc import Iterable

_LONGEST_QUOTE = 80
_MOST_NAMES, _LONGEST_LIST = 60, 1500


def quoted(value: object) -> str:
    """``value`` as a message shows it: as Python writes it, at most 80 characters of it, control characters escaped."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"a number of {int(value.bit_length() * math.log10(2)) + 1} digits"
    if isinstance(value, str):
        return _cut(repr(value[: _LONGEST_QUOTE + 1]))  # escaping never makes text shorter
    try:
        return _cut(repr(value))
    except (RecursionError, ValueError):
        return f"a {type(value).__name__}"


def shown(text: object) -> str:
    """``text``, such as another library's error, as a message shows it: on one line, at most 80 characters, escaped."""
    return _cut(escaped(" ".join(str(text)[: 4 * _LONGEST_QUOTE].split())))


def escaped(text: str) -> str:
    """``text`` with every character that does not print (control characters, half surrogates) as Python escapes it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def listed(names: Iterable[str]) -> str:
    """``names`` with commas between; of very many the first, and how many more there are."""
    kept, length, left = list[str](), 0, 0
    for name in names:
        length += len(name)
        if len(kept) < _MOST_NAMES and length < _LONGEST_LIST:
            kept.append(shown(name))
        else:
            left += 1
    return (", ".join(kept) + (f" and {left} more" if left else "")) or "none"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
