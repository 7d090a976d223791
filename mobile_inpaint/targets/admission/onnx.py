"""Whether an ONNX file is harmless: its protobuf walked by ourselves, before any package builds objects of it.

Source: onnx-ml.proto of onnx 1.23 (field numbers; what a tensor's data are stored in).
"""

from __future__ import annotations

import mmap
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from mobile_inpaint import protobuf
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.protobuf import Damaged
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.admission.onnx_tensor import (
    Beside,
    Refused,
    bits_of,
    check_tensor,
    dimensions,
    implied_bytes,
    too_large,
)

_Kind: TypeAlias = str
_INT, _FLOAT, _NAME, _NOTE, _BYTES, _INTS, _FLOATS, _SKIPPED, _REFUSED = (
    "an integer", "a float", "a name", "a note", "bytes", "integers", "floats", "skipped", "refused",
)  # fmt: skip
_WIRES = {
    _INT: (protobuf.VARINT,),
    _FLOAT: (protobuf.FIXED32,),
    _INTS: (protobuf.VARINT, protobuf.LENGTH),
    _FLOATS: (protobuf.FIXED32, protobuf.LENGTH),
}
"""How a kind of field is stored; all others are bytes with a length."""
_MESSAGES: dict[str, dict[int, _Kind]] = {
    "model": {
        1: _INT, 2: _NAME, 3: _NAME, 4: _NAME, 5: _INT, 6: _NOTE, 7: "graph", 8: "opset", 14: "pair", 20: "training",
        25: "function", 26: _REFUSED,
    },
    "opset": {1: _NAME, 2: _INT},
    "pair": {1: _NAME, 2: _NOTE},
    "training": {1: "graph", 2: "graph", 3: "pair", 4: "pair"},
    "graph": {
        1: "node", 2: _NAME, 5: "tensor", 10: _NOTE, 11: "value", 12: "value", 13: "value", 14: "annotation",
        15: _REFUSED, 16: "pair",
    },
    "annotation": {1: _NAME, 2: "pair"},
    "node": {1: _NAME, 2: _NAME, 3: _NAME, 4: _NAME, 5: "attribute", 6: _NOTE, 7: _NAME, 8: _NAME, 9: "pair", 10: _REFUSED},
    "attribute": {
        1: _NAME, 2: _FLOAT, 3: _INT, 4: _BYTES, 5: "tensor", 6: "graph", 7: _FLOATS, 8: _INTS, 9: _BYTES, 10: "tensor",
        11: "graph", 13: _NOTE, 14: "type", 15: "type", 20: _INT, 21: _NAME, 22: _REFUSED, 23: _REFUSED,
    },
    "function": {
        1: _NAME, 4: _NAME, 5: _NAME, 6: _NAME, 7: "node", 8: _NOTE, 9: "opset", 10: _NAME, 11: "attribute", 12: "value",
        13: _NAME, 14: "pair",
    },
    "value": {1: _NAME, 2: "type", 3: _NOTE, 4: "pair"},
    "type": {1: "array", 4: "sequence", 5: "map", 6: _NAME, 7: "opaque", 8: "array", 9: "sequence"},
    "array": {1: _INT, 2: "shape"},
    "sequence": {1: "type"},
    "map": {1: _INT, 2: "type"},
    "opaque": {1: _NAME, 2: _NAME},
    "shape": {1: "dimension"},
    "dimension": {1: _INT, 2: _NAME, 3: _NAME},
}  # fmt: skip
"""The fields of each message. An unknown one is kept as bytes by every reader, and so does no harm."""
_ONCE = {
    "model": {7}, "training": {1, 2}, "attribute": {5, 6, 14}, "value": {2}, "type": {1, 4, 5, 7, 8, 9}, "array": {2},
    "sequence": {1}, "map": {2},
}  # fmt: skip
"""Messages that may stand there once: protobuf merges a second one into the first, so neither would be what is checked here."""
_DEEPER = ("graph", "type")

_Call: TypeAlias = tuple[str, str]
"""The domain and the name of an operation."""

_admitted: set[tuple[object, ...]] = set()
"""The last file that was let through, as the system describes it: a command opens a file several times."""


def check(path: Path) -> None:
    """Returns where the ONNX file at ``path`` may be read.

    Raises:
        ManifestError: see :func:`bytes_beside`.
    """
    bytes_beside(path)


