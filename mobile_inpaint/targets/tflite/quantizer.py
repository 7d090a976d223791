"""Integers for a TFLite graph: AI Edge Quantizer, told by us which operations, which ranges and which weights."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.targets.observers import Range
from mobile_inpaint.targets.tflite.flatbuffer import CONVOLUTIONS, TfliteGraph

EXACT = 1 / 128
"""Step of the border maps' levels: their 3/4 and 1 are whole multiples, so that nothing but the border changes."""
SMALLEST_STEP = 2.0**-9
"""Of a summand's levels beside the sum's: where they are finer than 2**-10, XNNPACK leaves the sum to a slower kernel."""


def store_weights_as_fp16(path: Path) -> None:
    """Halves every weight, with a DEQUANTIZE behind each; runtimes fold those or compute in float16 throughout."""
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer

    halve = quantizer.Quantizer(str(path))
    halve.add_weight_only_config(
        ".*", qtyping.TFLOperationName.ALL_SUPPORTED, 16, algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING
    )
    _write(halve, {}, path)


def store_weights_as_int8(path: Path) -> None:
    """Weights of convolutions in int8, a step per channel, with a DEQUANTIZE behind each; runtimes fold it on loading.

    The other way, activations made integers on the fly, was slower than float32 and no better.
    """
    from ai_edge_quantizer import qtyping, quantizer

    store = quantizer.Quantizer(str(path))
    for name in CONVOLUTIONS:
        store.add_weight_only_config(".*", qtyping.TFLOperationName(name), 8)
    _write(store, _of_weights(TfliteGraph.load(path)), path)


def quantize(path: Path, ranges: Mapping[str, Range], float_layers: Sequence[int], activations: int) -> None:
    """Weights in int8 and activations in ``activations`` bits, from the stacked input to the network's own image.

    What composites stays float32, so that known pixels come back as given.

    Args:
        path: of a float32 graph; overwritten.
        ranges: of the tensors that it computes, by name.
        float_layers: numbers of the convolutions that stay float32, each with what follows it up to the next.
        activations: bits, 8 or 16.
    """
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer

    graph = TfliteGraph.load(path)
    kept = _kept_in_float(graph, float_layers)
    bounds = next(op for op in graph.ops if graph.name(op) == "RELU_0_TO_1")
    image = bounds.inputs[0]
    saturates = activations == 8 and graph.tensor(image) not in kept
    if saturates:  # 8 bits from 0 to 1 hold no other value
        ranges = {**ranges, graph.tensor(image): (0.0, 1.0)}
        moved = [graph.tensor(op.outputs[0]) for op in graph.ops if graph.name(op) == "DEPTH_TO_SPACE"]
        kept = [name for name in kept if name not in moved]
        graph.without(bounds)
        graph.save(path)
    statistics = _of_weights(graph) | _of_activations(graph, ranges)

    everything = qtyping.TFLOperationName.ALL_SUPPORTED
    leave = {"algorithm_key": algorithm_manager.AlgorithmName.NO_QUANTIZE}
    store = quantizer.Quantizer(str(path))
    store.add_static_config(".*", everything, activations, 8)
    store.update_quantization_recipe(f"^({'|'.join(map(re.escape, kept))});$", everything, **leave)
    for border in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        store.update_quantization_recipe(".*", border, **leave)
    with _all_known():
        _write(store, statistics, path)


def numbers_of(graph: TfliteGraph, shapes: Mapping[str, tuple[int, ...]], wanted: Sequence[str]) -> list[int]:
    """Which of the graph's convolutions the layers called ``wanted`` are.

    Args:
        graph: float32.
        shapes: of the network's weights by layer, in the order in which the layers run, as torch has them: out, in, height,
            width.
        wanted: names of layers.

    Raises:
        ValueError: the graph's convolutions are not the network's, or a name is none of them.
    """
    found = []
    for op in graph.ops:
        if graph.name(op) in CONVOLUTIONS:
            weight = graph.constant(op.inputs[1])
            assert weight is not None
            found.append(weight.transpose(*((3, 0, 1, 2) if graph.name(op) == "DEPTHWISE_CONV_2D" else (0, 3, 1, 2))).shape)
    if found != list(shapes.values()):
        raise ValueError("the graph's convolutions do not stand in the network's order")
    if unknown := [name for name in wanted if name not in shapes]:
        raise ValueError(f"the network has no layer {', '.join(unknown)}")
    return [list(shapes).index(name) for name in wanted]


