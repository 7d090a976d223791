"""An interpreter of the program inside a saved ``.mlpackage``, for machines that cannot run Core ML.

It reads the file, not the network the file was made from, and rounds to float16 wherever the program does. Arithmetic inside
one operation is float32: how a Neural Engine accumulates is not documented, so this proves the file, not a chip.

Source: operations as defined in Apple's MIL operator reference for iOS 15 and 16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import ManifestError

Values = dict[str, Any]
Operation = Callable[[Values], Any]


class Program:
    """A Core ML program, loaded and ready to run.

    Args:
        path: the ``.mlpackage`` folder.

    Raises:
        ManifestError: the program uses an operation that this interpreter does not know.
    """

    def __init__(self, path: Path) -> None:
        from coremltools.converters.mil.frontend.milproto.load import load
        from coremltools.models.utils import load_spec

        spec = load_spec(str(path))
        weights = path / "Data" / "com.apple.CoreML" / "weights"
        self._main = load(spec, spec.specificationVersion, str(weights)).functions["main"]
        self._known = _operations()
        unknown = sorted({op.op_type for op in self._main.operations if op.op_type not in ("const", *self._known)})
        if unknown:
            raise ManifestError(f"{path.name}: our interpreter of Core ML programs does not know {', '.join(unknown)}")

    def __call__(self, inputs: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """The program's one output, float32, before any 8-bit rounding of an image-typed output."""
        import torch

        values: Values = {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in inputs.items()}
        remaining = self._uses()
        with torch.inference_mode():
            for op in self._main.operations:
                if op.op_type == "const":
                    continue
                arguments = {name: self._resolve(var, values) for name, var in op.inputs.items() if var is not None}
                result = self._known[op.op_type](arguments)
                values[op.outputs[0].name] = _round(result, op.outputs[0])
                for name in _names(op):
                    remaining[name] -= 1
                    if not remaining[name]:
                        values.pop(name, None)  # a 512-px map is 64 MiB: keep only what is still read
        output: npt.NDArray[np.float32] = values[self._main.outputs[0].name].numpy()
        return output

    def _uses(self) -> dict[str, int]:
        uses = {output.name: 1 for output in self._main.outputs}
        for op in self._main.operations:
            for name in _names(op):
                uses[name] = uses.get(name, 0) + 1
        return uses

    @staticmethod
    def _resolve(var: Any, values: Values) -> Any:
        if isinstance(var, list | tuple):
            return [Program._resolve(item, values) for item in var]
        if var.name in values:
            return values[var.name]
        if isinstance(var.val, np.ndarray) and var.val.dtype in (np.float16, np.float32):
            import torch

            return torch.from_numpy(var.val.astype(np.float32))
        return var.val


def _names(op: Any) -> list[str]:
    flat = [item for var in op.inputs.values() if var is not None for item in (var if isinstance(var, list | tuple) else [var])]
    return [item.name for item in flat]


def _round(value: Any, var: Any) -> Any:
    """``value``, float32, as exact as the program's own type of it."""
    return value.half().float() if var.dtype.__name__ == "fp16" else value


def _operations() -> dict[str, Operation]:
    import torch
    from torch.nn import functional as F

    def conv(a: Values) -> torch.Tensor:
        top, bottom, left, right = (int(n) for n in a["pad"]) if a["pad_type"] == "custom" else (0, 0, 0, 0)
        x, padding = a["x"], (top, left)
        if (top, left) != (bottom, right):
            x, padding = F.pad(x, (left, right, top, bottom)), (0, 0)
        stride, dilation = (tuple(int(n) for n in a[key]) for key in ("strides", "dilations"))
        return F.conv2d(x, a["weight"], a.get("bias"), stride, padding, dilation, int(a["groups"]))

    def upsample_bilinear(a: Values) -> torch.Tensor:
        factors = (float(a["scale_factor_height"]), float(a["scale_factor_width"]))
        return F.interpolate(a["x"], scale_factor=factors, mode="bilinear", align_corners=bool(a["align_corners"]))

    return {
        "add": lambda a: torch.as_tensor(a["x"]) + torch.as_tensor(a["y"]),
        "cast": lambda a: a["x"],
        "clip": lambda a: a["x"].clamp(float(a["alpha"]), float(a["beta"])),
        "concat": lambda a: torch.cat(a["values"], dim=int(a["axis"])),
        "conv": conv,
        "leaky_relu": lambda a: F.leaky_relu(a["x"], float(a["alpha"])),
        "mul": lambda a: torch.as_tensor(a["x"]) * torch.as_tensor(a["y"]),
        "sub": lambda a: torch.as_tensor(a["x"]) - torch.as_tensor(a["y"]),
        "upsample_bilinear": upsample_bilinear,
    }