def bytes_beside(path: Path) -> int:
    """The size of the files beside the ONNX file at ``path`` in which its tensors lie, where it may be read.

    Raises:
        ManifestError: damaged; larger than the limits; its tensors lie outside its folder, or hold more or less than they
            declare; sparse tensors.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Refused("not a file; an ONNX model is one")
        if not found.st_size:
            raise Damaged("it is empty")
        if found.st_size > limits.LARGEST_FILE:
            raise Refused(f"{found.st_size / 1e9:.1f} GB, and at most {limits.LARGEST_FILE / 1e9:.1f} GB are read")
        same = (path.absolute(), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if same in _admitted:
            return 0
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        walk = _Walk(path.parent)
        walk.model(content)
        _admitted.clear()
        if not walk.bytes_beside:
            _admitted.add(same)
        return walk.bytes_beside
    except Damaged as error:
        raise ManifestError(f"{path.name}: not an ONNX file ({error}); get it again") from error
    except Refused as error:
        raise ManifestError(f"{path.name}: {error}") from error
    except OSError as error:
        raise ManifestError(f"{path.name}: cannot be read ({error.strerror or error})") from error


class _Walk:
    """One look at a file; what is counted, is counted over the whole of it."""

    def __init__(self, folder: Path) -> None:
        self._budget = protobuf.Budget()
        self._beside = Beside(folder)
        self._nodes = self._tensors = self._numbers = 0
        self._calls = Counter[_Call]()
        """What is called in the graph or function that is being looked at."""

    @property
    def bytes_beside(self) -> int:
        """The size of the files in which tensors lie, all together."""
        return self._beside.bytes

    def model(self, content: memoryview) -> None:
        """Looks at the whole file."""
        functions: dict[_Call, Counter[_Call]] = {}
        graphs: list[memoryview] = []
        for number, _, value in self._fields("model", content):
            if number == 25:
                self._calls = Counter()
                self._message("function", protobuf.message(value), 0)
                functions.setdefault(self._name_of(protobuf.message(value)), Counter()).update(self._calls)
            elif number == 7:
                graphs.append(protobuf.message(value))
            elif (kind := _MESSAGES["model"].get(number, _SKIPPED)) in _MESSAGES:
                self._message(kind, protobuf.message(value), 0)
        if not graphs:
            raise Damaged("it has no graph")
        self._calls = Counter()
        self._message("graph", graphs[0], 1)
        self._inputs(graphs[0])
        _check_calls(self._calls, functions)

    def _message(self, name: str, content: memoryview, depth: int) -> None:
        """Looks at a message and at all that is inside it."""
        left = [(name, content, depth)]
        while left:
            name, content, depth = left.pop()
            if depth > limits.DEEPEST:
                raise Refused(f"graphs or types inside each other, deeper than {limits.DEEPEST}")
            if name == "node":
                self._node(content)
            elif name == "value":
                self._count_tensor()
                self._value(content)
            for number, _, value in self._fields(name, content):
                kind = _MESSAGES[name].get(number, _SKIPPED)
                if kind == "tensor":
                    self._count_tensor()
                    check_tensor(protobuf.message(value), self._budget, self._beside)
                elif kind in _MESSAGES:
                    left.append((kind, protobuf.message(value), depth + (kind in _DEEPER)))

    def _fields(self, name: str, content: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
        """The fields of one message, each of the kind that it must be."""
        kinds, once = _MESSAGES[name], _ONCE.get(name, set())
        seen = set[int]()
        for number, wire, value in protobuf.fields(content, self._budget):
            kind = kinds.get(number, _SKIPPED)
            if kind == _REFUSED:
                raise Refused("it holds sparse tensors or is divided among devices, which is not read; save it dense and whole")
            if kind != _SKIPPED:
                if wire not in _WIRES.get(kind, (protobuf.LENGTH,)):
                    raise Damaged(f"field {number} of a {name} is not {kind}")
                if number in once and (number in seen or (name == "type" and seen & once)):
                    raise Damaged(f"a {name} holds field {number} more than once")
                seen.add(number)
                self._plain(kind, value)
            yield number, wire, value

    def _plain(self, kind: _Kind, value: int | memoryview) -> None:
        if kind in (_NAME, _NOTE):
            if kind == _NAME and len(protobuf.message(value)) > limits.LONGEST_TEXT:
                raise Refused(f"a name of {len(protobuf.message(value)):,} bytes; at most {limits.LONGEST_TEXT:,} are read")
            protobuf.text(value)
        elif kind in (_INTS, _FLOATS):
            if isinstance(value, int):
                self._numbers += 1
            elif kind == _INTS:
                self._numbers += protobuf.count_varints(value)
            elif len(value) % 4:
                raise Damaged("floats are cut off")
            else:
                self._numbers += len(value) // 4
            if self._numbers > limits.MOST_NUMBERS:
                raise Refused(f"more than {limits.MOST_NUMBERS:,} numbers in attributes")

    def _node(self, content: memoryview) -> None:
        self._nodes += 1
        if self._nodes > limits.MOST_NODES:
            raise Refused(f"more than {limits.MOST_NODES:,} operations")
        kind = domain = ""
        for number, _, value in protobuf.fields(content, self._budget):
            if number == 4:
                kind = protobuf.text(value)
            elif number == 7:
                domain = protobuf.text(value)
        self._calls[domain, kind] += 1

    def _value(self, content: memoryview) -> int:
        """The bytes that a declared tensor takes; free dimensions count once."""
        name, size = "", 0
        for number, _, value in protobuf.fields(content, self._budget):
            if number == 1:
                name = protobuf.text(value)
            elif number == 2:
                size = self._declared(protobuf.message(value))
        if size > limits.LARGEST_TENSOR:
            raise too_large(quoted(name), size, limits.LARGEST_TENSOR)
        return size

    def _declared(self, content: memoryview) -> int:
        """What the tensor of a type takes; 0 where the type is not a tensor."""
        kind, sides = 0, list[int]()
        for number, _, array in protobuf.fields(content, self._budget):
            if number != 1:
                continue
            for part, _, value in protobuf.fields(protobuf.message(array), self._budget):
                if part == 1 and isinstance(value, int):
                    kind = value
                elif part == 2:
                    sides = self._sides(protobuf.message(value))
        return implied_bytes(sides, bits_of(kind) if kind else 0)

    def _sides(self, shape: memoryview) -> list[int]:
        sides = []
        for number, _, dimension in protobuf.fields(shape, self._budget):
            if number == 1:
                declared = [v for n, _, v in protobuf.fields(protobuf.message(dimension), self._budget) if n == 1]
                sides.append(protobuf.signed(declared[-1]) if declared and isinstance(declared[-1], int) else 1)
        return dimensions(max(side, 0) for side in sides)  # a side of -1 is a free one to many exporters

    def _inputs(self, graph: memoryview) -> None:
        """What has to be given to the file, all together; in old files constants are listed as inputs too."""
        constants, sizes = set[str](), dict[str, int]()
        for number, _, value in protobuf.fields(graph, self._budget):
            if number == 5:
                constants.add(self._text_of(protobuf.message(value), 8))
            elif number == 11:
                sizes[self._text_of(protobuf.message(value), 1)] = self._value(protobuf.message(value))
        total = sum(size for name, size in sizes.items() if name not in constants)
        if total > limits.LARGEST_INPUTS:
            raise too_large("its inputs", total, limits.LARGEST_INPUTS)

    def _text_of(self, content: memoryview, field: int) -> str:
        texts = [value for number, _, value in protobuf.fields(content, self._budget) if number == field]
        return protobuf.text(texts[-1]) if texts else ""

    def _name_of(self, function: memoryview) -> _Call:
        return self._text_of(function, 10), self._text_of(function, 1)

    def _count_tensor(self) -> None:
        self._tensors += 1
        if self._tensors > limits.MOST_TENSORS:
            raise Refused(f"more than {limits.MOST_TENSORS:,} tensors")


def _check_calls(graph: Counter[_Call], functions: dict[_Call, Counter[_Call]]) -> None:
    """Bounds what is left when each call of a function is replaced by what the function does, as runtimes do.

    Ten functions that call the one before them ten times each are ten billion operations.
    """
    sizes: dict[_Call, int] = {}
    waiting: list[_Call] = list(functions)
    opened = set[_Call]()
    while waiting:
        name = waiting[-1]
        if name in sizes:
            waiting.pop()
            continue
        needed = [call for call in functions[name] if call in functions and call not in sizes]
        if needed and name in opened:
            raise Refused(f"the function {quoted(name[1])} calls itself")
        if needed:
            opened.add(name)
            waiting.extend(needed)
            continue
        sizes[name] = min(_size(functions[name], sizes.get), limits.MOST_NODES + 1)
        waiting.pop()
    if _size(graph, sizes.get) > limits.MOST_NODES:
        raise Refused(f"more than {limits.MOST_NODES:,} operations, those of functions counted for each call")


def _size(calls: Counter[_Call], size_of: Callable[[_Call, int], int]) -> int:
    return sum(times * size_of(call, 1) for call, times in calls.items())
