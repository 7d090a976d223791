"""Computes what an ONNX file computes of small constants: the shapes and pads that exporters put together by nodes.

Only operations on shapes are computed, each cheap by its kind, and only where the result is known to be small before anything
is computed. A file of 200 bytes can ask for any memory and, with a regular expression or a loop, for any time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mobile_inpaint.targets.graph import Array

SMALL = 64
"""Numbers in a constant that may be a shape; a weight has more."""
_MOST_FOLDED = 2000
"""Operations; the published graph's are 400."""
_MOST_DIMENSIONS = 8


def is_small(tensor: Any) -> bool:
    """Whether a TensorProto may be a shape."""
    import onnx

    return bool(math.prod(tensor.dims) <= SMALL and tensor.data_type != onnx.TensorProto.STRING)


def fold(node: Any, known: Mapping[str, Array], opsets: Mapping[str, int]) -> dict[str, Array] | None:
    """The outputs of ``node`` by name; None where it is not computed here.

    Args:
        node: a NodeProto.
        known: small constants by name.
        opsets: versions of the sets of operations by domain.
    """
    size_of = _SIZES.get(node.op_type)
    if size_of is None or node.domain not in ("", "ai.onnx") or not all(name in known for name in node.input if name):
        return None
    if len(known) > _MOST_FOLDED or len(node.output) != 1 or not node.output[0]:
        return None
    inputs = [known[name] if name else None for name in node.input]
    try:
        if not 0 <= size_of(node, inputs) <= SMALL:
            return None
        values = _evaluate(node, {name: known[name] for name in node.input if name}, opsets)
    except Exception:  # a damaged node: its shape stays unknown
        return None
    (value,) = values
    if not isinstance(value, np.ndarray | np.generic) or value.size > SMALL or value.ndim > _MOST_DIMENSIONS:
        return None
    return {node.output[0]: np.asarray(value)} if value.dtype.kind in "fiub" else None


def _evaluate(node: Any, feeds: dict[str, Array], opsets: Mapping[str, int]) -> Sequence[Any]:
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        values: Sequence[Any] = ReferenceEvaluator(node, opsets=dict(opsets)).run(None, feeds)
    return values


_Inputs = Sequence[Array | None]
_Size = Callable[[Any, _Inputs], float]


def _given(inputs: _Inputs) -> list[Array]:
    return [each for each in inputs if each is not None]


def _of_all(node: Any, inputs: _Inputs) -> float:
    """Of operations that return what they are given, or a part of it."""
    return sum(each.size for each in _given(inputs))


def _of_broadcast(node: Any, inputs: _Inputs) -> float:
    return math.prod(np.broadcast_shapes(*(each.shape for each in _given(inputs))))


def _of_gather(node: Any, inputs: _Inputs) -> float:
    values, indices = _given(inputs)
    return values.size * indices.size


def _of_shape(node: Any, inputs: _Inputs) -> float:
    """Of operations that are told the shape, or the number of repetitions, in their last input."""
    *values, shape = _given(inputs)
    return math.prod(max(int(side), 1) for side in shape.ravel()) * max([1, *(each.size for each in values)])


def _of_range(node: Any, inputs: _Inputs) -> float:
    start, limit, delta = (float(each) for each in _given(inputs))
    return max(math.ceil((limit - start) / delta), 0)


def _of_constant(node: Any, inputs: _Inputs) -> float:
    (value,) = node.attribute
    if value.name == "value":
        return math.prod(value.t.dims) if is_small(value.t) else math.inf
    return {"value_int": 1, "value_ints": len(value.ints), "value_float": 1, "value_floats": len(value.floats)}.get(
        value.name, math.inf
    )


def _of_cast(node: Any, inputs: _Inputs) -> float:
    import onnx

    to_text = any(each.name == "to" and each.i == onnx.TensorProto.STRING for each in node.attribute)
    return math.inf if to_text else _of_all(node, inputs)


_SIZES: dict[str, _Size] = {
    "Constant": _of_constant,
    "Cast": _of_cast,
    "Gather": _of_gather,
    "Range": _of_range,
    **dict.fromkeys(("ConstantOfShape", "Expand", "Tile"), _of_shape),
    **dict.fromkeys(
        ("Identity", "Concat", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Flatten", "Shape", "Size"), _of_all
    ),
    **dict.fromkeys(("ReduceProd", "ReduceSum", "ReduceMin", "ReduceMax"), _of_all),
    **dict.fromkeys(("Neg", "Abs", "Floor", "Ceil", "Round", "Sqrt", "Not"), _of_all),
    **dict.fromkeys(
        ("Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Where", "Equal", "Less", "Greater", "And", "Or"), _of_broadcast
    ),
}
"""What is computed, by name, and how many numbers that makes, which is told before they are made."""
