"""What a model file asks of a machine: the arithmetic that each of its operations does, and the bytes that it moves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mobile_inpaint.errors import BenchError
from mobile_inpaint.targets.graph import Graph, Op

BILINEAR = 7
"""Operations on each value that bilinear resizing makes: three interpolations between two values, one of a pair less."""

_PER_VALUE = {
    "add": 1, "sub": 1, "mul": 1, "div": 1, "relu": 1, "leakyrelu": 1, "clip": 2, "relu0to1": 2, "relu6": 2,
    "resizebilinear": BILINEAR,
}  # fmt: skip
_POOLS = {"maxpool", "averagepool", "maxpool2d", "averagepool2d"}
_MOVES_ONLY = {
    "concat", "concatenation", "pad", "padv2", "transpose", "slice", "cast", "resizenearestneighbor", "depthtospace",
}  # fmt: skip
_CONVOLUTIONS = {"conv", "conv2d", "depthwiseconv2d"}
_TRANSPOSED = {"convtranspose", "transposeconv"}
_BETWEEN_TYPES = {"quantizelinear", "dequantizelinear", "quantize", "dequantize"}


@dataclass(frozen=True)
class Work:
    """Of one operation, done by itself: it reads its inputs from memory and writes its outputs there.

    Attributes:
        name: the operation's in the file.
        kind: ``1×1 convolution``, ``depthwise convolution``, ``convolution``, ``resizing`` (pooling too), ``pointwise`` or
            ``moving``.
        operations: multiplications and additions, each counted.
        bytes: read and written, weights included, each value in the type that the file keeps it in.
    """

    name: str
    kind: str
    operations: int
    bytes: int


def work(graph: Graph) -> tuple[Work, ...]:
    """The work of each operation in an ONNX or TFLite graph, in the order in which they run.

    An ONNX operation between DequantizeLinear and QuantizeLinear counts as one on integers, as runtimes run it; the two
    themselves are no work. Changes of type at a TFLite graph's ends move bytes.

    Raises:
        BenchError: an operation that is not counted yet, or a tensor whose shape the file leaves open.
    """
    sizes = _bytes_per_value(graph)
    steps = (op for op in graph.run if op.type not in ("QuantizeLinear", "DequantizeLinear"))
    return tuple(_work(graph, op, sizes) for op in steps)


def _work(graph: Graph, op: Op, sizes: dict[str, int]) -> Work:
    word = op.type.replace("_", "").lower()
    values = _values(graph, op.outputs[0])
    moved = sum(sizes[name] * _values(graph, name) for name in (*op.inputs, *op.outputs) if name in sizes)
    if word in _CONVOLUTIONS:
        weight, channels = graph.tensors[op.inputs[1]].shape, _shape(graph, op.outputs[0])[1 if graph.format == "onnx" else -1]
        per_value = math.prod(side or 0 for side in weight or ()) // channels
        area = math.prod(_kernel(op, weight or (), graph.format))
        kind = "1×1 convolution" if area == 1 else "depthwise convolution" if per_value == area else "convolution"
        return Work(op.name, kind, 2 * per_value * values, moved)
    if word in _TRANSPOSED:
        weight, read = (_shape(graph, op.inputs[1]), _shape(graph, op.inputs[0 if graph.format == "onnx" else 2]))
        positions = math.prod(read) // read[1 if graph.format == "onnx" else -1]
        return Work(op.name, "convolution", 2 * math.prod(weight) * positions, moved)
    if word in _POOLS:
        sides = op.attributes.get("kernel_shape") or (op.attributes["filter_height"], op.attributes["filter_width"])
        return Work(op.name, "resizing", math.prod(sides) * values, moved)
    if word == "resize":
        word = "resizebilinear" if op.attributes["mode"] == "linear" else "resizenearestneighbor"
    if word in _PER_VALUE:
        return Work(op.name, "resizing" if "resize" in word else "pointwise", _PER_VALUE[word] * values, moved)
    if word in _MOVES_ONLY | _BETWEEN_TYPES:
        return Work(op.name, "resizing" if "resize" in word else "moving", 0, moved)
    raise BenchError(f"{op.type} ({op.name}): what it computes is not counted yet")


def _kernel(op: Op, weight: tuple[int | None, ...], format: str) -> tuple[int, int]:
    """Height and width: OIHW in ONNX, OHWI in TFLite."""
    height, width = weight[2:4] if format == "onnx" else weight[1:3]
    return height or 0, width or 0


def _bytes_per_value(graph: Graph) -> dict[str, int]:
    """By tensor: what one value takes in memory; a tensor between ONNX's quantizing operations takes what its integers do."""
    sizes = {tensor.name: np.dtype(tensor.dtype).itemsize for tensor in graph.tensors.values() if tensor.dtype in np.sctypeDict}
    for op in graph.ops:
        if op.type == "DequantizeLinear":
            sizes[op.outputs[0]] = sizes[op.inputs[0]]
    for op in graph.ops:
        if op.type == "QuantizeLinear" and op.inputs[0] not in graph.inputs.values():
            sizes[op.inputs[0]] = sizes[op.outputs[0]]
    return sizes


def _values(graph: Graph, name: str) -> int:
    return math.prod(_shape(graph, name))


def _shape(graph: Graph, name: str) -> tuple[int, ...]:
    shape = graph.tensors[name].shape if name in graph.tensors else None
    sides = tuple(side for side in shape or () if side is not None)
    if shape is None or len(sides) < len(shape):
        raise BenchError(f"tensor '{name}': its shape is not in the file, so its work cannot be counted")
    return sides
