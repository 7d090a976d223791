"""What a model file computes, in words that all formats share: operations in the order in which they run, and their tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Tensor:
    """A tensor.

    Attributes:
        name: unique in its file.
        dtype: numpy's name for it, ``string`` or another word where numpy has none.
        shape: a free dimension is None; None instead of a shape where not even the rank is known.
        constant: its values stand in the file.
        values: those, where they are numbers.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    constant: bool = False
    values: Array | None = field(default=None, repr=False, compare=False)


def declared_bytes(tensor: Tensor) -> int:
    """What ``tensor`` takes; free dimensions count once, and a type that numpy does not know as one byte a value."""
    width = np.dtype(tensor.dtype).itemsize if tensor.dtype in np.sctypeDict else 1
    return math.prod(1 if length is None else max(length, 0) for length in tensor.shape or ()) * width


@dataclass(frozen=True)
class Op:
    """An operation.

    Attributes:
        name: the node's own, or its first output's where nodes have none.
        type: as the format spells it.
        inputs: names of tensors, in the format's order; empty for one that was left out.
        outputs: the same.
        attributes: what is not a tensor, with the format's defaults filled in.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A model file's graph.

    Attributes:
        format: a target's name.
        ops: in the order in which they run; those of loops and branches follow the operation that holds them.
        tensors: by name.
        inputs: of the whole: the tensor's name by the name under which a caller gives it; constants are no inputs.
    """

    format: str
    ops: tuple[Op, ...]
    tensors: Mapping[str, Tensor]
    inputs: Mapping[str, str]

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names of tensors that are known before the first run: those in the file, and what is computed of them alone."""
        known = {tensor.name for tensor in self.tensors.values() if tensor.constant}
        for op in self.ops:
            if all(name in known for name in op.inputs if name):
                known.update(op.outputs)
        return frozenset(known)

    @cached_property
    def run(self) -> tuple[Op, ...]:
        """The operations that are left when a runtime has computed the constants, as all of them do when they load a file."""
        return tuple(op for op in self.ops if not self.constants.issuperset(op.outputs))

    def tensors_of(self, op: Op) -> tuple[Tensor, ...]:
        """What ``op`` reads and writes, as far as the file describes it."""
        return tuple(self.tensors[name] for name in (*op.inputs, *op.outputs) if name in self.tensors)
