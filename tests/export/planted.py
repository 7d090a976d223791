"""Small real model files with one fault each, written with the formats' own libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper

SIDE = 16

Constants = Mapping[str, "np.ndarray[Any, Any]"]


def onnx_file(
    path: Path,
    nodes: Sequence[tuple[str, Sequence[str], str]],
    inputs: Mapping[str, tuple[Any, ...]],
    constants: Constants | None = None,
    dtype: int = TensorProto.FLOAT,
    **attributes: Any,
) -> Path:
    """Nodes as (type, inputs, output); the last one's output is the file's, the attributes are the first one's."""
    made = [helper.make_node(kind, list(names), [output]) for kind, names, output in nodes]
    made[0].attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    graph = helper.make_graph(
        made,
        "planted",
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(nodes[-1][2], dtype, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def tflite_file(
    path: Path,
    ops: Sequence[tuple[str, Sequence[str], str, Any]],
    tensors: Mapping[str, tuple[str, tuple[int, ...]]],
    constants: Constants | None = None,
    *,
    inputs: Sequence[str] = ("image", "mask"),
    free: Sequence[str] = (),
) -> Path:
    """Operations as (type, inputs, output, options); ``tensors`` as (type, shape); the height of those in ``free`` is free."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    constants = dict(constants or {})
    shapes = {**tensors, **{name: (value.dtype.name, value.shape) for name, value in constants.items()}}
    names = list(shapes)
    graph.tensors = []
    for name, (dtype, shape) in shapes.items():
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), getattr(schema.TensorType, dtype.upper())
        tensor.shapeSignature = [shape[0], -1, *shape[2:]] if name in free else None
        if name in constants:
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = list(constants[name].tobytes())
        graph.tensors.append(tensor)
    kinds = list(dict.fromkeys(kind for kind, *_ in ops))
    model.operatorCodes = []
    for kind in kinds:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        model.operatorCodes.append(code)
    graph.operators = []
    for kind, taken, output, options in ops:
        op = schema.OperatorT()
        op.opcodeIndex = kinds.index(kind)
        op.inputs, op.outputs = [names.index(name) for name in taken], [names.index(output)]
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        graph.operators.append(op)
    graph.inputs, graph.outputs = [names.index(name) for name in inputs], [names.index(ops[-1][2])]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.inputs, signature.outputs = "serving_default", [], []
    for maps, tensor_names in ((signature.inputs, inputs), (signature.outputs, [ops[-1][2]])):
        for name in tensor_names:
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, names.index(name)
            maps.append(entry)
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def coreml_file(path: Path, build: Any, *inputs: tuple[Any, ...], half: bool = True) -> Path:
    """``build`` on inputs of these shapes, which bear its parameters' names, as a saved package; with ``half`` in float16."""
    import coremltools as ct
    from coremltools.converters.mil import Builder as mb

    from mobile_inpaint.targets.suppress_output import silence

    with silence():
        specs = [mb.TensorSpec(shape=shape) for shape in inputs]
        program = mb.program(input_specs=specs, opset_version=ct.target.iOS16)(build)
        model = ct.convert(
            program,
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS16,
            compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
            skip_model_load=True,
        )
        model.save(str(path))
    return path
