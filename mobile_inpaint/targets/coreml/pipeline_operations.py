"""What the operations compute that only the compositor inside a Core ML program uses; see :mod:`mil_operations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from mobile_inpaint.targets.coreml.operations import Operation, Values


def one_file_operations() -> dict[str, Operation]:
    """The operations by name; each takes its inputs by name."""
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