def _kept_in_float(graph: TfliteGraph, float_layers: Sequence[int]) -> list[str]:
    """The first output of every operation that stays float32, by name; the quantizer calls operations so."""
    kept, layer, behind = [], -1, False
    for op in graph.ops:
        layer += graph.name(op) in CONVOLUTIONS
        behind |= graph.name(op) == "RELU_0_TO_1"
        stacks = graph.name(op) == "CONCATENATION"
        before = layer < 0 and (not stacks or 0 in float_layers)
        if before or behind or layer in float_layers:
            kept.append(graph.tensor(op.outputs[0]))
    return kept


def _statistic(low: Any, high: Any) -> dict[str, Any]:
    return {"min": np.asarray(low, np.float32), "max": np.asarray(high, np.float32)}


def _of_activations(graph: TfliteGraph, ranges: Mapping[str, Range]) -> dict[str, Any]:
    """What the quantizer would have gathered by calibration, for every tensor that is computed or added or multiplied."""
    statistics = {name: _statistic(*bounds) for name, bounds in ranges.items()}
    statistics |= {name: _statistic(0, 1) for name in graph.inputs()}
    for op in graph.ops:
        name, (first, *others), output = graph.name(op), op.inputs, graph.tensor(op.outputs[0])
        constant = graph.constant(others[0]) if others else None
        if name == "CONCATENATION":
            # photo and mask: in whole grey levels, nothing is lost
            statistics |= {graph.tensor(index): _statistic(0, 1) for index in (*op.inputs, *op.outputs)}
        elif name in ("RESIZE_BILINEAR", "DEPTH_TO_SPACE"):
            statistics[output] = statistics[graph.tensor(first)]
        elif name == "MUL" and constant is not None and _in_steps_of(constant, EXACT):
            statistics[graph.tensor(others[0])] = _statistic(0, 255 * EXACT)
            statistics[output] = statistics[graph.tensor(first)]
        elif name == "ADD" and constant is not None:
            least = SMALLEST_STEP * float(statistics[output]["max"] - statistics[output]["min"])
            low, high = float(constant.min()), float(constant.max())
            statistics[graph.tensor(others[0])] = _statistic(low, max(high, low + least))
    return statistics


def _in_steps_of(values: npt.NDArray[np.float32], step: float) -> bool:
    return bool(np.all(values % step == 0) and values.min() >= 0 and values.max() <= 255 * step)


def _of_weights(graph: TfliteGraph) -> dict[str, Any]:
    """Each channel's range, chosen so that its levels lie nearest to its weights.

    The largest weight lies on level 100 to 127. Level 126 makes the filter [1, 3, 3, 1] exact; 127 makes it 0.4 % too weak.
    """
    statistics = {}
    for op in graph.ops:
        if graph.name(op) not in CONVOLUTIONS:
            continue
        weight = graph.constant(op.inputs[1])
        assert weight is not None
        channel = weight.ndim - 1 if graph.name(op) == "DEPTHWISE_CONV_2D" else 0
        others = tuple(axis for axis in range(weight.ndim) if axis != channel)
        largest = np.abs(weight).max(axis=others, keepdims=True)
        best, step = np.full_like(largest, np.inf), largest / 127
        same = 1e-9 * np.square(weight).sum(axis=others, keepdims=True)  # of equals, the highest level
        for level in range(127, 99, -1):
            tried = np.maximum(largest, 1e-9) / level
            error = np.square(np.rint(weight / tried) * tried - weight).sum(axis=others, keepdims=True)
            better = error < best - same
            best, step = np.where(better, error, best), np.where(better, tried, step)
        statistics[graph.tensor(op.inputs[1])] = _statistic(-127 * step, 127 * step)
    return statistics


@contextlib.contextmanager
def _all_known() -> Iterator[None]:
    """Lets the quantizer treat two operations that it does not know as their likes.

    LEAKY_RELU as RELU: integers in, integers of their own out; DEPTH_TO_SPACE as its inverse: the same integers, moved.
    """
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils

    known = tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME
    alike = {
        qtyping.BuiltinOperator.LEAKY_RELU: qtyping.TFLOperationName.RELU,
        qtyping.BuiltinOperator.DEPTH_TO_SPACE: qtyping.TFLOperationName.SPACE_TO_DEPTH,
    }
    tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME = type(known)({**known, **alike})
    try:
        yield
    finally:
        tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME = known


def _write(store: Any, statistics: dict[str, Any], path: Path) -> None:
    quantized = store.quantize(statistics or None, enable_progress_report=False).quantized_model
    path.write_bytes(bytes(quantized))
