from __future__ import annotations

import pytest

from mobile_inpaint.errors import CheckpointNotFound, UnsupportedPrecision
from mobile_inpaint.quoting import escaped, listed, shown


def test_a_name_that_is_not_there_is_one_readable_line() -> None:
    message = str(CheckpointNotFound("\x1b[2J\n" + "n" * 5_000, [f"checkpoint-{i}" for i in range(5_000)]))
    assert message.isprintable() and len(message) < 2_000
    assert message.startswith("unknown checkpoint '\\x1b[2J\\nnnn") and message.endswith("and 4940 more")
    assert str(CheckpointNotFound("a", [])) == "unknown checkpoint 'a': there are none"
    assert str(CheckpointNotFound("a", ["b", "c"])) == "unknown checkpoint 'a': there are b, c"
    assert str(UnsupportedPrecision("onnx", "\ud800", ["fp32"])).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\tb\nc", "a b c"), ("\x1b[2J", "\\x1b[2J"), ("\udcff", "\\udcff"), ("x" * 100, "x" * 79 + "…"), ("ä", "ä")],
)
def test_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_escaped_leaves_nothing_that_a_terminal_obeys() -> None:
    assert escaped("".join(map(chr, [*range(0x3000), *range(0xD800, 0x10000), 0x10FFFF]))).isprintable()


def test_listed_says_how_many_more_there_are() -> None:
    assert listed([]) == "none"
    assert listed(map(str, range(100))).endswith("58, 59 and 40 more")
