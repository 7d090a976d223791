"""What the operations of a Core ML program compute, in torch; a tensor of fp16 is held as float16, channels last.

Source: operations as defined in Apple's MIL operator reference for iOS 15 to 18, and their ``value_inference`` in coremltools.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission import limits

if TYPE_CHECKING:
    import torch

Values = dict[str, Any]
Operation = Callable[[Values], Any]

IN_CACHE = 1 << 18
"""Values that several steps in a row take at once: together they stay in a core's second-level cache."""


def constant(op: Any) -> Any:
    """What a ``const`` holds, or a compressed constant once decompressed; a torch tensor where it is an array of floats."""
    import torch

    value = op.outputs[0].val if op.op_type == "const" else _decompressed(op)
    if isinstance(value, np.ndarray | np.floating) and value.dtype in (np.float16, np.float32):
        return torch.from_numpy(np.array(value))
    return value


def _decompressed(op: Any) -> Any:
    elements = math.prod(int(side) for side in op.outputs[0].shape)
    if 4 * elements > limits.LARGEST_TENSOR:
        raise ManifestError(f"a constant of {elements} elements; the limit is {limits.LARGEST_TENSOR // 4}")
    # the reference repeats the table for each weight, gigabytes for a palette of 256
    if op.op_type == "constexpr_lut_to_dense" and op.lut.val.ndim > 1 and op.lut.val.shape[-1] == 1:
        return _from_palettes(op.indices.val, op.lut.val[..., 0])
    if op.op_type == "constexpr_lut_to_dense" and elements * op.lut.val.size > limits.LARGEST_TENSOR:
        raise ManifestError("a palette of vectors, too large to be read here")
    return op.materialized_val_inference()


def _from_palettes(indices: npt.NDArray[Any], palettes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Dense weights; ``palettes`` has one more dimension than ``indices`` and one table for each equal block of them."""
    dense = np.empty(indices.shape, palettes.dtype)
    sides = [whole // blocks for whole, blocks in zip(indices.shape, palettes.shape, strict=False)]
    for block in np.ndindex(palettes.shape[:-1]):
        here = tuple(slice(i * side, (i + 1) * side) for i, side in zip(block, sides, strict=True))
        dense[here] = palettes[block][indices[here].astype(np.uint8)]
    return dense


def operations() -> dict[str, Operation]:
    """The operations by name; each takes its inputs by name and returns what the caller rounds to the output's type."""
    import torch
    from torch.nn import functional as F

    def conv(a: Values) -> torch.Tensor:
        top, bottom, left, right = (int(n) for n in a["pad"]) if a["pad_type"] == "custom" else (0, 0, 0, 0)
        x, padding = a["x"].float(), (top, left)
        if (top, left) != (bottom, right):
            x, padding = F.pad(x, (left, right, top, bottom)), (0, 0)
        stride, dilation = (tuple(int(n) for n in a[key]) for key in ("strides", "dilations"))
        bias = a["bias"].float() if "bias" in a else None
        return F.conv2d(x, a["weight"].float(), bias, stride, padding, dilation, int(a["groups"]))

    def conv_transpose(a: Values) -> torch.Tensor:
        top, bottom, left, right = (int(n) for n in a["pad"]) if a["pad_type"] == "custom" else (0, 0, 0, 0)
        stride, dilation = (tuple(int(n) for n in a[key]) for key in ("strides", "dilations"))
        bias = a["bias"].float() if "bias" in a else None
        x = F.conv_transpose2d(a["x"].float(), a["weight"].float(), bias, stride, 0, 0, int(a["groups"]), dilation)
        return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]  # what a convolution pads, this cuts off

    def batch_norm(a: Values) -> torch.Tensor:
        gamma, beta = (a[key].float() if key in a else None for key in ("gamma", "beta"))
        mean, variance = a["mean"].float(), a["variance"].float()
        return F.batch_norm(a["x"].float(), mean, variance, gamma, beta, eps=float(a["epsilon"]))

    def pool(a: Values, by: Callable[..., torch.Tensor]) -> torch.Tensor:
        sides, strides = (tuple(int(n) for n in a[key]) for key in ("kernel_sizes", "strides"))
        if any(int(n) for n in a["pad"]) or bool(a["ceil_mode"]):
            raise ManifestError("our interpreter of Core ML programs knows no pooling with a border")
        return by(a["x"].float(), sides, strides).to(a["x"].dtype)

    def upsample_bilinear(a: Values) -> torch.Tensor:
        factors = (float(a["scale_factor_height"]), float(a["scale_factor_width"]))
        return F.interpolate(a["x"], scale_factor=factors, mode="bilinear", align_corners=bool(a["align_corners"]))

    return pipeline_operations() | {
        "add": lambda a: torch.as_tensor(a["x"]) + torch.as_tensor(a["y"]),
        "avg_pool": lambda a: pool(a, F.avg_pool2d),
        "batch_norm": batch_norm,
        "cast": lambda a: a["x"],
        "clip": lambda a: a["x"].clamp(float(a["alpha"]), float(a["beta"])),
        "concat": concat,
        "conv": conv,
        "conv_transpose": conv_transpose,
        "dequantize": _dequantize,
        "leaky_relu": lambda a: F.leaky_relu(a["x"], float(a["alpha"])),
        "max_pool": lambda a: pool(a, F.max_pool2d),
        "mul": lambda a: torch.as_tensor(a["x"]) * torch.as_tensor(a["y"]),
        "quantize": _quantize,
        "relu": lambda a: a["x"].relu(),
        "sigmoid": lambda a: a["x"].sigmoid(),
        "tanh": lambda a: a["x"].tanh(),
        "sub": lambda a: torch.as_tensor(a["x"]) - torch.as_tensor(a["y"]),
        "upsample_bilinear": upsample_bilinear,
    }


