"""The constants of an ONNX file, read without the ``onnx`` package.

The default checkpoint is published as an ONNX file, and reading it must not need an extra. Of the format this takes the
little that stores tensors; everything else is stepped over.

Source: onnx.proto3 (field numbers).
"""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mobile_inpaint import protobuf
from mobile_inpaint.errors import WeightsError
from mobile_inpaint.protobuf import Budget, Damaged
from mobile_inpaint.quoting import quoted

_GRAPH = 7  # of the model
_NODE, _INITIALIZER = 1, 5  # of the graph
_NODE_INPUT, _NODE_NAME = 1, 3
_DIMS, _DATA_TYPE, _FLOAT_DATA, _NAME, _RAW_DATA, _DATA_LOCATION = 1, 2, 4, 8, 9, 14  # of a tensor
_DTYPES = {1: "<f4", 10: "<f2", 11: "<f8"}
_LARGEST_FILE = 1 << 30
_MOST_DIMENSIONS = 16

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
        size = path.stat().st_size
        if not 0 < size <= _LARGEST_FILE:
            raise Damaged(f"it has {size / 1e9:.1f} GB")
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return _initializers(content, Budget())
    except (ValueError, OSError) as error:
        raise WeightsError(f"{path.name}: not a readable ONNX file ({error}); get it again") from error


def _initializers(content: memoryview, budget: Budget) -> list[Initializer]:
    graphs = [protobuf.message(value) for number, _, value in protobuf.fields(content, budget) if number == _GRAPH]
    if not graphs:
        raise Damaged("it has no graph")
    users: dict[str, str] = {}
    tensors = []
    for number, _, value in protobuf.fields(graphs[0], budget):
        if number == _NODE:
            node = _parse(protobuf.message(value), budget)
            for taken in node.get(_NODE_INPUT, []):
                users.setdefault(protobuf.text(taken), _text(node.get(_NODE_NAME, [])))
        elif number == _INITIALIZER:
            tensors.append(_parse(protobuf.message(value), budget))
    return [_initializer(tensor, users) for tensor in tensors if _number(tensor, _DATA_TYPE) in _DTYPES]


def _initializer(tensor: _Message, users: dict[str, str]) -> Initializer:
    name = _text(tensor.get(_NAME, []))
    if _number(tensor, _DATA_LOCATION) != 0:
        raise Damaged(f"{quoted(name)} lies in a file beside it")
    shape = _shape(name, tensor.get(_DIMS, []))
    if _RAW_DATA in tensor:
        raw = protobuf.message(tensor[_RAW_DATA][-1])
        dtype = np.dtype(_DTYPES[_number(tensor, _DATA_TYPE)])
    else:
        raw = memoryview(b"".join(map(protobuf.message, tensor.get(_FLOAT_DATA, []))))
        dtype = np.dtype("<f4")
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise Damaged(f"{quoted(name)} holds {len(raw):,} bytes, not those of shape {shape}")
    return Initializer(name, users.get(name, ""), np.frombuffer(raw, dtype).reshape(shape).copy())


def _shape(name: str, stored: list[int | memoryview]) -> list[int]:
    """Dimensions, one a field or all in one."""
    shape: list[int] = []
    for value in stored:
        for size in [value] if isinstance(value, int) else protobuf.varints(value):
            shape.append(size)
            if len(shape) > _MOST_DIMENSIONS or size > _LARGEST_FILE:
                raise Damaged(f"{quoted(name)} has dimensions that no weights have")
    return shape


def _parse(data: memoryview, budget: Budget) -> _Message:
    message: _Message = {}
    for number, _, value in protobuf.fields(data, budget):
        message.setdefault(number, []).append(value)
    return message


def _number(message: _Message, field: int) -> int:
    value = message.get(field, [0])[-1]
    if not isinstance(value, int):
        raise Damaged("bytes stand where a number belongs")
    return value


def _text(values: list[int | memoryview]) -> str:
    return protobuf.text(values[-1]) if values else ""
