"""Protobuf's wire format, walked field by field: in a time and a memory that the bytes bound, whatever they say.

Nothing is copied, nothing is nested, and a budget bounds the number of fields. Model files of unknown origin are looked at with
this before a package builds objects of them.

Source: protobuf's encoding (tags, varints, lengths).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
MOST_FIELDS = 400_000
"""Of a whole file; MI-GAN has 23,000, some counted twice."""


class Damaged(ValueError):
    """Bytes that are no message."""


class Budget:
    """How many fields may still be read."""

    def __init__(self, fields: int = MOST_FIELDS) -> None:
        self.most = self.left = fields

    def spend(self) -> None:
        """Counts one field.

        Raises:
            Damaged: it is one too many.
        """
        self.left -= 1
        if self.left < 0:
            raise Damaged(f"it holds more than {self.most:,} fields")


def fields(data: memoryview, budget: Budget) -> Iterator[tuple[int, int, int | memoryview]]:
    """Every field of the message ``data``: its number, its wire type and its value, an int for a varint and bytes otherwise.

    Raises:
        Damaged: cut off, not protobuf, a group, or more fields than ``budget`` allows.
    """
    position, end = 0, len(data)
    while position < end:
        budget.spend()
        start = position
        tag, position = varint(data, position)
        number, kind = tag >> 3, tag & 7
        if number == 0 or number >= 1 << 29:
            raise Damaged(f"it is not protobuf at byte {start}")
        if kind == VARINT:
            value, position = varint(data, position)
            yield number, kind, value
            continue
        if kind == LENGTH:
            size, position = varint(data, position)
        elif kind in _FIXED_SIZES:
            size = _FIXED_SIZES[kind]
        else:
            raise Damaged(f"it is not protobuf at byte {start}")
        if size > end - position:
            raise Damaged("it is cut off")
        yield number, kind, data[position : position + size]
        position += size


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """The number that begins at ``position``, seven bits a byte, lowest first, and the position after it.

    Raises:
        Damaged: cut off, or longer than 64 bits.
    """
    value = shift = 0
    try:
        while True:
            byte = data[position]
            position += 1
            if byte < 0x80:
                value |= byte << shift
                break
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise Damaged(f"it is not protobuf at byte {position}")
    except IndexError:
        raise Damaged("it is cut off") from None
    if value >= 1 << 64:
        raise Damaged(f"it is not protobuf at byte {position}")
    return value, position


def count_varints(data: memoryview) -> int:
    """How many numbers are packed into ``data``.

    Raises:
        Damaged: the last one is cut off.
    """
    if not data:
        return 0
    if data[-1] >= 0x80:
        raise Damaged("it is cut off")
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) < 0x80))


def varints(data: memoryview) -> Iterator[int]:
    """The numbers that are packed into ``data``.

    Raises:
        Damaged: see :func:`varint`.
    """
    position = 0
    while position < len(data):
        value, position = varint(data, position)
        yield value


def signed(value: int) -> int:
    """A varint as the 64-bit integer with a sign that it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def text(value: int | memoryview) -> str:
    """A field's bytes as text.

    Raises:
        Damaged: a number, or not UTF-8.
    """
    if isinstance(value, int):
        raise Damaged("a number stands where text belongs")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise Damaged("a name in it is not text in UTF-8") from error


def message(value: int | memoryview) -> memoryview:
    """A field's bytes as those of a message.

    Raises:
        Damaged: a number.
    """
    if isinstance(value, int):
        raise Damaged("a number stands where bytes belong")
    return value