def _quantize(a: Values) -> torch.Tensor:
    """clip(round(input / scale) + zero_point): the quotient in the input's own type, halves to even."""
    import torch

    dtype = torch.int8 if a["output_dtype"] == "int8" else torch.uint8
    limits = torch.iinfo(dtype)
    result = torch.empty_like(a["input"], dtype=dtype)
    for part, into in zip(_parts(a["input"]), _parts(result), strict=True):
        # float32 is faster than float16 on a CPU, and whole numbers are the same
        levels = part.div(a["scale"]).round_().float()
        into.copy_(levels.add_(int(a.get("zero_point", 0))).clamp_(limits.min, limits.max))
    return result


def _dequantize(a: Values) -> torch.Tensor:
    """scale * (input - zero_point)."""
    import torch

    scale = a["scale"]
    result = torch.empty_like(a["input"], dtype=scale.dtype)
    for part, into in zip(_parts(a["input"]), _parts(result), strict=True):
        # a product of two float16 is exact in float32, and rounds once; on a CPU sooner than in float16
        into.copy_(part.float().sub_(int(a.get("zero_point", 0))).mul_(scale.float()))
    return result


def _parts(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """A dense tensor's values in the order in which they lie in memory, a cacheful at a time."""
    flat = tensor.as_strided((tensor.numel(),), (1,))
    return (flat[start : start + IN_CACHE] for start in range(0, len(flat), IN_CACHE))


def pipeline_operations() -> dict[str, Operation]:
    """Those that only a compositor inside a program uses, by name; each takes its inputs by name."""
    import torch

    def of(a: Values) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.as_tensor(a["x"]), torch.as_tensor(a["y"])

    def over_axes(a: Values) -> tuple[torch.Tensor, tuple[int, ...], bool]:
        return a["x"], tuple(int(axis) for axis in a["axes"]), bool(a["keep_dims"])

    return {
        "abs": lambda a: a["x"].abs(),
        "equal": lambda a: torch.eq(*of(a)),
        "expand_dims": _expand_dims,
        "floor": lambda a: a["x"].floor(),
        "greater": lambda a: torch.gt(*of(a)),
        "greater_equal": lambda a: torch.ge(*of(a)),
        "less": lambda a: torch.lt(*of(a)),
        "less_equal": lambda a: torch.le(*of(a)),
        "maximum": lambda a: torch.maximum(*of(a)),
        "minimum": lambda a: torch.minimum(*of(a)),
        "real_div": lambda a: torch.true_divide(*of(a)),
        "reduce_max": lambda a: torch.amax(*over_axes(a)),
        "reduce_min": lambda a: torch.amin(*over_axes(a)),
        "reduce_sum": lambda a: torch.sum(*over_axes(a)),
        "slice_by_index": _slice_by_index,
        "sqrt": lambda a: a["x"].sqrt(),
    }


def concat(a: Values) -> torch.Tensor:
    """One behind the other along an axis, or by turns."""
    import torch

    values, axis = a["values"], int(a["axis"]) % a["values"][0].ndim
    return torch.stack(values, axis + 1).flatten(axis, axis + 1) if a.get("interleave", False) else torch.cat(values, axis)


def _expand_dims(a: Values) -> torch.Tensor:
    x: torch.Tensor = a["x"]
    for axis in sorted(int(axis) for axis in a["axes"]):
        x = x.unsqueeze(axis)
    return x


def _slice_by_index(a: Values) -> torch.Tensor:
    x: torch.Tensor = a["x"]

    def given(name: str, default: int) -> list[int]:
        return [int(number) for number in a[name]] if name in a else [default] * x.ndim

    begin, end, stride = given("begin", 0), given("end", 0), given("stride", 1)
    from_start, to_end, one = given("begin_mask", 0), given("end_mask", 0), given("squeeze_mask", 0)
    key: list[Any] = []
    for axis in range(x.ndim):
        if one[axis]:
            key.append(begin[axis])
        else:
            start, stop = None if from_start[axis] else begin[axis], None if to_end[axis] else end[axis]
            key.append(slice(start, stop, stride[axis]))
    return x[tuple(key)]
