"""Reads the graph of a TFLite file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.graph import Array, Graph, Op, Tensor
from mobile_inpaint.targets.tflite.flatbuffer import read_model, row
from mobile_inpaint.targets.toolchain import first_line


def read(path: Path) -> Graph:
    """The graph of the TFLite file at ``path``, the operations of its first subgraph before those of the others.

    Raises:
        ManifestError: it is not one.
        ToolchainMissing: with the pip line.
    """
    model = read_model(path)
    try:
        ops: list[Op] = []
        tensors: dict[str, Tensor] = {}
        names = [_unique(graph, f"subgraph{i}/" if i else "") for i, graph in enumerate(model.subgraphs)]
        for graph, named in zip(model.subgraphs, names, strict=True):
            tensors |= {tensor.name: tensor for tensor in _tensors(model, graph, named)}
            ops += _ops(model, graph, named)
        inputs = _inputs(model, names[0])
    except Exception as error:
        raise ManifestError(f"{path.name}: a damaged TFLite file ({first_line(error)})") from error
    return Graph("tflite", tuple(ops), tensors, inputs)


def _inputs(model: Any, names: list[str]) -> dict[str, str]:
    """By the names that the first signature gives them; by the tensors' own where the file has none."""
    for signature in model.signatureDefs or []:
        return {tensor.name.decode(): names[tensor.tensorIndex] for tensor in signature.inputs or []}
    return {names[i]: names[i] for i in row(model.subgraphs[0].inputs)}


def _unique(graph: Any, prefix: str) -> list[str]:
    """A name for each of the subgraph's tensors; the format lets several bear one."""
    names: list[str] = []
    seen: set[str] = set()
    for i, tensor in enumerate(graph.tensors or []):
        name = prefix + ((tensor.name or b"").decode(errors="replace") or f"#{i}")
        names.append(f"{name}#{i}" if name in seen else name)
        seen.add(name)
    return names


def _tensors(model: Any, graph: Any, names: list[str]) -> Iterator[Tensor]:
    from ai_edge_litert import schema_py_generated as schema

    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    for name, tensor in zip(names, graph.tensors or [], strict=True):
        data = model.buffers[tensor.buffer].data
        # shapeSignature says -1 where shape says 1
        free = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
        shape = tuple(int(side) if side >= 0 else None for side in (free if free is not None else ()))
        dtype = types[tensor.type]
        constant = data is not None and len(data) > 0
        yield Tensor(name, dtype, shape, constant, _values(data, dtype, tensor.shape) if constant else None)


def _values(data: Any, dtype: str, shape: Any) -> Array | None:
    try:
        return np.asarray(data, np.uint8).view(dtype).reshape(shape)
    except (TypeError, ValueError):  # packed into less than a byte, text, or sparse
        return None


def _ops(model: Any, graph: Any, names: list[str]) -> Iterator[Op]:
    from ai_edge_litert import schema_py_generated as schema

    builtin = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    fused = {value: name for name, value in vars(schema.ActivationFunctionType).items() if isinstance(value, int)}
    for op in graph.operators or []:
        code = model.operatorCodes[op.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        kind = builtin.get(number, f"BUILTIN_{number}")
        if kind == "CUSTOM":
            kind = f"CUSTOM:{(code.customCode or b'').decode(errors='replace')}"
        inputs, outputs = (tuple(names[i] if i >= 0 else "" for i in row) for row in (row(op.inputs), row(op.outputs)))
        attributes = {_snake_case(name): value for name, value in vars(op.builtinOptions or object).items() if name[0] != "_"}
        if "fused_activation_function" in attributes:
            number = attributes["fused_activation_function"]
            attributes["fused_activation_function"] = fused.get(number, str(number))
        yield Op(outputs[0] if outputs else kind, kind, inputs, outputs, attributes)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
