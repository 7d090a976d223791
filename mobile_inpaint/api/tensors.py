"""Photos and masks in torch tensors: what is taken, and the answer in the form that was given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import MaskError, PhotoError

if TYPE_CHECKING:
    from torch import Tensor

_CHANNELS = (1, 3, 4)


def is_tensor(value: object) -> TypeGuard[Tensor]:
    """Whether ``value`` is a torch tensor; torch is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def photo_array(tensor: Tensor) -> npt.NDArray[Any]:
    """The photo as an HWC array of the same values.

    Args:
        tensor: CHW or 1CHW; C = 3 (RGB), 1 (grey) or 4 (RGB and alpha). Its dtype and range are not looked at here.

    Raises:
        PhotoError: another layout.
    """
    shape = list(tensor.shape)
    if len(shape) == 4 and shape[0] != 1:
        raise PhotoError(f"the photo's shape is {shape}, a batch: give one photo at a time, CHW or 1CHW")
    plane = tensor[0] if len(shape) == 4 else tensor
    if plane.ndim != 3 or plane.shape[0] not in _CHANNELS:
        turn = ", which looks like HWC: use tensor.permute(2, 0, 1)" if plane.ndim == 3 and plane.shape[2] in _CHANNELS else ""
        raise PhotoError(f"the photo's shape is {shape}{turn}; a tensor must be CHW or 1CHW with 3 channels (or 1, or 4)")
    return np.ascontiguousarray(_array(plane).transpose(1, 2, 0))


def photo_like(given: Tensor, array: npt.NDArray[Any]) -> Tensor:
    """The HWC array as a tensor of the shape, dtype and device of ``given``."""
    import torch

    turned = torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    return turned.reshape(given.shape).to(device=given.device, dtype=given.dtype)


def mask_array(tensor: Tensor) -> npt.NDArray[Any]:
    """The mask as an HW array of the same values.

    Args:
        tensor: HW, 1HW or 11HW.

    Raises:
        MaskError: another layout.
    """
    shape = list(tensor.shape)
    if len(shape) not in (2, 3, 4) or any(side != 1 for side in shape[:-2]):
        raise MaskError(f"the mask's shape is {shape}: a tensor must be HW, 1HW or 11HW, as high and wide as the photo")
    return _array(tensor.reshape(shape[-2:]))


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    """The values in this machine's memory; half floats, some of which NumPy does not know, as float32."""
    plain = tensor.detach()
    plain = plain.float() if plain.is_floating_point() and plain.element_size() < 4 else plain
    array: npt.NDArray[Any] = plain.cpu().numpy()
    return array
