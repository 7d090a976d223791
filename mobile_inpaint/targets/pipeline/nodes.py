"""ONNX graphs written as one writes numpy: a :class:`Graph` collects the nodes; see ``values.py`` for what they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mobile_inpaint.targets.pipeline.values import Number, Value, concatenate

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
