"""A float16 Core ML model into fewer bits, by the optimizers of coremltools and with ranges of our own.

What those optimizers leave to us: ``linear_quantize_activations`` finds ranges by predicting, which only macOS can, and keeps
those of the last sample alone (coremltools 9.0, ``_update_tensor_range`` overwrites before it compares). It gets ours instead,
from all samples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mobile_inpaint.artifact import Quantization
from mobile_inpaint.errors import ConversionError
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.targets.coreml.interpreter import Program, Step
from mobile_inpaint.targets.coreml.palettes import palette
from mobile_inpaint.targets.layers import layer_calls
from mobile_inpaint.targets.observers import Ranges

if TYPE_CHECKING:
    import torch

Bounds = dict[str, dict[str, float]]


def layers_of(program: Program, network: torch.nn.Module) -> list[tuple[str, list[Step]]]:
    """Every layer's name and the program's steps that make it: a convolution and all that follows up to the next.

    Raises:
        ConversionError: the program's convolutions are not the network's.
    """
    calls, found = layer_calls(network), list[tuple[str, list[Step]]]()
    names = list(calls)
    for step in program.steps:
        if step.kind == "conv":
            found.append((names[len(found)] if len(found) < len(names) else "", [step]))
        elif found:
            found[-1][1].append(step)
    theirs = [tuple(program.constants[str(steps[0].inputs["weight"])].shape) for _, steps in found]
    ours = [call.weight_shape for call in calls.values()]
    if theirs != ours:
        raise ConversionError(f"coreml: the program's {len(theirs)} convolutions are not the network's {len(ours)}")
    return found


def float_steps(program: Program, network: torch.nn.Module, settings: Quantization) -> list[Step]:
    """The steps of the layers that ``settings`` keep in floating point.

    Raises:
        ConversionError: the network has no such layer.
    """
    of_layer = dict(layers_of(program, network))
    if unknown := [name for name in settings.float_layers if name not in of_layer]:
        raise ConversionError(f"coreml: the network has no layer {', '.join(unknown)}")
    return [step for name in settings.float_layers for step in of_layer[name]]


def compress_weights(model: Any, precision: PrecisionName, stay_float: Sequence[Step] = ()) -> Any:
    """The model with the weights of its convolutions, but for those that stay, as int8 per channel or as palettes."""
    import coremltools.optimize as cto

    kept = {str(step.inputs["weight"]): None for step in stay_float if step.kind == "conv"}
    row = row_of(precision)
    if row.palette:
        to_palette = cto.coreml.OpPalettizerConfig(mode="custom", lut_function=palette(row.weight_bits), weight_threshold=0)
        config = cto.coreml.OptimizationConfig(op_type_configs={"conv": to_palette}, op_name_configs=kept)
        return cto.coreml.palettize_weights(model, config)
    config = cto.coreml.OptimizationConfig(op_type_configs={"conv": _to_int8()}, op_name_configs=kept)
    return cto.coreml.linear_quantize_weights(model, config)


def compress_constants(model: Any) -> Any:
    """The model with the constants that are added to maps as int8: equalized, they are a map a channel.

    Comes after :func:`quantize_activations`, which would take them for activations.
    """
    import coremltools.optimize as cto

    config = cto.coreml.OptimizationConfig(op_type_configs={"add": _to_int8()})
    return cto.coreml.linear_quantize_weights(model, config)


def _to_int8() -> Any:
    import coremltools.optimize as cto

    return cto.coreml.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", weight_threshold=0)


def quantize_activations(model: Any, program: Program, stay_float: Sequence[Step], bounds: Bounds) -> Any:
    """The model with int8 between its operations, but for those of ``stay_float`` and the compositing.

    Args:
        model: to be quantized; its tensors have the names they have in ``program``.
        program: the same in floats.
        stay_float: what is left alone.
        bounds: of each tensor, ``rmin`` and ``rmax``.
    """
    import coremltools.optimize as cto

    compositing = [step for step in program.steps if step.kind == "add"][-1]
    config = cto.coreml.OptimizationConfig(
        # asymmetric: behind a leaky ReLU, four fifths of a symmetric range's negative half would lie idle
        global_config=cto.coreml.OpLinearQuantizerConfig(mode="linear", dtype="int8"),
        op_name_configs={step.name: None for step in (*stay_float, compositing)},
    )
    with _calibrated(bounds):
        return cto.coreml.linear_quantize_activations(model, config, sample_data=[])


def bounds_of(ranges: Ranges, settings: Quantization) -> Bounds:
    """What ``ranges`` saw, as coremltools wants it."""
    # a tensor that is zero on every sample has no range, and coremltools divides by it
    return {name: {"rmin": low, "rmax": high if high > low else 1.0} for name, (low, high) in ranges.all(settings).items()}


@contextlib.contextmanager
def _calibrated(bounds: Bounds) -> Iterator[None]:
    from coremltools.optimize.coreml import _post_training_quantization as theirs

    calibrate = theirs._get_activation_calibration_stats
    theirs._get_activation_calibration_stats = lambda *_: bounds
    try:
        yield
    finally:
        theirs._get_activation_calibration_stats = calibrate
