"""TorchScript, as an example of a target outside mobile-inpaint. ``convert`` and ``load`` are all that a target must have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mobile_inpaint.artifact import Contract
from mobile_inpaint.errors import ConversionError, ManifestError
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.base import Runner, Target
from mobile_inpaint.targets.checked import checked
from mobile_inpaint.targets.toolchain import first_line

if TYPE_CHECKING:
    import torch

_CONTRACT = "contract.json"


class TorchScriptTarget(Target):
    """NCHW float32 in and out, as the base class has it."""

    name = "torchscript"
    suffix = ".torchscript"
    precisions = ("fp32",)
    requirement = "mobile-inpaint-toy-net"
    distributions = ("torch",)
    runtime = ("torch", "torch")

    def convert(self, network: torch.nn.Module, contract: Contract, out: Path) -> None:
        """See :class:`mobile_inpaint.targets.base.Target`."""
        import torch

        side = contract.size_px
        try:
            traced = torch.jit.trace(network.eval(), (torch.zeros(1, 3, side, side), torch.zeros(1, 1, side, side)))
            torch.jit.save(traced, str(out), _extra_files={_CONTRACT: contract.to_json()})
        except Exception as error:
            raise ConversionError(f"torchscript: it cannot be traced: {first_line(error)}") from error

    def load(self, path: Path, *, threads: int | None = None) -> Runner:
        """See :class:`mobile_inpaint.targets.base.Target`."""
        import torch

        if threads:
            torch.set_num_threads(threads)
        network, _ = _open(path)

        def fill(image: Image, mask: Image) -> Image:
            with torch.inference_mode():
                output: Image = network(torch.from_numpy(image), torch.from_numpy(mask)).numpy()
            return output

        return Runner(checked(path, fill), f"torch {torch.__version__}", "fp32")

    def read_contract(self, path: Path) -> Contract:
        """See :class:`mobile_inpaint.targets.base.Target`; overriding it declares the capability ``contract``."""
        return Contract.from_json(_open(path)[1], f"{path.name} (its metadata)")


TARGET = TorchScriptTarget()


def _open(path: Path) -> tuple[torch.jit.ScriptModule, str]:
    import torch

    extra = {_CONTRACT: b""}
    try:
        network = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    except Exception as error:
        raise ManifestError(f"{path.name}: torch cannot read it ({first_line(error)})") from error
    return network, extra[_CONTRACT].decode(errors="replace")
