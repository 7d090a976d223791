"""What a TFLite file must be before LiteRT, or the code that its schema was compiled to, reads it."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.admission.flatbuffer import FlatbufferError, Table, Verifier
from mobile_inpaint.targets.admission.tflite_schema import SCHEMA

_IDENTIFIER = b"TFL3"
_SUBGRAPHS, _CODES, _METADATA, _SIGNATURES = 1_000, 10_000, 1_000, 1_000
"""The most of each."""
_TABLES = 250_000
"""The most tables: of each operation and its parameters, each tensor, its quantization and its buffer."""
_INDICES = 2_000_000
"""The most numbers in all vectors of shapes and of tensors' numbers."""
_REPEATED = 8
"""How often the bytes of a file's constants may be read on average, because tensors share them."""
_COMPUTED = 16 << 30
"""Bytes of all tensors that are computed, none of them reused."""

_BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16}
_BITS |= {17: 4, 18: 16, 19: 2, 20: 4, 21: 8, 22: 8}
"""Bits of an element, by the number that the schema gives its type."""
_TEXT, _HANDLES = 5, (13, 14)


def check(path: Path) -> None:
    """Refuses a TFLite file that could crash a reader, or make it take more time or memory than a network needs.

    Raises:
        ManifestError: what is wrong with the file at ``path``.
    """
    read_checked(path)


