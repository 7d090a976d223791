"""Reads the graph of a Core ML program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.coreml.spec import read_program, read_spec
from mobile_inpaint.targets.graph import Graph, Op, Tensor
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line

_WORDS = {"fp16": "float16", "fp32": "float32", "fp64": "float64", "str": "string"}  # MIL's to numpy's


def read(path: Path) -> Graph:
    """The graph of the function ``main`` of the Core ML package at ``path``.

    Raises:
        ManifestError: it is not one, or holds an older kind of network.
        ToolchainMissing: with the pip line.
    """
    main = read_program(path, read_spec(path))
    with silence():
        try:
            ops = tuple(_ops(main.operations))
            tensors = {tensor.name: tensor for tensor in _tensors(main)}
        except Exception as error:
            raise ManifestError(f"{path.name}: a damaged Core ML package ({first_line(error)})") from error
    return Graph("coreml", ops, tensors, {name: name for name in main.inputs})


def _flat(variables: Any) -> Iterator[Any]:
    for variable in variables:
        if isinstance(variable, list | tuple):
            yield from variable
        elif variable is not None:
            yield variable


def _ops(operations: Any) -> Iterator[Op]:
    for op in operations:
        if op.op_type == "const":
            continue
        attributes = {name: _plain(var.val) for name, var in op.inputs.items() if getattr(var, "val", None) is not None}
        names = tuple(var.name for var in _flat(op.inputs.values()))
        yield Op(op.name, op.op_type, names, tuple(output.name for output in op.outputs), attributes)
        for block in op.blocks:
            yield from _ops(block.operations)


def _plain(value: Any) -> Any:
    """A small constant as Python has it; a large one is a tensor and no attribute."""
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else tuple(array.tolist()) if array.size <= 16 else None


def _tensors(block: Any) -> Iterator[Tensor]:
    inputs = block.inputs.values() if isinstance(block.inputs, dict) else block.inputs
    yield from (_tensor(var, constant=False) for var in inputs)
    for op in block.operations:
        yield from (_tensor(output, constant=op.op_type == "const") for output in op.outputs)
        for inner in op.blocks:
            yield from _tensors(inner)


def _tensor(variable: Any, *, constant: bool) -> Tensor:
    from coremltools.converters.mil.mil import types

    word = types.builtin_to_string(variable.dtype)
    shape = tuple(int(side) if isinstance(side, int | np.integer) else None for side in variable.shape or ())
    values = np.asarray(variable.val) if constant and variable.val is not None else None
    numbers = values is not None and values.dtype.kind in "fiub"
    return Tensor(variable.name, _WORDS.get(word, word), shape, constant, values if numbers else None)
