"""Whether float16 can hold what a file computes: phones' GPUs and neural engines know no wider number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.data.golden_photos import GoldenSamples
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.graph import Graph, declared_bytes
from mobile_inpaint.targets.registry import target_of

LARGEST = float(np.finfo(np.float16).max)
"""65,504; what is larger becomes infinite. Source: IEEE 754, binary16."""
HEADROOM = 10
"""An activation within this factor of ``LARGEST`` is named: other photos reach further than ours."""
ROUNDING = 0.01
"""A constant is named where float16 changes it by more than this share of its length. Ordinary rounding takes 0.0005 at most:
more is lost only where values are so small (below 6e-5) that they lose bits, or become 0."""


@dataclass(frozen=True)
class Headroom:
    """How large a file's values grow.

    Attributes:
        photos: how many of the golden photos were run; 0 where ``unmeasured`` says why.
        unmeasured: empty where it was measured.
        largest: by tensor, the largest magnitude; infinite where a value was, or was no number. Those within ``HEADROOM`` of
            float16's largest, and always the first: largest first.
        lost: by constant, the share of its length that float16 rounds away, where it is above ``ROUNDING``.
    """

    photos: int
    unmeasured: str
    largest: Mapping[str, float]
    lost: Mapping[str, float]


def measure_headroom(path: Path, graph: Graph, *, run: bool = True) -> Headroom:
    """How near the file at ``path`` comes to float16's largest number on the golden photos, constants included.

    Args:
        path: of a file that takes ``image`` and ``mask`` as ours do; of any other only the constants are looked at.
        graph: of the file.
        run: false to look at constants alone.

    Raises:
        ManifestError: the runtime cannot run the file.
        ToolchainMissing: with the pip line.
    """
    largest = {
        tensor.name: _magnitude(tensor.values)
        for tensor in graph.tensors.values()
        if tensor.values is not None and tensor.values.dtype.kind == "f"
    }
    lost = {name: share for name, share in _lost(graph).items() if share > ROUNDING}
    side, unmeasured = _side(graph)
    photos = GoldenSamples(side) if run and side else ()

    def see(name: str, values: npt.NDArray[Any]) -> None:
        largest[name] = max(largest.get(name, 0.0), _magnitude(values))

    if photos and "observe" not in target_of(path).capabilities:
        photos, unmeasured = (), "its runtime does not show what it computes"
    if photos:
        target_of(path).observe(path, photos, see)
    ranked = sorted(largest.items(), key=lambda item: -item[1])
    named = [item for i, item in enumerate(ranked) if i == 0 or item[1] * HEADROOM > LARGEST]
    return Headroom(len(photos), "" if photos else unmeasured or "the file was not run", dict(named), lost)


def _magnitude(values: npt.NDArray[Any]) -> float:
    if values.size == 0:
        return 0.0
    low, high = float(values.min()), float(values.max())
    return max(-low, high) if np.isfinite(low) and np.isfinite(high) else float("inf")


def _lost(graph: Graph) -> dict[str, float]:
    shares = {}
    for tensor in graph.tensors.values():
        if tensor.values is not None and tensor.values.dtype in (np.float32, np.float64):
            exact = np.clip(tensor.values.astype(np.float64), -LARGEST, LARGEST)  # what is larger is told by its magnitude
            length = float(np.linalg.norm(exact))
            shares[tensor.name] = float(np.linalg.norm(exact - exact.astype(np.float16))) / length if length else 0.0
    return shares


def _side(graph: Graph) -> tuple[int, str]:
    """The side of the square that the file takes, or 0 and why it cannot be given our photos."""
    if set(graph.inputs) != {"image", "mask"}:
        return 0, f"its inputs are {', '.join(graph.inputs)}, not image and mask"
    image = graph.tensors[graph.inputs["image"]]
    shape = image.shape or ()
    side = shape[2] if len(shape) == 4 else None
    if not side or shape not in ((1, 3, side, side), (1, side, side, 3)) or image.dtype != "float32":
        return 0, "its image is not a float32 square of fixed size"
    if side > limits.LARGEST_SIDE:
        return 0, f"its image is {side} px wide, and at most {limits.LARGEST_SIDE} px are fed"
    largest = max(graph.tensors.values(), key=declared_bytes)
    if declared_bytes(largest) > limits.LARGEST_FED:
        said = f"{quoted(largest.name)} takes {declared_bytes(largest) / 1e9:.1f} GB"
        return 0, f"{said}, and at most {limits.LARGEST_FED / 1e9:.2f} GB are computed"
    return side, ""
