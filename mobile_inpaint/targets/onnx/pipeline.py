"""One-file pipelines in ONNX: photos of any size, by the names of the public ``migan_pipeline_v2.onnx``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mobile_inpaint.artifact import Contract, TensorSpec
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.pipeline.any_size import photo_model

ANY = -1
"""A side of whatever length, in a :class:`TensorSpec`."""


def tensors() -> tuple[tuple[TensorSpec, ...], TensorSpec]:
    """Inputs and output."""
    rgb, grey = (1, 3, ANY, ANY), (1, 1, ANY, ANY)
    return (
        TensorSpec("image", "NCHW", rgb, "uint8", 0.0, 255.0, "RGB"),
        TensorSpec("mask", "NCHW", grey, "uint8", 0.0, 255.0, "grey"),
    ), TensorSpec("result", "NCHW", rgb, "uint8", 0.0, 255.0, "RGB")


def wrap(network: Any, contract: Contract) -> Any:
    """The ModelProto of the whole pipeline round the ModelProto of a network."""
    return photo_model(network, Compositor(contract.size_px), hole=contract.hole)


def fill_by(session: Any, hole: int) -> Callable[[Pixels, Flags], Pixels]:
    """``fill(pixels, hole) -> pixels`` by an ONNX Runtime ``session`` of a file whose contract says ``hole``."""

    def fill(pixels: Pixels, flags: Flags) -> Pixels:
        mask = np.where(flags == bool(hole), np.uint8(255), np.uint8(0))
        given = {"image": np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]), "mask": mask[None, None]}
        result: Pixels = session.run(["result"], given)[0]
        return np.ascontiguousarray(result[0].transpose(1, 2, 0))

    return fill
