"""Reads the graph of an ONNX file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import admit, limits
from mobile_inpaint.targets.graph import Array, Graph, Op, Tensor, declared_bytes
from mobile_inpaint.targets.onnx.folding import fold, is_small
from mobile_inpaint.targets.toolchain import first_line, versions


def read(path: Path) -> Graph:
    """The graph of the ONNX file at ``path``; shapes are inferred as far as they can be.

    Raises:
        ManifestError: it is not one.
        ToolchainMissing: with the pip line.
    """
    versions("onnx", ("onnx",))
    admit(path)
    import onnx

    try:
        model = onnx.load(path)
        _infer_shapes(model)
        opsets = {opset.domain: opset.version for opset in model.opset_import}
        ops = tuple(_ops(model.graph, opsets))
        tensors = {tensor.name: tensor for tensor in _tensors(model.graph)}
    except Exception as error:
        raise ManifestError(f"{path.name}: not an ONNX file ({first_line(error)})") from error
    for tensor in tensors.values():
        if (size := declared_bytes(tensor)) > limits.LARGEST_TENSOR:
            said = f"{quoted(tensor.name)} takes {size / 1e9:.1f} GB"
            raise ManifestError(f"{path.name}: {said}; at most {limits.LARGEST_TENSOR / 1e9:.1f} GB are read")
    if not ops:
        raise ManifestError(f"{path.name}: not an ONNX file (it holds no operations)")
    inputs = [value.name for value in model.graph.input if not tensors[value.name].constant]
    return Graph("onnx", ops, tensors, dict(zip(inputs, inputs, strict=True)))


def _infer_shapes(model: Any) -> None:
    """Describes the tensors between the model's nodes.

    Inference looks for a Reshape's shape, or a Pad's pads, among the constants in the file, where exporters leave them to be
    computed of other constants. It is given a copy in which they stand.
    """
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    known = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer if is_small(each)}
    left = []
    for node in model.graph.node:
        values = fold(node, known, opsets)
        if values is None:
            left.append(node)
            continue
        known |= values
        tensors = [onnx.numpy_helper.from_array(value, name) for name, value in values.items()]
        copy.graph.initializer.extend(tensors)
        copy.graph.value_info.extend(onnx.helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors)
    del copy.graph.node[:]
    copy.graph.node.extend(left)
    inferred = onnx.shape_inference.infer_shapes(copy, data_prop=True).graph
    for described, more in ((model.graph.value_info, inferred.value_info), (model.graph.output, inferred.output)):
        del described[:]
        described.extend(more)


def _ops(graph: Any, opsets: dict[str, int]) -> Iterator[Op]:
    import onnx

    for node in graph.node:
        attributes: dict[str, Any] = {}
        if onnx.defs.has(node.op_type, node.domain):
            schema = onnx.defs.get_schema(node.op_type, opsets.get(node.domain, 1), node.domain)
            defaults = {name: attribute.default_value for name, attribute in schema.attributes.items()}
            attributes = {name: _value(value) for name, value in defaults.items() if value.name}
        attributes |= {attribute.name: _value(attribute) for attribute in node.attribute}
        name = node.name or (node.output[0] if node.output else node.op_type)
        # the standard's own domain goes unsaid, as it does in a file
        kind = f"{node.domain}:{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        yield Op(name, kind, tuple(node.input), tuple(node.output), attributes)
        for body in _bodies(node):
            yield from _ops(body, opsets)


def _value(attribute: Any) -> Any:
    import onnx

    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return tuple(value) if isinstance(value, list) else value


def _bodies(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors(graph: Any) -> Iterator[Tensor]:
    for node in graph.node:
        for body in _bodies(node):
            yield from _tensors(body)
        # a constant may also be a node; its value then stands in an attribute
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.HasField("t"):
                yield _constant(node.output[0], attribute.t)
    for value in (*graph.value_info, *graph.input, *graph.output):
        yield Tensor(value.name, _dtype(value.type.tensor_type.elem_type), _shape(value.type.tensor_type))
    for tensor in graph.initializer:
        yield _constant(tensor.name, tensor)


def _constant(name: str, tensor: Any) -> Tensor:
    import onnx

    values: Array | None = None
    if tensor.data_type != onnx.TensorProto.STRING:
        values = onnx.numpy_helper.to_array(tensor)
    return Tensor(name, _dtype(tensor.data_type), tuple(tensor.dims), True, values)


def _dtype(kind: int) -> str:
    import onnx

    if kind in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING):
        return "string" if kind else ""
    return str(onnx.helper.tensor_dtype_to_np_dtype(kind))


def _shape(kind: Any) -> tuple[int | None, ...] | None:
    if not kind.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim)
