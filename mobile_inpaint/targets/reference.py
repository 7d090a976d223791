"""The generator itself, run by torch: the yardstick for every format, and a Fill without exporting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.base import Runner

if TYPE_CHECKING:
    import torch


def run_by_torch(network: torch.nn.Module) -> Runner:
    """A Fill out of a generator on the CPU: ``fill(image, mask) -> image``, NCHW float32 in [0,1], mask 1 = hole.

    Args:
        network: is moved to the CPU.
    """
    import torch

    network = network.to("cpu")

    def fill(image: Image, mask: Image) -> Image:
        with torch.inference_mode():
            output: Image = network(torch.from_numpy(image), torch.from_numpy(mask)).numpy()
        return output

    return Runner(fill, f"torch {torch.__version__}", "fp32")