def read_checked(path: Path) -> bytes:
    """The content of the file at ``path``, once it is checked.

    Raises:
        ManifestError: see :func:`check`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ManifestError(f"{path.name}: not a file; give the .tflite file's own path")
        if status.st_size > limits.LARGEST_FILE:
            raise ManifestError(f"{path.name}: {status.st_size >> 20} MiB; {limits.LARGEST_FILE >> 20} MiB is the limit")
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path.name}: cannot be read ({error.strerror or error})") from error
    if content[4:8] != _IDENTIFIER:
        raise ManifestError(f"{path.name}: not a TFLite file")
    try:
        verifier = Verifier(content, SCHEMA, most_tables=_TABLES, longest_text=limits.LONGEST_TEXT)
        _Model(verifier.root("Model"), content)
    except FlatbufferError as error:
        raise ManifestError(f"{path.name}: a damaged TFLite file ({error})") from error
    return content


def _refuse(what: str) -> NoReturn:
    raise FlatbufferError(what)


@dataclass(frozen=True)
class _Tensor:
    """What the checks of the graph ask of a tensor."""

    constant: bool
    empty: bool
    variable: bool


class _Model:
    """Checks a decoded file; the whole work is done when it is made."""

    def __init__(self, model: Table, content: bytes) -> None:
        self._content = content
        self._constants = self._computed = self._indices = self._tensors = self._operators = 0
        self._codes = self._list(model, "operator_codes", _CODES)
        self._subgraphs = self._list(model, "subgraphs", _SUBGRAPHS)
        if not self._subgraphs:
            _refuse("it holds no graph")
        if model.get("external_buffers") or model.get("external_buffer_groups"):
            _refuse("it keeps values in other files, which is not supported; store them in the file")
        for code in self._codes:
            if max(code.get("builtin_code", 0), code.get("deprecated_builtin_code", 0)) < 0:
                _refuse("an operation of a negative number")
        self._buffers: Sequence[Table] = model.get("buffers", [])
        self._sizes = [self._size(i, buffer) for i, buffer in enumerate(self._buffers)]
        if not self._sizes:
            _refuse("it has no buffers")
        calls = [self._subgraph(i, graph) for i, graph in enumerate(self._subgraphs)]
        _refuse_recursion(calls)
        for i in model.get("metadata_buffer", ()):
            self._in_range(int(i), self._sizes, "metadata_buffer")
        for entry in self._list(model, "metadata", _METADATA):
            self._in_range(entry.get("buffer", 0), self._sizes, "the buffer of an entry of the metadata")
            if "name" not in entry:
                _refuse("an entry of the metadata without a name")
        for signature in self._list(model, "signature_defs", _SIGNATURES):
            self._signature(signature)
        if self._constants > _REPEATED * len(content) + (1 << 20):
            _refuse(f"its tensors share constants: {self._constants >> 20} MiB of them in a file of {len(content) >> 20} MiB")
        if self._computed > _COMPUTED:
            _refuse(f"its tensors take {self._computed >> 30} GiB; {_COMPUTED >> 30} GiB is the limit")

    @staticmethod
    def _list(table: Table, name: str, most: int) -> Sequence[Table]:
        found: Sequence[Table] = table.get(name, [])
        if len(found) > most:
            _refuse(f"{len(found)} {name}; {most} is the limit")
        return found

    @staticmethod
    def _in_range(index: int, items: Sequence[Any], what: str) -> None:
        if not 0 <= index < len(items):
            _refuse(f"{what} is {index} of {len(items)}")

    def _size(self, number: int, buffer: Table) -> int:
        """Bytes in a buffer; of those behind the flatbuffer, once their place is checked."""
        inside, offset, size = len(buffer.get("data", ())), buffer.get("offset", 0), buffer.get("size", 0)
        if offset > 1 or size:
            if inside:
                _refuse(f"buffer {number} has values both inside and behind the flatbuffer")
            if offset < 8 or offset + size > len(self._content):
                _refuse(f"buffer {number} leads out of the file (bytes {offset} to {offset + size})")
        return inside or int(size)

    def _data(self, number: int) -> bytes:
        buffer = self._buffers[number]
        start = buffer.get("offset", 0)
        return self._content[start : start + buffer["size"]] if start > 1 else buffer["data"].tobytes()

    def _count(self, row: Any) -> list[int]:
        self._indices += len(row)
        if self._indices > _INDICES:
            _refuse(f"more than {_INDICES} dimensions and inputs")
        return [int(number) for number in row]

    def _subgraph(self, number: int, graph: Table) -> set[int]:
        """Checks a graph and returns the numbers of those that its operations call."""
        rows, operators = graph.get("tensors", []), graph.get("operators", [])
        self._tensors += len(rows)
        self._operators += len(operators)
        for found, most, what in (
            (self._tensors, limits.MOST_TENSORS, "tensors"),
            (self._operators, limits.MOST_NODES, "operations"),
        ):
            if found > most:
                _refuse(f"{found} {what}; {most} is the limit")
        tensors = [self._tensor(i, row) for i, row in enumerate(rows)]
        inputs, outputs = self._count(graph.get("inputs", ())), self._count(graph.get("outputs", ()))
        for index in (*inputs, *outputs):
            self._in_range(index, tensors, f"an input or output of graph {number}")
        for index in inputs:
            shape = rows[index].get("shape", ())
            if len(shape) == 4 and any(side > limits.LARGEST_SIDE for side in shape[1:]):
                _refuse(f"an input of {_by(shape)}; {limits.LARGEST_SIDE} is the longest side of an image")
        known = {i for i, tensor in enumerate(tensors) if tensor.constant or tensor.empty or tensor.variable} | set(inputs)
        written = {i for i, tensor in enumerate(tensors) if tensor.constant} | set(inputs)
        calls: set[int] = set()
        for place, operator in enumerate(operators):
            where = f"operation {place} of graph {number}"
            self._operator(operator, where, tensors, known, written)
            calls.update(self._calls(operator, where))
        if missing := set(outputs) - known:
            _refuse(f"nothing computes output {min(missing)} of graph {number}")
        return calls

    def _operator(self, operator: Table, where: str, tensors: Sequence[_Tensor], known: set[int], written: set[int]) -> None:
        """Checks what an operation reads and writes; each tensor is written once, before it is read."""
        self._in_range(operator.get("opcode_index", 0), self._codes, f"the code of {where}")
        reads, writes = self._count(operator.get("inputs", ())), self._count(operator.get("outputs", ()))
        for index in (*reads, *self._count(operator.get("intermediates", ()))):
            if index != -1:
                self._in_range(index, tensors, f"an input of {where}")
        for index in reads:
            if index != -1 and index not in known:
                _refuse(f"{where} reads tensor {index}, which nothing has computed")
        for index in writes:
            self._in_range(index, tensors, f"an output of {where}")
            if index in written:
                _refuse(f"{where} writes tensor {index}, which has its values already")
            known.add(index)
            written.add(index)
        start, size = operator.get("large_custom_options_offset", 0), operator.get("large_custom_options_size", 0)
        if start + size > len(self._content):
            _refuse(f"the options of {where} lead out of the file")

    def _calls(self, operator: Table, where: str) -> Iterator[int]:
        for options in (operator.get("builtin_options"), operator.get("builtin_options2")):
            if options is None:
                continue
            for field in SCHEMA.tables.get(options["kind"], ()):
                if field.kind == "g":
                    called = options.get(field.name, 0)
                    for index in called if field.many else (called,):
                        self._in_range(int(index), self._subgraphs, f"the graph that {where} calls")
                        yield int(index)

    def _tensor(self, number: int, tensor: Table) -> _Tensor:
        where = f"tensor {quoted(tensor.get('name', ''))} ({number})"
        kind, shape = tensor.get("type", 0), self._count(tensor.get("shape", ()))
        if kind not in _BITS and kind != _TEXT and kind not in _HANDLES:
            _refuse(f"{where} is of type {kind}, which is unknown")
        self._in_range(tensor.get("buffer", 0), self._sizes, f"the buffer of {where}")
        if tensor.get("sparsity") is not None:
            _refuse(f"{where} is sparse, which is not supported; store it dense")
        if tensor.get("external_buffer", 0):
            _refuse(f"{where} is in another file, which is not supported")
        signature = self._count(tensor.get("shape_signature", ()))
        if len(shape) > limits.MOST_DIMENSIONS or any(not 0 <= side < limits.LARGEST_DIMENSION for side in shape):
            _refuse(f"{where} has the shape {quoted(shape)}")
        if signature and (
            len(signature) != len(shape) or any(free not in (-1, side) for free, side in zip(signature, shape, strict=True))
        ):
            _refuse(f"{where} has the shape {quoted(shape)} and says {quoted(signature)}")
        self._quantization(tensor.get("quantization", {}), shape, where)
        elements, stored = math.prod(shape), self._sizes[tensor.get("buffer", 0)]
        needed = -(-elements * _BITS.get(kind, 0) // 8)
        if needed > limits.LARGEST_TENSOR:
            _refuse(f"{where} of {_by(shape)} takes {needed >> 20} MiB; {limits.LARGEST_TENSOR >> 20} MiB is the limit")
        if stored and kind in _BITS and stored != needed:
            _refuse(f"{where} of {_by(shape)} has {stored} bytes; {needed} are needed")
        if stored and kind == _TEXT:
            self._texts(tensor["buffer"], elements, where)
        if stored:
            self._constants += stored
        else:
            self._computed += needed
        return _Tensor(stored > 0, elements == 0, tensor.get("is_variable", False))

    def _texts(self, buffer: int, elements: int, where: str) -> None:
        """Checks texts as LiteRT stores them: how many, where each begins and the last one ends, then their bytes."""
        data = self._data(buffer)
        count = int.from_bytes(data[:4], "little")
        bounds = np.frombuffer(data, "<i4", count + 1, 4) if 4 * (count + 2) <= len(data) else np.empty(0, np.int32)
        if (
            count != elements
            or not bounds.size
            or bounds[0] != 4 * (count + 2)
            or bounds[-1] != len(data)
            or (np.diff(bounds) < 0).any()
        ):
            _refuse(f"{where} holds {elements} texts that lead out of their buffer")

    @staticmethod
    def _quantization(quantization: Table, shape: Sequence[int], where: str) -> None:
        scales, zeros = quantization.get("scale", ()), quantization.get("zero_point", ())
        axis = quantization.get("quantized_dimension", 0)
        if len(zeros) not in (0, 1, len(scales)):
            _refuse(f"{where} has {len(scales)} scales and {len(zeros)} zero points")
        if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
            _refuse(f"{where} of {_by(shape)} has {len(scales)} scales along dimension {axis}")
        if len(scales) and not np.isfinite(scales).all():
            _refuse(f"{where} has a scale that is no number")

    def _signature(self, signature: Table) -> None:
        index = signature.get("subgraph_index", 0)
        self._in_range(index, self._subgraphs, "the graph of a signature")
        graph = self._subgraphs[index]
        for kind in ("inputs", "outputs"):
            rows, ends = signature.get(kind, []), {int(i) for i in graph.get(kind, ())}
            names = [row.get("name") for row in rows]
            if None in names or len(set(names)) != len(names):
                _refuse(f"a signature's {kind} bear no names, or one name twice")
            for row in rows:
                if row.get("tensor_index", 0) not in ends:
                    _refuse(
                        f"a signature's {quoted(row['name'])} is tensor {row.get('tensor_index', 0)}, not one of the {kind}"
                    )


def _refuse_recursion(calls: Sequence[set[int]]) -> None:
    """Refuses graphs that call themselves, by way of others too, or that are nested too deep."""
    depth: dict[int, int] = {}
    left = set(range(len(calls)))
    for level in range(limits.DEEPEST + 1):
        depth |= {index: level for index in left if calls[index] <= depth.keys()}
        left -= depth.keys()
        if not left:
            return
    _refuse(f"graphs that call themselves, or are nested deeper than {limits.DEEPEST}")


def _by(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape) or "one value"
