"""What the tests of hostile weights share: pieces of files, and how a file is refused."""

from __future__ import annotations

import json
import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mobile_inpaint.errors import WeightsError

KEY = "encoder.blocks.b8.fromrgb.bias"


def write_safetensors(path: Path, header: object, data: bytes = b"") -> None:
    """A file with this header, right or not; bytes are written as they are."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tensor(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    """What the header says of a tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def pickled_text(text: str) -> bytes:
    """The opcode of a text."""
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def pickled_number(value: int) -> bytes:
    """The opcode of a whole number of any size."""
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def refused(act: Callable[[], object], name: str) -> str:
    """The message: one line that names the file, after little memory."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightsError) as caught:
        act()
    message = str(caught.value)
    assert name in message and message.isprintable() and len(message) < 600, message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000
    return message
