"""names.json: texts, and whether each is the plain name of a file."""

from __future__ import annotations

from typing import Any

from mobile_inpaint.files import is_plain_name

_NAMES = (
    "toy.onnx", "a", "a b.onnx", ".hidden", "...", "a..b", "..a", "a.", "-rf", "~", "%2e%2e", "a%2fb", "a?b", "a#b",
    "Zoë.onnx", "😀", "x" * 255, "ë" * 127 + "x", "ab:c", "http:a", "con", "a'b\"c", "*", "", ".", "..", "/", "\\", "/a",
    "a/", "a/b", "../a", "a/../b", "./a", "a\\b", "..\\a", "\\a", "C:", "C:a", "z:a", "C:\\a", "C:/a", "\\\\host\\a",
    "//host/a", "http://a/b", "file:///a", "a\n", "\na", "a\x00", "\x1b[2J", "a\x7f", "a\x85", "a\xa0", "a\xad", "a\u200b",
    "\u202ea", "a\u2028", "a\u3000b", "\ue000", "\U000e0001", "\ufeffa", "x" * 256, "ë" * 128, "😀" * 64,
)  # fmt: skip


def document() -> dict[str, list[Any]]:
    """All of the file."""
    return {"names": [{"name": name, "plain": is_plain_name(name)} for name in _NAMES]}
