"""Photo (what the user has) and Image (what a network has)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.errors import PhotoError

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""HWC uint8 RGB in [0,255]."""

Image: TypeAlias = npt.NDArray[np.float32]
"""NCHW float32 RGB in [0,1]; a mask is N1HW float32, 1 = hole."""

Fill: TypeAlias = Callable[[Image, Image], Image]
"""``fill(image, mask) -> image``: known pixels come back as given."""

MAX_PIXELS = 100_000_000


def to_image(pixels: Pixels) -> Image:
    """The pixels as a network takes them: NCHW float32 RGB in [0,1] out of HWC uint8 RGB."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def to_pixels(image: Image) -> Pixels:
    """The pixels a network returned: HWC uint8 RGB out of 1CHW float32, clamped to [0,1], half a grey level rounded up."""
    levels = np.clip(image[0], 0, 1) * np.float32(255) + np.float32(0.5)
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(1, 2, 0))


@dataclass(frozen=True)
class Photo:
    """A photo, upright, with what its file said beside the pixels.

    Attributes:
        pixels: HWC uint8 RGB; a greyscale photo has three equal channels.
        alpha: HW uint8, 0 = transparent; None where the file has none.
    """

    pixels: Pixels
    alpha: npt.NDArray[np.uint8] | None = None

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @classmethod
    def open(cls, path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Photo:
        """The photo at ``path``.

        Raises:
            PhotoError: not a picture, or one that we refuse.
        """
        with pil.open(path) as picture:
            if picture.width * picture.height > max_pixels:
                raise PhotoError(f"{path}: more than {max_pixels} pixels; raise the limit with --max-pixels")
            return cls(np.asarray(picture.convert("RGB")))

    def with_pixels(self, pixels: Pixels) -> Photo:
        """This photo with other pixels, everything else kept."""
        return dataclasses.replace(self, pixels=pixels)

    def save(self, path: str | Path, *, quality: int | None = None, overwrite: bool = False) -> None:
        """Writes the photo to ``path``, in the format its suffix names."""
        pil.fromarray(self.pixels).save(path)
