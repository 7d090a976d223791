"""A photo and a mask of whatever kind a caller has, and the result in the kind that the photo was given in."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.api import tensors
from mobile_inpaint.errors import MaskError, PhotoError
from mobile_inpaint.photo import arrays
from mobile_inpaint.photo.image import Photo
from mobile_inpaint.photo.io.source import kind_of
from mobile_inpaint.photo.mask import Hole, Mask

_BYTES = (bytes, bytearray, memoryview)
_MOST_CHANNELS = 4


class Given(NamedTuple):
    """A photo that a caller gave.

    Attributes:
        photo: its pixels and what came with them.
        answer: what the caller gets back, out of the photo with its hole filled and the hole (HW bool, True = filled).
    """

    photo: Photo
    answer: Callable[[Photo, Hole], Any]


def read_photo(photo: object, max_pixels: int) -> Given:
    """The photo in a path, bytes, an open file, a PIL image, an array or a tensor; see :func:`mobile_inpaint.fill`.

    Raises:
        PhotoError: it cannot be read, or its kind, dtype, shape, layout or range is none of these.
    """
    if isinstance(photo, Photo):
        return Given(photo, lambda result, _: result)
    if isinstance(photo, pil.Image):
        return Given(Photo.from_pil(photo), lambda result, _: result.to_pil())
    if isinstance(photo, np.ndarray):
        return Given(Photo.from_array(photo), lambda result, hole: _array_like(photo, result, hole))
    if tensors.is_tensor(photo):
        array = tensors.photo_array(photo)
        return Given(Photo.from_array(array), lambda result, hole: tensors.photo_like(photo, _array_like(array, result, hole)))
    if isinstance(photo, str | os.PathLike):
        return Given(Photo.open(photo, max_pixels=max_pixels), lambda result, _: result)
    if isinstance(photo, _BYTES):
        return Given(Photo.open(photo, max_pixels=max_pixels), lambda result, _: result.to_bytes())
    if callable(getattr(photo, "read", None)):
        opened = Photo.open(photo, max_pixels=max_pixels)  # type: ignore[arg-type]
        return Given(opened, lambda result, _: io.BytesIO(result.to_bytes()))
    raise PhotoError(f"the photo is {kind_of(photo)}: {_kinds('Photo')}")


def read_mask(mask: object, hole: str, max_pixels: int) -> Mask:
    """The mask in any of these kinds; see :func:`mobile_inpaint.fill`.

    Raises:
        MaskError: its kind, dtype, shape, layout or range is none of these.
        PhotoError: it is in a file that cannot be read.
    """
    if isinstance(mask, Mask):
        if hole != "auto":
            raise MaskError("hole says how a picture is read, and a Mask is already read: leave hole out")
        return mask
    if isinstance(mask, pil.Image):
        return Mask.from_pil(mask, hole=hole)
    if isinstance(mask, np.ndarray) or tensors.is_tensor(mask):
        return _of_array(mask if isinstance(mask, np.ndarray) else tensors.mask_array(mask), hole)
    if isinstance(mask, str | os.PathLike | bytes | bytearray | memoryview) or callable(getattr(mask, "read", None)):
        return Mask.open(mask, max_pixels=max_pixels, hole=hole)  # type: ignore[arg-type]
    raise MaskError(f"the mask is {kind_of(mask)}: {_kinds('Mask')}")


def _of_array(array: npt.NDArray[Any], hole: str) -> Mask:
    shape = list(array.shape)
    if array.ndim == 4 and array.shape[:2] == (1, 1):
        array = array[0, 0]
    elif array.ndim == 3 and array.shape[0] == 1 and array.shape[2] > _MOST_CHANNELS:
        array = array[0]
    elif array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    picture = array.ndim == 3 and 2 <= array.shape[2] <= _MOST_CHANNELS and array.dtype.kind in "iu"
    if not (array.ndim == 2 or picture) or not array.size:
        raise MaskError(f"the mask's shape is {shape}: it must be HW, as high and wide as the photo")
    if array.dtype.kind not in "bfiu":
        raise MaskError(f"the mask's dtype is {array.dtype}: give bool, True = hole, uint8 of two levels, or float in [0,1]")
    most = 1 if array.dtype.kind in "bf" else 255
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= most):
        raise MaskError(f"the mask's values are from {low:g} to {high:g}: {array.dtype} must be from 0 to {most}")
    return Mask.from_array(array, hole=hole)


def _array_like(given: npt.NDArray[Any], result: Photo, hole: Hole) -> npt.NDArray[Any]:
    channels = 1 if given.ndim == 2 else given.shape[2]
    if channels == 1:
        levels = np.asarray(result.to_pil().convert("L"))[..., None]
    elif channels == 4 and result.alpha is not None:
        levels = np.dstack([result.pixels, result.alpha])
    else:
        levels = result.pixels
    return arrays.filled_like(given, levels, hole)


def _kinds(own: str) -> str:
    return f"give a path, bytes, an open file, a {own}, a PIL image, a NumPy array or a torch tensor"
