"""ONNX graphs written as one writes numpy: a :class:`Graph` collects the nodes, a :class:`Value` is what one will compute.

Whole numbers behave as in numpy: ``//`` and ``>>`` round towards minus infinity, ``%`` has the divisor's sign. ONNX itself cuts
a quotient towards zero and shifts unsigned numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

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


Shape: TypeAlias = Sequence[int | str]


@dataclass
class _Scope:
    nodes: list[Any] = field(default_factory=list)
    initializers: list[Any] = field(default_factory=list)


class Graph:
    """A model under construction; nodes go into its innermost loop."""

    def __init__(self) -> None:
        self._scopes = [_Scope()]
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._names = 0

    def input(self, name: str, dtype: npt.DTypeLike) -> Value:
        """The model's input of that name."""
        return Value(self, name, np.dtype(dtype))

    def constant(self, number: npt.ArrayLike, dtype: npt.DTypeLike) -> Value:
        """A value known now; equal ones are stored once, where every loop sees them."""
        from onnx import numpy_helper

        array = np.asarray(number, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = Value(self, f"constant_{len(self._constants)}", array.dtype)
            self._scopes[0].initializers.append(numpy_helper.from_array(array, self._constants[key].name))
        return self._constants[key]

    def int64(self, number: Number) -> Value:
        """``number`` as a scalar."""
        return number if isinstance(number, Value) else self.constant(number, np.int64)

    def vector(self, *numbers: Number) -> Value:
        """int64 [n] of n scalars."""
        if not any(isinstance(number, Value) for number in numbers):
            return self.constant(numbers, np.int64)  # type: ignore[arg-type]
        each = [number[None] if isinstance(number, Value) else self.constant([number], np.int64) for number in numbers]
        return concatenate(each, 0)

    def arange(self, start: Number, stop: Number) -> Value:
        """int64, ``start`` to ``stop``, the end exclusive."""
        return self.node("Range", [self.int64(start), self.int64(stop), self.int64(1)], np.int64)

    def node(self, op: str, inputs: Sequence[Value | None], dtype: npt.DTypeLike, **attributes: Any) -> Value:
        """What ``op`` makes of ``inputs``; of several outputs, the first."""
        return self.nodes(op, inputs, [dtype], **attributes)[0]

    def nodes(self, op: str, inputs: Sequence[Value | None], dtypes: Sequence[npt.DTypeLike], **attributes: Any) -> list[Value]:
        """All outputs of ``op``."""
        from onnx import helper

        outputs = [self._new(dtype) for dtype in dtypes]
        given, made = [value.name if value else "" for value in inputs], [value.name for value in outputs]
        self._scopes[-1].nodes.append(helper.make_node(op, given, made, name=f"{op}_{made[0]}", **attributes))
        return outputs

    def loop(
        self,
        body: Callable[..., Sequence[Value]],
        state: Sequence[Value],
        *,
        times: Value | None = None,
        goes_on: Callable[..., Value] | None = None,
    ) -> list[Value]:
        """The last ``state``, then a stack of each further value that ``body`` returned, one a round.

        Args:
            body: ``body(round, *state)`` gives the new state and what to stack; a state may change its shape.
            state: at the start.
            times: how many rounds at most.
            goes_on: ``goes_on(*state)``, whether there is another round; asked before the first as well.
        """
        from onnx import helper

        always = self.constant(True, np.bool_)
        first = goes_on(*state) if goes_on else always
        turn, unused, inside = self._new(np.int64), self._new(np.bool_), [self._new(value.dtype) for value in state]
        with self._scope() as scope:
            given = list(body(turn, *inside))
            again = goes_on(*given[: len(state)]) if goes_on else always
            made = [self.node("Identity", [value], value.dtype) for value in (again, *given)]
        inputs = [_info(turn, ()), _info(unused, ()), *(_info(value, None) for value in inside)]
        graph = helper.make_graph(
            scope.nodes, f"body_{turn.name}", inputs, [_info(value, None) for value in made], scope.initializers
        )
        return self.nodes("Loop", [times, first, *state], [value.dtype for value in given], body=graph)

    def embed(self, model: Any, inputs: dict[str, Value], output: str, prefix: str) -> Value:
        """The float32 ``output`` of another ``model``, its graph taken into this one, its names prefixed."""
        renamed = {name: value.name for name, value in inputs.items()} | {"": ""}
        for tensor in model.graph.initializer:
            copy = type(tensor)()
            copy.CopyFrom(tensor)
            copy.name = renamed.setdefault(tensor.name, prefix + tensor.name)
            self._scopes[-1].initializers.append(copy)
        for node in model.graph.node:
            copy = type(node)()
            copy.CopyFrom(node)
            copy.name = prefix + node.name
            copy.input[:] = [renamed[name] for name in node.input]
            copy.output[:] = [renamed.setdefault(name, prefix + name) for name in node.output]
            self._scopes[-1].nodes.append(copy)
        return Value(self, renamed[output], np.dtype(np.float32))

    def model(self, inputs: dict[str, Shape], outputs: dict[str, tuple[Value, Shape]], **more: Any) -> Any:
        """The finished ModelProto.

        Args:
            inputs: shape of each uint8 input, by name.
            outputs: value and shape of each uint8 output, by name.
            more: fields of the ModelProto.
        """
        from onnx import TensorProto, helper

        for name, (value, _) in outputs.items():
            self._scopes[0].nodes.append(helper.make_node("Identity", [value.name], [name], name=name))
        (scope,) = self._scopes
        given = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name, shape in inputs.items()]
        made = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name, (_, shape) in outputs.items()]
        return helper.make_model(helper.make_graph(scope.nodes, "photo", given, made, scope.initializers), **more)

    def _new(self, dtype: npt.DTypeLike) -> Value:
        self._names += 1
        return Value(self, f"v{self._names}", np.dtype(dtype))

    @contextmanager
    def _scope(self) -> Iterator[_Scope]:
        self._scopes.append(_Scope())
        yield self._scopes[-1]
        self._scopes.pop()


def _info(value: Value, shape: Sequence[int] | None) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(value.dtype), shape)
