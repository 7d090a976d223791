"""A verifier of flatbuffers: everything that a reader of the schema would follow is checked, and decoded on the way.

The ``flatbuffers`` package has none for Python: its readers take each offset for good. Source: the format's description,
https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Table: TypeAlias = dict[str, Any]
"""The fields that a table has, by name: numbers, bytes for text, an array for a vector of numbers, tables, lists of tables."""

_SCALARS = {code: struct.Struct(f"<{code}") for code in "bB?hHiIqQfd"}
_SCALARS["g"] = _SCALARS["i"]
_DTYPES = {code: np.dtype("<i4" if code == "g" else f"<{scalar.format[1:]}") for code, scalar in _SCALARS.items()}
_U16, _I32, _U32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")


class FlatbufferError(ValueError):
    """What is wrong with a file, in one line."""


@dataclass(frozen=True)
class Field:
    """A field of a table.

    Attributes:
        name: the field's own, or its place where the schema gives none.
        kind: a letter of a scalar, ``s`` for text, ``-`` for a field that is no longer read, or the name of a table or union.
        many: whether the field is a vector of them.
        union: whether ``kind`` is that of a union, whose type stands in the field before.
    """

    name: str
    kind: str
    many: bool
    union: bool


@dataclass(frozen=True)
class Schema:
    """Tables by name, and the tables that a union may hold, in the order of their numbers from 1."""

    tables: Mapping[str, tuple[Field, ...]]
    unions: Mapping[str, tuple[str, ...]]


def parse_schema(text: str) -> Schema:
    """The schema written as one line for each table and union; an indented line continues the one before.

    A table's line is ``Name: field field …``, a field ``name=kind`` or ``kind``. A kind is a letter of :mod:`struct` (``g`` for
    an ``i`` that numbers a subgraph), ``s`` for text, ``-`` for a field that is no longer used, a table, or ``<union>``; in
    brackets it is a vector. A union's line is ``<Name>: table table …``.
    """
    tables: dict[str, tuple[Field, ...]] = {}
    unions: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n    ", " ").split("\n"):
        name, _, rest = line.partition(": ")
        if name.startswith("<"):
            unions[name[1:-1]] = tuple(rest.split())
        elif name:
            tables[name] = tuple(_field(i, word) for i, word in enumerate(rest.split()))
    return Schema(tables, unions)


def _field(place: int, word: str) -> Field:
    name, _, kind = word.rpartition("=")
    many, union = kind.startswith("["), kind.startswith("<")
    return Field(name or str(place), kind.strip("[]<>"), many, union)


class Verifier:
    """Follows the offsets of a flatbuffer, and no two to one table, so that it decodes no more than the file holds.

    Tables of numbers alone may be shared, as LiteRT's converter shares its empty buffers; they count each time.

    Args:
        content: the whole file.
        schema: what it should hold.
        most_tables: limit of tables, those of vectors included.
        longest_text: limit of bytes of one text; all texts together may have 512 times as many.
    """

    def __init__(self, content: bytes, schema: Schema, *, most_tables: int, longest_text: int) -> None:
        self._content, self._schema = content, schema
        self._tables_left, self._longest_text, self._text_left = most_tables, longest_text, longest_text * 512
        self._seen: set[int] = set()
        self._leaves: dict[tuple[int, str], Table] = {}

    def root(self, name: str) -> Table:
        """The flatbuffer's own table, decoded, which is a ``name``.

        Raises:
            FlatbufferError: an offset leads out of the file or to a table that was read already; a limit is exceeded.
        """
        return self._table(self._follow(0, name), name)

    def _table(self, position: int, name: str) -> Table:
        self._tables_left -= 1
        if self._tables_left < 0:
            raise FlatbufferError("too many tables")
        if (position, name) in self._leaves:
            return self._leaves[position, name]
        if position in self._seen:
            raise FlatbufferError(f"two offsets lead to one {name} (byte {position})")
        vtable = position - self._number(_I32, position, name)
        if vtable < 4 or vtable % 2:
            raise FlatbufferError(f"a {name} without a table of fields (byte {position})")
        described, size = self._number(_U16, vtable, name), self._number(_U16, vtable + 2, name)
        if described < 4 or described % 2 or size < 4:
            raise FlatbufferError(f"a {name} with a damaged table of fields (byte {vtable})")
        self._span(vtable, described, name)
        self._span(position, size, name)
        found: Table = {}
        fields = self._schema.tables.get(name, ())
        if all(field.kind in _SCALARS or field.kind == "-" for field in fields):
            self._leaves[position, name] = found
        else:
            self._seen.add(position)
        for slot, field in enumerate(fields[: (described - 4) // 2]):
            if field.kind == "-" or not (offset := self._number(_U16, vtable + 4 + 2 * slot, name)):
                continue
            where = f"{name}.{field.name}"
            scalar = None if field.many or field.union else _SCALARS.get(field.kind)
            if offset < 4 or offset + (scalar.size if scalar else 4) > size:
                raise FlatbufferError(f"{where} lies outside its table (byte {position})")
            if scalar:
                found[field.name] = self._number(scalar, position + offset, where)
            elif field.union:
                union_type: int = found.get(fields[slot - 1].name, 0)
                if value := self._union(position + offset, union_type, field.kind, where):
                    found[field.name] = value
            else:
                found[field.name] = self._value(position + offset, field, where)
        return found

    def _value(self, position: int, field: Field, where: str) -> Any:
        if field.kind == "s":
            return self._text(self._follow(position, where), where)
        if not field.many:
            return self._table(self._follow(position, where), field.kind)
        start = self._follow(position, where)
        count = self._number(_U32, start, where)
        if dtype := _DTYPES.get(field.kind):
            self._span(start + 4, count * dtype.itemsize, where)
            return np.frombuffer(self._content, dtype, count, start + 4)
        self._span(start + 4, count * 4, where)
        if count > self._tables_left:
            raise FlatbufferError(f"too many tables in {where}: {count}")
        return [self._table(self._follow(start + 4 + 4 * i, where), field.kind) for i in range(count)]

    def _union(self, position: int, number: int, name: str, where: str) -> Table | None:
        """A union's table with its name under ``kind``; None where the type says that there is none."""
        if number == 0:
            return None
        members = self._schema.unions[name]
        kind = members[number - 1] if number <= len(members) else where  # newer than our schema: its fields are not read
        return {"kind": kind, **self._table(self._follow(position, where), kind)}

    def _text(self, start: int, where: str) -> str:
        length = self._number(_U32, start, where)
        self._span(start + 4, length + 1, where)
        self._text_left -= length
        if length > self._longest_text or self._text_left < 0:
            raise FlatbufferError(f"{where} is a text of {length} bytes, or one of too many")
        content = self._content[start + 4 : start + 5 + length]
        if content[-1]:
            raise FlatbufferError(f"{where} is a text without an end (byte {start})")
        try:
            return content[:-1].decode()
        except UnicodeDecodeError as error:
            raise FlatbufferError(f"{where} is not text in UTF-8 (byte {start + 4 + error.start})") from error

    def _follow(self, position: int, where: str) -> int:
        """Where the offset at ``position`` leads."""
        offset: int = self._number(_U32, position, where)
        if offset < 4:
            raise FlatbufferError(f"{where} has an offset to itself (byte {position})")
        if (position + offset) % 4:
            raise FlatbufferError(f"{where} is not aligned (byte {position + offset})")
        return position + offset

    def _number(self, kind: struct.Struct, position: int, where: str) -> Any:
        if position % min(kind.size, 4):
            raise FlatbufferError(f"{where} is not aligned (byte {position})")
        self._span(position, kind.size, where)
        return kind.unpack_from(self._content, position)[0]

    def _span(self, start: int, length: int, where: str) -> None:
        if start < 0 or start + length > len(self._content):
            raise FlatbufferError(f"{where} leads out of the file (bytes {start} to {start + length})")
