"""Photos in NumPy arrays: what is taken, and the answer in the form that was given."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import PhotoError
from mobile_inpaint.photo.io.source import kind_of

Levels: TypeAlias = npt.NDArray[np.uint8]
"""HWC uint8, C = 1, 3 or 4: grey, RGB, or RGB and alpha."""

TAKEN = "uint8 in [0,255] or float in [0,1]"
_CHANNELS = (1, 3, 4)


def levels_of(array: npt.NDArray[Any]) -> Levels:
    """The array as HWC uint8; a float is rounded to the nearest of 256 levels, a half upwards.

    Args:
        array: HW, HW1 (grey), HW3 (RGB) or HW4 (RGB and alpha, 0 = transparent); uint8 in [0,255] or float in [0,1].

    Raises:
        PhotoError: another kind, dtype, shape, layout or range.
    """
    if not isinstance(array, np.ndarray):
        raise PhotoError(f"the photo is {kind_of(array)}: give a NumPy array, HWC, {TAKEN}")
    if array.ndim == 2:
        array = array[..., None]
    shape = list(array.shape)
    if array.ndim == 4:
        raise PhotoError(f"the photo's shape is {shape}, a batch: give one photo at a time, HWC")
    if array.ndim != 3 or array.shape[2] not in _CHANNELS:
        turn = ", which looks like CHW: use array.transpose(1, 2, 0)" if array.ndim == 3 and array.shape[0] in _CHANNELS else ""
        raise PhotoError(f"the photo's shape is {shape}{turn or ''}; an array must be HWC with 3 channels (or HW, HW1, HW4)")
    if not array.size:
        raise PhotoError(f"the photo's shape is {shape}: it has no pixels")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise PhotoError(f"the photo's dtype is {array.dtype}: give {TAKEN}")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise PhotoError(f"the photo's values are from {low:g} to {high:g}: give {TAKEN}")
    wide = array if array.dtype.itemsize >= 4 else array.astype(np.float32)
    return np.asarray(wide * 255 + 0.5).astype(np.uint8)


def filled_like(given: npt.NDArray[Any], levels: Levels, hole: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """A copy of ``given`` with new pixels in the hole and every other one bit for bit as it was.

    Args:
        given: see :func:`levels_of`.
        levels: HWC uint8 of the same height, width and channels.
        hole: HW bool, True = new.
    """
    result = given.copy()
    view = result[..., None] if result.ndim == 2 else result
    view[hole] = levels[hole] if given.dtype == np.uint8 else levels[hole].astype(np.float64) / 255
    return result
