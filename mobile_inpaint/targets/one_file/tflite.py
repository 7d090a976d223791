"""One-file pipelines in TFLite, for photos of the network's size: 8-bit photo and mask in, 8-bit photo out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobile_inpaint.artifact import Contract, TensorSpec
from mobile_inpaint.photo.compositor import Compositor
from mobile_inpaint.targets.one_file.fixed_size import composite, grain_field
from mobile_inpaint.targets.tflite_graph import read_model

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
    last = _converted(behind, {"image": image, "mask": mask, "output": answer})
    signature.outputs = last.signatureDefs[0].outputs
    signature.outputs[0].name = "result"
    made = _append(whole, last, given | {"output": inner[0]})
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
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("bells", grain_field(contract.size_px))

        def forward(self, image: Tensor, mask: Tensor, output: Tensor) -> Tensor:
            photo, answer = (one[0].permute(2, 0, 1) for one in (image.float(), output))
            todo = flags(mask)[0].permute(2, 0, 1)
            filled = composite(photo, todo, answer, self.bells.float(), numbers)
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
