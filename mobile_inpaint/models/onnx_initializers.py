"""The constants of an ONNX file, read without the ``onnx`` package.

The default checkpoint is published as an ONNX file, and reading it must not need an extra. Of the format this takes the
little that stores tensors; everything else is stepped over.

Source: onnx.proto3 (field numbers), protobuf's wire format (tags, varints, lengths).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mobile_inpaint.errors import WeightsError

_GRAPH = 7  # of the model
_NODE, _INITIALIZER = 1, 5  # of the graph
_NODE_INPUT, _NODE_NAME = 1, 3
_DIMS, _DATA_TYPE, _FLOAT_DATA, _NAME, _RAW_DATA, _DATA_LOCATION = 1, 2, 4, 8, 9, 14  # of a tensor
_DTYPES = {1: "<f4", 10: "<f2", 11: "<f8"}
_VARINT, _LENGTH = 0, 2
_FIXED_SIZES = {1: 8, 5: 4}

_Message = dict[int, list[int | memoryview]]
"""Every value of each field, by the field's number: an int for a varint, the bytes for anything else."""


@dataclass(frozen=True)
class Initializer:
    """A constant of the graph.

    Attributes:
        name: the exporter's; a parameter's own name, or an invented one where the exporter computed the constant.
        used_by: the name of the node that first takes it as an input; empty if none does.
        values: of the stored shape, float16, float32 or float64.
    """

    name: str
    used_by: str
    values: NDArray[np.floating]


def read(path: Path) -> list[Initializer]:
    """The floating-point constants of the ONNX file at ``path``, in its order.

    Raises:
        WeightsError: damaged, not ONNX, or its tensors are in another file.
    """
    try:
        model = _parse(memoryview(path.read_bytes()))
        if _GRAPH not in model:
            raise ValueError("it has no graph")
        graph = _parse(_bytes(model[_GRAPH][0]))
        users: dict[str, str] = {}
        for node in map(_parse, map(_bytes, graph.get(_NODE, []))):
            for taken in node.get(_NODE_INPUT, []):
                users.setdefault(_text([taken]), _text(node.get(_NODE_NAME, [])))
        tensors = map(_parse, map(_bytes, graph.get(_INITIALIZER, [])))
        return [_initializer(tensor, users) for tensor in tensors if tensor.get(_DATA_TYPE, [0])[0] in _DTYPES]
    except ValueError as error:
        raise WeightsError(f"{path.name}: not a readable ONNX file ({error}); get it again") from error


def _initializer(tensor: _Message, users: dict[str, str]) -> Initializer:
    name = _text(tensor.get(_NAME, []))
    if tensor.get(_DATA_LOCATION, [0])[0] != 0:
        raise ValueError(f"'{name}' lies in a file beside it")
    shape = [size for value in tensor.get(_DIMS, []) for size in ([value] if isinstance(value, int) else _varints(value))]
    if _RAW_DATA in tensor:
        values = np.frombuffer(_bytes(tensor[_RAW_DATA][0]), _DTYPES[int(tensor[_DATA_TYPE][0])])
    else:
        values = np.frombuffer(b"".join(map(_bytes, tensor.get(_FLOAT_DATA, []))), "<f4")
    if values.size != math.prod(shape):
        raise ValueError(f"'{name}' has {values.size} numbers, not those of shape {shape}")
    return Initializer(name, users.get(name, ""), values.reshape(shape).copy())


def _parse(data: memoryview) -> _Message:
    message: _Message = {}
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        value: int | memoryview
        if kind == _VARINT:
            value, position = _varint(data, position)
        elif kind == _LENGTH or kind in _FIXED_SIZES:
            size, position = _varint(data, position) if kind == _LENGTH else (_FIXED_SIZES[kind], position)
            value, position = data[position : position + size], position + size
            if position > len(data):
                raise ValueError("it is cut off")
        else:
            raise ValueError(f"it is not protobuf at byte {position}")
        message.setdefault(tag >> 3, []).append(value)
    return message


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """The number that begins at ``position``, seven bits a byte, lowest first, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position + shift // 7 >= len(data):
            raise ValueError("it is cut off")
        byte = data[position + shift // 7]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + shift // 7 + 1
    raise ValueError(f"it is not protobuf at byte {position}")


def _varints(data: memoryview) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _varint(data, position)
        yield value


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where bytes belong")
    return value


def _text(values: list[int | memoryview]) -> str:
    return bytes(_bytes(values[-1])).decode() if values else ""
