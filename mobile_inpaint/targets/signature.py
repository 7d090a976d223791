"""The inputs that a model file without a manifest declares, and the file ready to run on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits

Array: TypeAlias = npt.NDArray[Any]

FREE_SIDE_PX = 512
"""What a dimension that the file leaves free becomes; the first one, the batch, becomes 1."""


@dataclass(frozen=True)
class Input:
    """One input as the file declares it, with a size for its free dimensions.

    Attributes:
        dtype: numpy's name for it.
        free: the free dimensions, by the file's own name or by position, and the size that each was given.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    free: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ExternalRunner:
    """A loaded file.

    Attributes:
        run: the file's first output for arrays by input name, read back into memory; BenchError where it cannot.
        inputs: what ``run`` takes.
        runtime: name and version, for example ``onnxruntime 1.31.1``.
        computes_in: the arithmetic; None where nobody says.
    """

    run: Callable[[Mapping[str, Array]], Array]
    inputs: tuple[Input, ...]
    runtime: str
    computes_in: str | None = None


def resolve_dynamic(path: Path, name: str, shape: list[Any], dtype: str) -> Input:
    """The input, each dimension that is not a positive number given a size.

    Raises:
        BenchError: it is not a tensor of numbers, or a large one.
    """
    try:
        numeric = np.dtype(dtype).kind in "fiub"
    except TypeError:
        numeric = False
    if not numeric:
        raise BenchError(f"{path.name}: input {quoted(name)} is of {dtype}, which bench cannot make up")
    sides, free = [], {}
    for position, side in enumerate(shape):
        if not isinstance(side, int) or side <= 0:
            label = side if isinstance(side, str) else f"{name}[{position}]"
            side = free[label] = 1 if position == 0 else FREE_SIDE_PX
        sides.append(side)
    size = math.prod(sides) * np.dtype(dtype).itemsize
    if size > limits.LARGEST_FED:
        most = f"at most {limits.LARGEST_FED / 1e9:.2f} GB are made up"
        raise BenchError(f"{path.name}: input {quoted(name)} takes {size / 1e9:.1f} GB; {most}")
    return Input(name, tuple(sides), dtype, free)
