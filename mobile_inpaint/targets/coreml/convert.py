"""A module of torch as a Core ML program: two pictures in, one picture out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mobile_inpaint.artifact import Contract

if TYPE_CHECKING:
    import torch


def converted(module: torch.nn.Module, contract: Contract, *, half: Any) -> Any:
    """The coremltools model of ``module(image, mask)``, whose output has the name in ``contract``.

    Args:
        module: takes and returns grey levels, NCHW float32.
        contract: what the file must promise.
        half: what coremltools computes in float16 for precisions other than fp32.
    """
    import coremltools as ct
    import torch

    rgb, grey = (1, 3, contract.size_px, contract.size_px), (1, 1, contract.size_px, contract.size_px)
    return ct.convert(
        torch.jit.trace(module.eval(), (torch.zeros(rgb), torch.zeros(grey))),  # type: ignore[no-untyped-call]
        convert_to="mlprogram",
        inputs=[
            ct.ImageType(name="image", shape=rgb, color_layout=ct.colorlayout.RGB),
            ct.ImageType(name="mask", shape=grey, color_layout=ct.colorlayout.GRAYSCALE),
        ],
        outputs=[ct.ImageType(name=contract.output.name, color_layout=ct.colorlayout.RGB)],
        minimum_deployment_target=ct.target[contract.deployment],
        compute_precision=ct.precision.FLOAT32 if contract.precision == "fp32" else half,
        skip_model_load=True,
    )
