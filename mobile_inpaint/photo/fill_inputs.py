"""Whether a Fill can take an image and a mask: said in one line before a runtime says it in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mobile_inpaint.errors import ArgumentError, MaskError, PhotoError
from mobile_inpaint.photo.io.source import kind_of

_HINT = "mobile_inpaint.fill and Compositor.of bring photos of any size into that form"


def check_arrays(image: Any, mask: Any, size: tuple[int, int], taker: str, *, batch: int | None = None) -> None:
    """Returns if ``taker`` can take both arrays.

    Args:
        image: must be NCHW float32 RGB in [0,1].
        mask: must be N1HW float32 in [0,1], 1 = hole.
        size: height and width that it takes.
        taker: by which messages call it.
        batch: the only N that it takes; None takes any.

    Raises:
        ArgumentError: another kind, dtype, shape or range.
    """
    for name, array in (("image", image), ("mask", mask)):
        if not isinstance(array, np.ndarray):
            raise ArgumentError(f"the {name} is {kind_of(array)}: {taker} takes NCHW float32 arrays; {_HINT}")
        if array.dtype != np.float32:
            raise ArgumentError(f"the {name}'s dtype is {array.dtype}: {taker} takes float32 in [0,1]; {_HINT}")
    check_shapes(image.shape, mask.shape, size, taker, batch=batch)
    for name, array in (("image", image), ("mask", mask)):
        check_range(name, float(array.min()), float(array.max()), taker)


def check_shapes(
    image: Sequence[int], mask: Sequence[int], size: tuple[int, int], taker: str, *, batch: int | None = None
) -> None:
    """Returns if ``taker`` can take an image and a mask of these shapes; see :func:`check_arrays`.

    Raises:
        ArgumentError: it cannot.
    """
    n = "N" if batch is None else str(batch)
    height, width = size
    for name, shape, channels in (("image", image, 3), ("mask", mask, 1)):
        number = image[0] if len(image) and batch is None else batch
        if tuple(shape) != (number, channels, height, width) or number == 0:
            wanted = f"[{n}, {channels}, {height}, {width}]"
            raise ArgumentError(f"the {name}'s shape is {list(shape)}: {taker} takes {wanted}; {_HINT}")


def check_range(name: str, low: float, high: float, taker: str) -> None:
    """Returns if all values are from 0 to 1.

    Raises:
        ArgumentError: they are not.
    """
    if not (low >= 0 and high <= 1):
        what = "RGB in [0,1]" if name == "image" else "1 = hole, 0 = keep"
        raise ArgumentError(f"the {name}'s values are from {low:g} to {high:g}: {taker} takes {what}")


def check_pixels(pixels: Any, hole: Any) -> None:
    """Returns if these are a photo's pixels and their hole.

    Args:
        pixels: must be HWC uint8 RGB.
        hole: must be HW bool, True = to be filled, of the same height and width.

    Raises:
        PhotoError: ``pixels`` are of another kind, dtype or shape.
        MaskError: ``hole`` is, or has another height or width than ``pixels``.
    """
    hint = "use mobile_inpaint.fill, which takes photos and masks of many kinds, or Photo.from_array and Mask.from_array"
    if not isinstance(pixels, np.ndarray):
        own = "; give photo.pixels" if hasattr(pixels, "pixels") else ""
        raise PhotoError(f"the pixels are {kind_of(pixels)}: give HWC uint8 RGB{own or f'; {hint}'}")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise PhotoError(f"the pixels are {pixels.dtype} {list(pixels.shape)}: give HWC uint8 RGB; {hint}")
    if not isinstance(hole, np.ndarray):
        own = "; give mask.hole" if hasattr(hole, "hole") else ""
        raise MaskError(f"the mask is {kind_of(hole)}: give HW bool, True = to be filled{own or f'; {hint}'}")
    if hole.dtype != np.bool_ or hole.ndim != 2:
        raise MaskError(f"the mask is {hole.dtype} {list(hole.shape)}: give HW bool, True = to be filled; {hint}")
    if hole.shape != pixels.shape[:2]:
        sizes = (f"{array.shape[1]}x{array.shape[0]}" for array in (hole, pixels))
        raise MaskError("the mask is {}, the photo {}: give a mask of the photo's size".format(*sizes))
