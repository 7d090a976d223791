"""The generator itself, run by torch: the yardstick for every format, and a Fill without exporting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.base import Runner

if TYPE_CHECKING:
    import torch

DEVICES = ("cpu", "cuda", "mps")


def run_by_torch(network: torch.nn.Module, device: str = "cpu") -> Runner:
    """A Fill out of a generator: ``fill(image, mask) -> image``, NCHW float32 in [0,1], mask 1 = hole.

    Args:
        network: is moved to ``device``.
        device: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        ToolchainMissing: there is no such device here.
    """
    import torch

    if device not in DEVICES:
        raise ToolchainMissing(f"--device {device}: torch runs on {', '.join(DEVICES)}; others are for --artifact FILE.onnx")
    if (device == "cuda" and not torch.cuda.is_available()) or (device == "mps" and not torch.backends.mps.is_available()):
        raise ToolchainMissing(
            f"--device {device}: torch {torch.__version__} finds none here; leave --device out to run on the CPU"
        )
    network = network.to(device)

    def fill(image: Image, mask: Image) -> Image:
        with torch.inference_mode():
            output: Image = network(torch.from_numpy(image).to(device), torch.from_numpy(mask).to(device)).cpu().numpy()
        return output

    where = "" if device == "cpu" else f" on {device}"
    return Runner(fill, f"torch {torch.__version__}{where}", "fp32")
