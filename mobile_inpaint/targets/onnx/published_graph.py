"""The published graph: the network inside the authors' ONNX photo pipeline, without what stands before and behind it.

It is what the speed of our ONNX and TFLite artifacts is measured against: the same weights as the authors exported them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mobile_inpaint import files
from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission import admit
from mobile_inpaint.targets.toolchain import first_line, versions

_VALUES, _PARAMETERS = "/model/", "model."
"""How the authors' exporter begins the names inside the network; Source: scripts/create_onnx_pipeline.py, ``self.model``."""


def published_graph(pipeline: Path, cache: Path, *, size_px: int = 512) -> Path:
    """The file of the bare network, cut out of ``pipeline`` once and kept in ``cache``.

    Its input is float32 [1, 4, size_px, size_px], mask - 0.5 (known = 0.5) before RGB * mask in [-1,1]; its output is float32
    [1, 3, size_px, size_px], RGB in [-1,1], neither composited nor clamped. Every shape is static; nothing else is changed.

    Args:
        pipeline: ``migan_pipeline_v2.onnx`` or one made by the same script.
        cache: a folder of ours, made if it is not there.
        size_px: side of the square that the network sees.

    Raises:
        ToolchainMissing: with the pip line.
        ManifestError: not such a pipeline.
    """
    out = cache / sha256_of(pipeline)[:12] / "published-graph.onnx"
    if out.exists():
        return out
    versions("onnx", ("onnx",))
    admit(pipeline)
    import onnx

    try:
        model = onnx.load(pipeline)
    except Exception as error:
        raise ManifestError(f"{pipeline.name}: not an ONNX file ({first_line(error)})") from error
    network = _cut(pipeline, model, size_px)
    out.parent.mkdir(parents=True, exist_ok=True)
    with files.being_written(out) as part:
        onnx.save(network, part)
    return out


def _cut(pipeline: Path, model: Any, size_px: int) -> Any:
    """The network alone, as a model whose shapes are inferred and checked."""
    import onnx
    from onnx import TensorProto, helper

    entry, exit_ = _ends(pipeline, model.graph)
    needed, nodes = {exit_}, []
    for node in reversed(model.graph.node):  # ONNX keeps nodes in the order of their inputs
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(name for name in node.input if name != entry)
    graph = helper.make_graph(
        nodes[::-1],
        "published_graph",
        [helper.make_tensor_value_info(entry, TensorProto.FLOAT, [1, 4, size_px, size_px])],
        [helper.make_tensor_value_info(exit_, TensorProto.FLOAT, [1, 3, size_px, size_px])],
        [tensor for tensor in model.graph.initializer if tensor.name in needed],
    )
    network = helper.make_model(graph, ir_version=model.ir_version, opset_imports=model.opset_import)
    try:
        onnx.checker.check_model(network)
        onnx.shape_inference.infer_shapes(network, strict_mode=True, data_prop=True)
    except Exception as error:
        raise ManifestError(f"{pipeline.name}: no network of {size_px} pixels ({first_line(error)})") from error
    return network


def _ends(pipeline: Path, graph: Any) -> tuple[str, str]:
    """The one value that enters the network and the one that leaves it."""
    inside, entering, leaving = set[str](), set[str](), set[str]()
    for node in graph.node:
        values = [name for name in node.output if name.startswith(_VALUES)]
        if values:
            inside.update(values)
            entering.update(name for name in node.input if name and not name.startswith((_VALUES, _PARAMETERS)))
        else:
            leaving.update(inside.intersection(node.input))
    entering -= {tensor.name for tensor in graph.initializer}
    if len(entering) != 1 or len(leaving) != 1:
        raise ManifestError(f"{pipeline.name}: not the authors' photo pipeline: no network with one way in and one out")
    return entering.pop(), leaving.pop()
