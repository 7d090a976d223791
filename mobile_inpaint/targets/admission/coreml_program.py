"""A Core ML program as protobuf, walked within limits; see :mod:`~mobile_inpaint.targets.admission.coreml`."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mobile_inpaint import protobuf
from mobile_inpaint.files import is_plain_name
from mobile_inpaint.protobuf import Damaged
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits


class Refused(ValueError):
    """What a package is that we do not read, in words."""


Fields: TypeAlias = dict[int, list[int | memoryview]]

_MESSAGES = 64
"""Levels of messages inside messages."""
_OPERATIONS = 20_000
"""coremltools takes a millisecond for each."""
_COMPUTED = 16 << 30
"""Bytes of all tensors that are computed, none of them reused."""
_SMALL = 4096
"""Elements of a constant that is computed with while the program is loaded."""
_REPEATED = 8
"""How often the bytes of a program's weights may be read on average."""
_IMMEDIATE = 1 << 24
"""Bytes of all values that stand in the program itself."""
_BITS = {1: 8, 10: 16, 11: 32, 12: 64, 13: 16, 21: 8, 22: 16, 23: 32, 24: 64, 25: 4, 31: 8, 32: 16, 33: 32, 34: 64}
_BITS |= {35: 4, 36: 2, 37: 1, 38: 6, 39: 3, 40: 8, 41: 8}
_STRING = 2
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KINDS = range(200, 10_000)
"""The fields of a model that hold the network, one for each kind of it."""
_PROGRAM = 502
_OF_SHAPES = frozenset(
    [
        "abs",
        "add",
        "cast",
        "ceil",
        "concat",
        "equal",
        "expand_dims",
        "floor",
        "floor_div",
        "gather",
        "gather_along_axis",
        "greater",
        "greater_equal",
        "identity",
        "less",
        "less_equal",
        "logical_and",
        "logical_not",
        "logical_or",
        "maximum",
        "minimum",
        "mod",
        "mul",
        "not_equal",
        "real_div",
        "reduce_max",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
        "reshape",
        "round",
        "select",
        "shape",
        "slice_by_index",
        "slice_by_size",
        "split",
        "squeeze",
        "stack",
        "sub",
    ]
)
"""Operations that may read nothing but constants: coremltools evaluates them, and their results are no larger than that."""
_SOURCES = frozenset(("make_list", "random_bernoulli", "random_categorical", "random_normal", "random_uniform"))
"""Operations that read constants, and yet are not evaluated then."""
_Known: TypeAlias = dict[str, int]
"""The tensors that are computed so far: elements of a constant, _VARIABLE for any other."""
_VARIABLE = -1


class Blobs:
    """Files of weights in ``folder``: where their blobs lie and how long they are."""

    _SENTINEL = 0xDEADBEEF
    _RECORD = struct.Struct("<IIQQ")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}
        self.read = 0

    @property
    def size(self) -> int:
        """Bytes of all files that were asked for."""
        return sum(self._sizes.values())

    def check(self, name: str, offset: int, needed: int) -> None:
        """Checks that the blob at ``offset`` of the file that a program calls ``name`` has ``needed`` bytes.

        Raises:
            Damaged: it has not, or lies outside its file.
            Refused: ``name`` is not one of the package's own files.
        """
        last = name.rpartition("/")[2]  # as coremltools does; the folder before it is always the package's own
        if not is_plain_name(last):
            raise Refused(f"its weights are in {quoted(name)}, which is no file of the package")
        path = self._folder / last
        if last not in self._sizes:
            if not path.is_file():
                raise Damaged(f"{quoted(last)} with weights is missing")
            self._sizes[last] = path.stat().st_size
        whole = self._sizes[last]
        if offset % 64 or offset < 64 or offset + 64 > whole:
            raise Damaged(f"weights at byte {offset} of {quoted(last)}, which has {whole}")
        with path.open("rb") as file:
            file.seek(offset)
            sentinel, _, size, start = self._RECORD.unpack(file.read(self._RECORD.size))
        if sentinel != self._SENTINEL:
            raise Damaged(f"no weights begin at byte {offset} of {quoted(last)}")
        if start + size > whole:
            raise Damaged(f"weights at byte {offset} lead out of {quoted(last)}")
        if size != needed:
            raise Damaged(f"weights at byte {offset} of {quoted(last)} have {size} bytes; {needed} are needed")
        self.read += size


