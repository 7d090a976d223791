"""Weights and activations of an ONNX graph as integers, by ONNX Runtime's quantizer and our ranges.

The quantizer is told every range; its own calibration would keep all values of all photos in memory.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mobile_inpaint.artifact import Quantization
from mobile_inpaint.targets.observers import Ranges

_OPSET_OF_16_BITS = 21
"""The first in which QuantizeLinear gives 16 bits."""
OF_THE_NETWORK = ("Conv", "LeakyRelu", "Add", "Mul", "Resize")
"""What can be computed in 8 bits, and is."""


def store_weights_as_int8(model: Any) -> None:
    """Rounds every convolution's weights to int8 with a scale per channel, and puts a DequantizeLinear behind each."""
    from onnx import helper, numpy_helper

    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    dequantizers = []
    for tensor in [t for t in model.graph.initializer if t.name in weights]:
        values, name = numpy_helper.to_array(tensor), tensor.name
        largest = np.abs(values).max(axis=(1, 2, 3))
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        levels = np.clip(np.rint(values / scale[:, None, None, None]), -127, 127).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(levels, name + "_int8"))
        model.graph.initializer.extend(
            [
                numpy_helper.from_array(scale, name + "_scale"),
                numpy_helper.from_array(np.zeros_like(levels[:, 0, 0, 0]), name + "_zero"),
            ]
        )
        parts = [name + "_int8", name + "_scale", name + "_zero"]
        dequantizers.append(helper.make_node("DequantizeLinear", parts, [name], name=name + "_dequantize", axis=0))
    nodes = [*dequantizers, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def quantize(model: Any, ranges: Ranges, settings: Quantization, layers: Sequence[str], bits: int) -> Any:
    """The graph with int8 weights and unsigned activations of ``bits`` bits, as QuantizeLinear and DequantizeLinear pairs.

    What stands before the first and behind the last convolution stays as it is, so known pixels come back as given.

    Args:
        model: float32.
        ranges: of every tensor of it.
        settings: how ranges are read, and which layers stay float.
        layers: names of the convolutions in the order of the graph.
        bits: 8 or 16.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorData, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    if bits == 16:
        model.opset_import[0].version = max(model.opset_import[0].version, _OPSET_OF_16_BITS)
    model = onnx.shape_inference.infer_shapes(model)
    chosen = {
        name: TensorData(lowest=np.array(low, np.float32), highest=np.array(high, np.float32))
        for name, (low, high) in ranges.all(settings).items()
    }
    names = [node.name for node in _within(model, settings.float_layers, layers)]
    if not names:
        return model  # to the quantizer no names would mean all
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8 if bits == 8 else QuantType.QUInt16,
        tensors_range=TensorsData(CalibrationMethod.MinMax, chosen),
        nodes_to_quantize=names,
        nodes_to_exclude=[],
        op_types_to_quantize=list(OF_THE_NETWORK),
        extra_options={"ForceQuantizeNoInputCheck": True},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    return quantizer.model.model


def float_ops(model: Any) -> dict[str, int]:
    """The operations that compute in floating point, by name, counted: all but those between Dequantize- and QuantizeLinear."""
    quantized = {name for node in model.graph.node if node.op_type == "QuantizeLinear" for name in node.input[:1]}
    dequantized = {name for node in model.graph.node if node.op_type == "DequantizeLinear" for name in node.output[:1]}
    moves = ("QuantizeLinear", "DequantizeLinear", "Constant", "Cast")
    left = (
        node.op_type
        for node in model.graph.node
        if node.op_type not in moves and not (node.input and node.input[0] in dequantized and quantized.issuperset(node.output))
    )
    return dict(sorted(collections.Counter(left).items()))


def _within(model: Any, float_layers: Sequence[str], layers: Sequence[str]) -> Iterator[Any]:
    """The network's nodes, less those of the float layers; a layer is a convolution and what follows it up to the next."""
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    if len(convolutions) != len(layers):
        raise ValueError(f"{len(convolutions)} convolutions in the graph, {len(layers)} in the network")
    layer_of = dict(zip(convolutions, layers, strict=True))
    ends = {value.name for value in (*model.graph.input, *model.graph.output)}  # what touches them composites
    layer = None
    for node in model.graph.node:
        layer = layer_of.get(node.name, layer)
        if layer is None or layer in float_layers or node.op_type not in OF_THE_NETWORK:
            continue
        if ends.isdisjoint((*node.input, *node.output)):
            yield node
