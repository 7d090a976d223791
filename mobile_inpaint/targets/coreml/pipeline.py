"""One-file pipelines in Core ML, for photos of the network's size: 8-bit pictures in, an 8-bit picture out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobile_inpaint.artifact import Contract, TensorSpec
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.pipeline.fixed_size import composite, grain_field

if TYPE_CHECKING:
    import torch


def tensors(size_px: int) -> tuple[tuple[TensorSpec, ...], TensorSpec]:
    """Inputs and output."""
    side = (size_px, size_px)
    return (
        TensorSpec("image", "image", side, "uint8", 0.0, 255.0, "RGB"),
        TensorSpec("mask", "image", side, "uint8", 0.0, 255.0, "grey"),
    ), TensorSpec("result", "image", side, "uint8", 0.0, 255.0, "RGB")


def exported(network: torch.nn.Module, contract: Contract) -> Any:
    """The coremltools model of the whole pipeline; only the network computes in float16, if anything does."""
    import coremltools as ct
    import torch
    from coremltools.converters.mil.mil.scope import ScopeSource

    from mobile_inpaint.targets.coreml.convert import converted

    class Network(torch.nn.Module):
        """Called as a module, so that the converter knows which operations are the network's."""

        def __init__(self) -> None:
            super().__init__()
            self.inner: Any = network

        def forward(self, holed: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.inner.predict(holed)
            return answer

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = Network()
            self.bells = torch.nn.Buffer(grain_field(contract.size_px).float())

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            white = (mask >= 128).float()
            hole = white if contract.hole else 1 - white
            answer = self.network(torch.cat([hole, image * (1 - hole) * (1 / 255)], dim=1))
            return composite(image[0], hole[0], answer[0], self.bells, Compositor(contract.size_px, context=1.0))[None]

    def of_network(operation: Any) -> bool:
        return "network" in operation.scopes.get(ScopeSource.TORCHSCRIPT_MODULE_NAME, [])

    return converted(Pipeline(), contract, half=ct.transform.FP16ComputePrecision(op_selector=of_network))


def fill_by(path: Path, hole: int) -> Callable[[Pixels, Flags], Pixels]:
    """``fill(pixels, hole) -> pixels`` by our interpreter of the program at ``path``, whose contract says ``hole``."""
    from mobile_inpaint.targets.coreml.interpreter import Program

    program = Program(path)

    def fill(pixels: Pixels, flags: Flags) -> Pixels:
        mask = np.where(flags == bool(hole), np.float32(255), np.float32(0))
        result = program({"image": pixels.transpose(2, 0, 1)[None].astype(np.float32), "mask": mask[None, None]})
        filled: Pixels = result[0].transpose(1, 2, 0).astype(np.uint8)
        return filled

    return fill


def fill_by_core_ml(path: Path, hole: int) -> Callable[[Pixels, Flags], Pixels]:
    """The same by Core ML itself, on macOS."""
    import coremltools as ct
    from PIL import Image as pillow

    model = ct.models.MLModel(str(path))

    def fill(pixels: Pixels, flags: Flags) -> Pixels:
        mask = np.where(flags == bool(hole), np.uint8(255), np.uint8(0))
        result = model.predict({"image": pillow.fromarray(pixels), "mask": pillow.fromarray(mask)})["result"]
        return np.array(result.convert("RGB"))

    return fill