@dataclass(frozen=True)
class _Type:
    """A tensor's declared type.

    Attributes:
        shape: -1 is a free dimension.
        bits: of an element; 0 for text.
    """

    shape: tuple[int, ...] = ()
    bits: int = 0

    @property
    def elements(self) -> int:
        return math.prod(1 if side < 0 else side for side in self.shape)

    @property
    def bytes(self) -> int:
        return -(-self.elements * self.bits // 8)


def check_model(content: bytes, blobs: Blobs) -> None:
    """Checks the whole of a ``model.mlmodel``.

    Raises:
        Damaged: not protobuf, or a program that says two things.
        Refused: not a program, or one beyond the limits.
    """
    _Walk(blobs).model(memoryview(content))
    if blobs.read > _REPEATED * blobs.size + (1 << 20):
        raise Refused(f"its constants share weights: {blobs.read >> 20} MiB of them in {blobs.size >> 20} MiB")


class _Walk:
    """One look at a program; what is counted, is counted over the whole of it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._budget = protobuf.Budget()
        self._operations = self._tensors = self._computed = self._immediate = 0

    def model(self, data: memoryview) -> None:
        found = self._fields(data, 0, {1, 2, _PROGRAM})
        kinds = [number for number in found if number in _KINDS]
        if kinds != [_PROGRAM]:
            raise Refused("not a Core ML program but an older kind of model; convert it to an mlprogram")
        for text in (value for value in found.get(2, []) if not isinstance(value, int)):
            if len(text) > 1 << 22:
                raise Refused(f"its description has {len(text) >> 20} MiB")
        (program,) = found[_PROGRAM]
        names = []
        for name, function in self._entries(self._fields(protobuf.message(program), 1, {1}).get(2, []), 1):
            names.append(name)
            self._function(function, 3)
        if "main" not in names:
            raise Damaged("its program has no function main")

    def _function(self, data: memoryview, level: int) -> None:
        found = self._fields(data, level, {2})
        inputs = [self._named(value, level + 1) for value in found.get(1, [])]
        for _, declared in inputs:
            if len(declared.shape) == 4 and any(side > limits.LARGEST_SIDE for side in declared.shape[1:]):
                shape = "x".join(map(str, declared.shape))
                raise Refused(f"an input of {shape}; {limits.LARGEST_SIDE} is the longest side of an image")
        if sum(declared.bytes for _, declared in inputs) > limits.LARGEST_INPUTS:
            raise Refused(f"its inputs take more than {limits.LARGEST_INPUTS >> 20} MiB")
        opset, blocks = _text(found, 2), self._entries(found.get(3, []), level)
        if [name for name, _ in blocks] != [opset]:
            raise Damaged(f"a function for {quoted(opset)} has blocks for {quoted([name for name, _ in blocks])}")
        self._block(blocks[0][1], level + 2, {name: _VARIABLE for name, _ in inputs}, 1)

    def _block(self, data: memoryview, level: int, outer: _Known, depth: int) -> None:
        """Checks a block; ``outer`` are the tensors that are known before it."""
        if depth > limits.DEEPEST:
            raise Refused(f"its blocks are nested deeper than {limits.DEEPEST}")
        found, known = self._fields(data, level, set()), dict(outer) if depth > 1 else outer
        for value in found.get(1, []):
            known[self._named(value, level + 1)[0]] = _VARIABLE
        for value in found.get(3, []):
            self._operation(protobuf.message(value), level + 1, known, depth)
        for value in found.get(2, []):
            if (name := protobuf.text(value)) not in known:
                raise Damaged(f"nothing computes {quoted(name)}")

    def _operation(self, data: memoryview, level: int, known: _Known, depth: int) -> None:
        self._operations += 1
        if self._operations > _OPERATIONS:
            raise Refused(f"more than {_OPERATIONS} operations")
        found = self._fields(data, level, {1})
        kind = _text(found, 1)
        if not _TYPE.fullmatch(kind):
            raise Damaged(f"an operation of type {quoted(kind)}")
        held = [self._value(value, level + 2) for _, value in self._entries(found.get(5, []), level)]
        read = self._inputs(found.get(2, []), kind, level, known)
        constant = _VARIABLE not in read
        evaluated = constant and kind not in _SOURCES
        if kind.startswith("const"):
            if not evaluated:
                raise Damaged(f"a {kind} reads what is no constant")
        elif evaluated and (kind not in _OF_SHAPES or max(read, default=0) > _SMALL):
            raise Refused(f"an operation of type {quoted(kind)} computes with constants alone; convert the model again, folded")
        for value in found.get(4, []):
            self._block(protobuf.message(value), level + 1, known, depth + 1)
        for value in found.get(3, []):
            name, declared = self._named(value, level + 1)
            elements = max((declared.elements, *(one.elements for one in held)) if kind == "const" else (declared.elements,))
            known[name] = elements if evaluated or kind == "shape" else _VARIABLE
            if not kind.startswith("const"):
                self._computed += declared.bytes
        if self._computed > _COMPUTED:
            raise Refused(f"its tensors take more than {_COMPUTED >> 30} GiB")

    def _inputs(self, entries: list[int | memoryview], kind: str, level: int, known: _Known) -> list[int]:
        """What an operation reads, as ``known`` has it; of values in the operation itself, their elements."""
        read = []
        for _, argument in self._entries(entries, level):
            for binding in self._fields(argument, level + 2, set()).get(1, []):
                bound = self._fields(protobuf.message(binding), level + 3, {1, 2})
                if 2 in bound:
                    read.append(self._value(protobuf.message(bound[2][0]), level + 4).elements)
                elif (name := _text(bound, 1)) in known:
                    read.append(known[name])
                else:
                    raise Damaged(f"an operation of type {quoted(kind)} reads {quoted(name)}, which nothing has computed")
        return read

    def _named(self, value: int | memoryview, level: int) -> tuple[str, _Type]:
        self._tensors += 1
        if self._tensors > limits.MOST_TENSORS:
            raise Refused(f"more than {limits.MOST_TENSORS} tensors")
        found = self._fields(protobuf.message(value), level, {1, 2})
        name = _text(found, 1)
        if len(name) > limits.LONGEST_TEXT:
            raise Refused(f"a name of {len(name)} characters")
        return name, self._type(protobuf.message(found.get(2, [memoryview(b"")])[0]), level + 1)

    def _type(self, data: memoryview, level: int) -> _Type:
        found = self._fields(data, level, {1, 2, 3, 4, 5})
        if 1 in found:
            return self._tensor(protobuf.message(found[1][0]), level + 1)
        for number, inner in ((2, {1}), (3, {1}), (4, {1, 2}), (5, {1})):  # a list, a tuple, a dictionary, a state: of types
            for value in found.get(number, []):
                parts = self._fields(protobuf.message(value), level + 1, set() if number == 3 else inner)
                types = [self._type(protobuf.message(part), level + 2) for place in inner for part in parts.get(place, [])]
                if number == 5 and types:
                    return types[0]
        return _Type()

    def _tensor(self, data: memoryview, level: int) -> _Type:
        found = self._fields(data, level, {1, 2})
        kind, rank = (_number(found, place) for place in (1, 2))
        if kind not in _BITS and kind != _STRING:
            raise Damaged(f"a tensor of type {kind}, which is unknown")
        shape = []
        for dimension in found.get(3, []):
            parts = self._fields(protobuf.message(dimension), level + 1, {1, 2})
            constant = self._fields(protobuf.message(parts[1][0]), level + 2, {1}) if 1 in parts else None
            shape.append(-1 if constant is None else _number(constant, 1))
        if rank != len(shape) or rank > limits.MOST_DIMENSIONS or any(side >= limits.LARGEST_DIMENSION for side in shape):
            raise Damaged(f"a tensor of {rank} dimensions has the shape {quoted(shape)}")
        declared = _Type(tuple(shape), _BITS.get(kind, 0))
        if declared.bytes > limits.LARGEST_TENSOR:
            raise Refused(
                f"a tensor of {quoted(shape)} takes {declared.bytes >> 20} MiB; the limit is {limits.LARGEST_TENSOR >> 20}"
            )
        return declared

    def _value(self, data: memoryview, level: int) -> _Type:
        """Checks a value and returns its type; of one that is no tensor, that of a single element."""
        found = self._fields(data, level, {2, 3, 5})
        declared = self._type(protobuf.message(found.get(2, [memoryview(b"")])[0]), level + 1)
        if 5 in found:
            blob = self._fields(protobuf.message(found[5][0]), level + 1, {1, 2})
            self._blobs.check(_text(blob, 1), _number(blob, 2), declared.bytes)
        for value in found.get(3, []):
            for number, rows in self._fields(protobuf.message(value), level + 1, {1, 2, 3, 4}).items():
                for row in rows:
                    self._immediate_value(protobuf.message(row), number, declared, level + 2)
        return declared

    def _immediate_value(self, data: memoryview, number: int, declared: _Type, level: int) -> None:
        """Checks a value that stands in the program: a tensor (1), or a tuple, a list or a dictionary of values."""
        if number != 1:
            for inner in self._fields(data, level, set()).get(1, []):
                parts = [inner]
                if number == 4:
                    pair = self._fields(protobuf.message(inner), level + 1, {1, 2})
                    parts = [*pair.get(1, []), *pair.get(2, [])]
                for part in parts:
                    self._value(protobuf.message(part), level + 2)
            return
        self._immediate += len(data)
        if self._immediate > _IMMEDIATE:
            raise Refused(f"more than {_IMMEDIATE >> 20} MiB of values in the program itself; store them as weights")
        stored = 0
        for kind, rows in self._fields(data, level, set(range(1, 8))).items():
            for row in rows:
                for value in self._fields(protobuf.message(row), level + 1, set()).get(1, []):
                    stored += _stored(kind, value, declared)
        if stored != declared.elements:
            raise Damaged(f"a constant of {quoted(list(declared.shape))} has {stored} values")

    def _fields(self, data: memoryview, level: int, once: set[int]) -> Fields:
        """The fields of a message by number; protobuf merges two of those that may stand there ``once``, which is refused."""
        if level > _MESSAGES:
            raise Refused(f"its messages are nested deeper than {_MESSAGES}")
        found: Fields = {}
        for number, _, value in protobuf.fields(data, self._budget):
            found.setdefault(number, []).append(value)
        if doubled := [number for number in once if len(found.get(number, ())) > 1]:
            raise Damaged(f"it says field {doubled[0]} of a message twice")
        return found

    def _entries(self, values: list[int | memoryview], level: int) -> list[tuple[str, memoryview]]:
        """The entries of a map, each key once."""
        entries = {}
        for value in values:
            found = self._fields(protobuf.message(value), level + 1, {1, 2})
            key = _text(found, 1)
            if key in entries:
                raise Damaged(f"it says {quoted(key)} twice")
            entries[key] = protobuf.message(found.get(2, [memoryview(b"")])[0])
        return list(entries.items())


def _stored(kind: int, value: int | memoryview, declared: _Type) -> int:
    """How many elements a field of a tensor's values holds: floats, ints, bools, texts, long ints, doubles or packed bytes."""
    if isinstance(value, int) or kind == 4:
        return 1
    if kind == 7:  # elements of fewer than 8 bits are packed, and the last byte may be filled up
        return declared.elements if len(value) == declared.bytes else len(value) * 8 // max(declared.bits, 1) + 1
    if kind in (1, 6):
        return len(value) // (4 if kind == 1 else 8)
    return protobuf.count_varints(value)


def _text(found: Fields, number: int) -> str:
    return protobuf.text(found[number][0]) if number in found else ""


def _number(found: Fields, number: int) -> int:
    value = found[number][0] if number in found else 0
    if not isinstance(value, int):
        raise Damaged("bytes stand where a number belongs")
    return value
