"""One-file pipelines in TFLite, for photos of the network's size: 8-bit photo and mask in, 8-bit photo out."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Contract, TensorSpec
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.pipeline.fixed_size import composite, grain_field
from mobile_inpaint.targets.tflite.flatbuffer import read_model

if TYPE_CHECKING:
    from torch import Tensor, nn


def tensors(size_px: int) -> tuple[tuple[TensorSpec, ...], TensorSpec]:
    """Inputs and output."""
    rgb, grey = (1, size_px, size_px, 3), (1, size_px, size_px, 1)
    return (
        TensorSpec("image", "NHWC", rgb, "uint8", 0.0, 255.0, "RGB"),
        TensorSpec("mask", "NHWC", grey, "uint8", 0.0, 255.0, "grey"),
    ), TensorSpec("result", "NHWC", rgb, "uint8", 0.0, 255.0, "RGB")


def wrap(network: Any, contract: Contract) -> Any:
    """The model of the whole pipeline round the model of a network, as LiteRT's schema has them; of whatever precision.

    The network's own graph is taken over as it is; what stands before and behind it is converted by itself.
    """
    import torch

    size_px, dtype = contract.size_px, torch.uint8
    image = torch.zeros(1, size_px, size_px, 3, dtype=dtype)
    mask, answer = torch.zeros(1, size_px, size_px, 1, dtype=dtype), torch.zeros(1, size_px, size_px, 3)
    before, behind = _modules(contract)
    whole = _converted(before, {"image": image, "mask": mask})
    signature = whole.signatureDefs[0]
    given, holed = _by_name(signature.inputs), [tensor.tensorIndex for tensor in signature.outputs]
    inner = _append(whole, network, {"image": holed[0], "mask": holed[1]})
    bells = grain_field(size_px)
    last = _converted(behind, {"image": image, "mask": mask, "output": answer, "bells": bells.float()})
    signature.outputs = last.signatureDefs[0].outputs
    signature.outputs[0].name = "result"
    made = _append(whole, last, given | {"output": inner[0], "bells": _add_constant(whole, bells.numpy())})
    signature.outputs[0].tensorIndex = made[0]
    whole.subgraphs[0].outputs = made
    return whole


def _modules(contract: Contract) -> tuple[nn.Module, nn.Module]:
    """What stands before the network and what behind it."""
    import torch

    numbers, hole = Compositor(contract.size_px, context=1.0), contract.hole

    def flags(mask: Tensor) -> Tensor:
        white = (mask.float() >= 128).float()
        return white if hole else 1 - white

    class Before(torch.nn.Module):
        def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            return image.float() * (1 - flags(mask)) / 255, flags(mask)

    class Behind(torch.nn.Module):
        def forward(self, image: Tensor, mask: Tensor, output: Tensor, bells: Tensor) -> Tensor:
            photo, answer = (one[0].permute(2, 0, 1) for one in (image.float(), output))
            todo = flags(mask)[0].permute(2, 0, 1)
            filled = composite(photo, todo, answer, bells, numbers)
            return filled.permute(1, 2, 0)[None].to(torch.uint8)

    return Before().eval(), Behind().eval()


def _converted(module: nn.Module, example: Mapping[str, Tensor]) -> Any:
    os.environ.setdefault("LITERT_TORCH_SHOW_PROGRESS", "n")
    import litert_torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.tflite"
        litert_torch.convert(module, sample_kwargs=dict(example)).export(str(path))
        return read_model(path)


def _by_name(tensors: Any) -> dict[str, int]:
    names = {tensor.name: tensor.tensorIndex for tensor in tensors}
    return {name.decode() if isinstance(name, bytes) else name: index for name, index in names.items()}


def _add_constant(model: Any, values: npt.NDArray[np.int16]) -> int:
    """Where ``values``, whole numbers up to 2048, are as float32; stored in half the bytes."""
    from ai_edge_litert import schema_py_generated as schema

    graph, kind = model.subgraphs[0], schema.TensorType
    buffer, code, op = schema.BufferT(), schema.OperatorCodeT(), schema.OperatorT()
    buffer.data = np.frombuffer(values.astype(np.float16).tobytes(), np.uint8)
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 3  # the first that takes float16
    op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes), [len(graph.tensors)], [len(graph.tensors) + 1]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.DequantizeOptions, schema.DequantizeOptionsT()
    for name, dtype, place in (("bells_fp16", kind.FLOAT16, len(model.buffers)), ("bells", kind.FLOAT32, 0)):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.buffer, tensor.shape = name.encode(), dtype, place, list(values.shape)
        graph.tensors.append(tensor)
    model.buffers.append(buffer)
    model.operatorCodes.append(code)
    graph.operators.append(op)
    return int(op.outputs[0])


def _append(model: Any, other: Any, inputs: Mapping[str, int]) -> list[int]:
    """Takes the graph of ``other`` into ``model``, tensors of it for its ``inputs``; returns where its outputs are."""
    graph, taken = model.subgraphs[0], other.subgraphs[0]
    codes, buffers = len(model.operatorCodes), len(model.buffers)
    model.operatorCodes = [*model.operatorCodes, *other.operatorCodes]
    model.buffers = [*model.buffers, *other.buffers]
    signature = other.signatureDefs[0]
    place = {index: inputs[name] for name, index in _by_name(signature.inputs).items()}
    for index, tensor in enumerate(taken.tensors):
        if index not in place:
            place[index] = len(graph.tensors)
            tensor.buffer += buffers
            graph.tensors.append(tensor)
    place[-1] = -1  # an input that is left out
    for op in taken.operators:
        op.opcodeIndex += codes
        op.inputs, op.outputs = ([place[int(index)] for index in indices] for indices in (op.inputs, op.outputs))
        graph.operators.append(op)
    return [place[tensor.tensorIndex] for tensor in signature.outputs]


def fill_by(interpreter: Any, hole: int) -> Callable[[Pixels, Flags], Pixels]:
    """``fill(pixels, hole) -> pixels`` by a LiteRT ``interpreter`` of a file whose contract says ``hole``, tensors in place.

    Raises:
        KeyError: the file has other tensors than a one-file pipeline.
    """
    runner = interpreter.get_signature_runner("serving_default")
    tensors = runner.get_input_details() | runner.get_output_details()
    image_at, mask_at, result_at = (tensors[name]["index"] for name in ("image", "mask", "result"))
    one_at_a_time = threading.Lock()

    def fill(pixels: Pixels, flags: Flags) -> Pixels:
        mask = np.where(flags == bool(hole), np.uint8(255), np.uint8(0))
        with one_at_a_time:  # and by index: a signature runner plans its memory anew at each call
            interpreter.set_tensor(image_at, np.ascontiguousarray(pixels[None]))
            interpreter.set_tensor(mask_at, mask[None, :, :, None])
            interpreter.invoke()
            result: Pixels = interpreter.get_tensor(result_at)[0]
        return result

    return fill
