"""The classical fills that a network must beat: OpenCV's Telea and Navier-Stokes, each a Fill."""

from __future__ import annotations

import numpy as np

from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.photo.image import Image, to_image, to_pixels


def telea(image: Image, mask: Image, *, radius_px: float = 3) -> Image:
    """The image filled from the border inwards by weighted means of what is known, in 8 bits.

    Args:
        image: NCHW float32 RGB in [0,1]; known pixels come back as given.
        mask: N1HW float32, 1 = hole.
        radius_px: how far a pixel looks for known ones.

    Raises:
        ToolchainMissing: OpenCV is not installed.

    Source: Telea, An image inpainting technique based on the fast marching method (2004).
    """
    return _inpaint("INPAINT_TELEA", image, mask, radius_px)


def navier_stokes(image: Image, mask: Image, *, radius_px: float = 3) -> Image:
    """The image filled by continuing lines of equal brightness into the hole, in 8 bits; arguments as for :func:`telea`.

    Source: Bertalmio, Bertozzi, Sapiro, Navier-Stokes, fluid dynamics, and image and video inpainting (2001).
    """
    return _inpaint("INPAINT_NS", image, mask, radius_px)


def _inpaint(method: str, image: Image, mask: Image, radius_px: float) -> Image:
    try:
        import cv2
    except ImportError as error:
        raise ToolchainMissing("the classical baselines need: pip install 'mobile-inpaint[train]'") from error
    holes = mask >= 0.5
    filled = []
    for pixels, hole in zip(map(to_pixels, image[:, None]), holes[:, 0], strict=True):
        if not hole.all():
            # Along the picture's border OpenCV reads under the mask; let it find nothing of the object there.
            pixels[hole] = pixels[~hole].mean(axis=0)
        filled.append(to_image(cv2.inpaint(pixels, hole.astype(np.uint8) * 255, radius_px, getattr(cv2, method))))
    return np.where(holes, np.concatenate(filled), image)
