"""What a node of an ONNX graph will compute, with numpy's operators and methods.

Whole numbers behave as in numpy: ``//`` and ``>>`` round towards minus infinity, ``%`` has the divisor's sign. ONNX itself cuts
a quotient towards zero and shifts unsigned numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mobile_inpaint.targets.pipeline.nodes import Graph

Number: TypeAlias = "Value | int | float"
Index: TypeAlias = "slice | EllipsisType | Value | int | None"

END = np.iinfo(np.int64).max
"""Where a slice ends that goes on to its axis' end."""


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the running model; numbers that it meets take its dtype."""

    graph: Graph
    name: str
    dtype: np.dtype[Any]

    def __add__(self, other: Number) -> Value:
        return self._with("Add", other)

    def __radd__(self, other: Number) -> Value:
        return self._like(other) + self

    def __sub__(self, other: Number) -> Value:
        return self._with("Sub", other)

    def __rsub__(self, other: Number) -> Value:
        return self._like(other) - self

    def __mul__(self, other: Number) -> Value:
        return self._with("Mul", other)

    def __rmul__(self, other: Number) -> Value:
        return self._like(other) * self

    def __truediv__(self, other: Number) -> Value:
        assert self.dtype.kind == "f"
        return self._with("Div", other)

    def __floordiv__(self, other: Number) -> Value:
        return (self - self % other)._with("Div", other)

    def __rfloordiv__(self, other: Number) -> Value:
        return self._like(other) // self

    def __mod__(self, other: Number) -> Value:
        return self._with("Mod", other)

    def __rshift__(self, bits: int) -> Value:
        return (self - (self & ((1 << bits) - 1)))._with("Div", 1 << bits)

    def __lshift__(self, bits: int) -> Value:
        return self * (1 << bits)

    def __and__(self, other: Number) -> Value:
        return self._with("And" if self.dtype == np.bool_ else "BitwiseAnd", other)

    def __or__(self, other: Number) -> Value:
        return self._with("Or" if self.dtype == np.bool_ else "BitwiseOr", other)

    def __xor__(self, other: Number) -> Value:
        return self._with("Xor" if self.dtype == np.bool_ else "BitwiseXor", other)

    def __invert__(self) -> Value:
        return self.graph.node("Not", [self], np.bool_)

    def __abs__(self) -> Value:
        return self.graph.node("Abs", [self], self.dtype)

    def __lt__(self, other: Number) -> Value:
        return self.graph.node("Less", [self, self._like(other)], np.bool_)

    def __le__(self, other: Number) -> Value:
        return self.graph.node("LessOrEqual", [self, self._like(other)], np.bool_)

    def __gt__(self, other: Number) -> Value:
        return self.graph.node("Greater", [self, self._like(other)], np.bool_)

    def __ge__(self, other: Number) -> Value:
        return self.graph.node("GreaterOrEqual", [self, self._like(other)], np.bool_)

    def __getitem__(self, key: Index | tuple[Index, ...]) -> Value:
        """As in numpy: slices, scalar indices (which drop their axis), None (not beside either), and ``...`` in front."""
        keys = key if isinstance(key, tuple) else (key,)
        axes = range(len(keys))
        if keys[0] is Ellipsis:
            axes, keys = range(1 - len(keys), 0), keys[1:]
        by_axis = list(zip(axes, keys, strict=True))
        cuts = [(axis, one) for axis, one in by_axis if isinstance(one, slice) and one != slice(None)]
        value = self
        if cuts:
            starts = self.graph.vector(*(0 if cut.start is None else cut.start for _, cut in cuts))
            stops = self.graph.vector(*(END if cut.stop is None else cut.stop for _, cut in cuts))
            along = self.graph.vector(*(axis for axis, _ in cuts))
            steps = self.graph.vector(*(1 if cut.step is None else cut.step for _, cut in cuts))
            value = self.graph.node("Slice", [self, starts, stops, along, steps], self.dtype)
        for axis in (axis for axis, one in by_axis if one is None):
            value = self.graph.node("Unsqueeze", [value, self.graph.vector(axis)], self.dtype)
        for axis, one in reversed(by_axis):
            if isinstance(one, Value | int):
                value = self.graph.node("Gather", [value, self.graph.int64(one)], self.dtype, axis=axis)
        return value

    def astype(self, dtype: npt.DTypeLike) -> Value:
        from onnx import helper

        return self.graph.node("Cast", [self], dtype, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def length(self, axis: int) -> Value:
        """How long an axis, counted from 0, is: an int64 scalar."""
        shape = self.graph.node("Shape", [self], np.int64, start=axis, end=axis + 1)
        return self.graph.node("Squeeze", [shape], np.int64)

    def reshape(self, *shape: Number) -> Value:
        return self.graph.node("Reshape", [self, self.graph.vector(*shape)], self.dtype)

    def transpose(self, *axes: int) -> Value:
        return self.graph.node("Transpose", [self], self.dtype, perm=axes)

    def squeeze(self, axis: int) -> Value:
        """Without an axis one long; unlike an index, nothing is copied."""
        return self.graph.node("Squeeze", [self, self.graph.vector(axis)], self.dtype)

    def pad(self, top: Number, bottom: Number, left: Number, right: Number, *, rank: int, fill: int = 0) -> Value:
        """With so many rows and columns of ``fill`` round its last two axes, of ``rank`` that it has."""
        before = (0,) * (rank - 2)
        sides = self.graph.vector(*before, top, left, *before, bottom, right)
        return self.graph.node("Pad", [self, sides, self._like(fill)], self.dtype)

    def take(self, indices: Value, axis: int) -> Value:
        return self.graph.node("Gather", [self, indices], self.dtype, axis=axis)

    def compress(self, flags: Value, axis: int) -> Value:
        return self.graph.node("Compress", [self, flags], self.dtype, axis=axis)

    def nonzero(self) -> Value:
        """Where a vector is not 0: int64 [n]."""
        return self.graph.node("NonZero", [self], np.int64)[0]

    def sum(self, axis: Number, *, keepdims: bool = False) -> Value:
        return self.graph.node("ReduceSum", [self, self.graph.vector(axis)], self.dtype, keepdims=int(keepdims))

    def max(self, axis: int) -> Value:
        return self.graph.node("ReduceMax", [self, self.graph.vector(axis)], self.dtype, keepdims=0)

    def min(self, axis: int) -> Value:
        return self.graph.node("ReduceMin", [self, self.graph.vector(axis)], self.dtype, keepdims=0)

    def argmax(self, *, last: bool = False) -> Value:
        """Of a vector, the first or the last of equals."""
        return self.graph.node("ArgMax", [self], np.int64, axis=0, keepdims=0, select_last_index=int(last))

    def argmin(self) -> Value:
        """Of a vector, the first of equals."""
        return self.graph.node("ArgMin", [self], np.int64, axis=0, keepdims=0)

    def ranked(self, rank: Value) -> Value:
        """The element of that rank, from 0 up, of the sorted last axis, which stays, one long."""
        sorted_, _ = self.graph.nodes("TopK", [self, (rank + 1)[None]], [self.dtype, np.int64], axis=-1, largest=0)
        return sorted_[..., -1:]

    def floor(self) -> Value:
        return self.graph.node("Floor", [self], self.dtype)

    def ceil(self) -> Value:
        return self.graph.node("Ceil", [self], self.dtype)

    def sqrt(self) -> Value:
        return self.graph.node("Sqrt", [self], self.dtype)

    def clip(self, low: Number, high: Number) -> Value:
        return minimum(maximum(self, low), high)

    def _like(self, other: Number) -> Value:
        return other if isinstance(other, Value) else self.graph.constant(other, self.dtype)

    def _with(self, op: str, other: Number) -> Value:
        return self.graph.node(op, [self, self._like(other)], self.dtype)


def where(condition: Value, yes: Number, no: Number) -> Value:
    """``yes`` where ``condition``, else ``no``; of two plain numbers, int64."""
    like = yes if isinstance(yes, Value) else no if isinstance(no, Value) else condition.graph.int64(no)
    return condition.graph.node("Where", [condition, like._like(yes), like._like(no)], like.dtype)


def minimum(a: Value, b: Number) -> Value:
    return a._with("Min", b)


def maximum(a: Value, b: Number) -> Value:
    return a._with("Max", b)


def concatenate(values: Sequence[Value], axis: int) -> Value:
    return values[0].graph.node("Concat", values, values[0].dtype, axis=axis)
