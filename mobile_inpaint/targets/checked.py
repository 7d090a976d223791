"""What a runtime makes of an artifact's file may be anything: an error of its own, or an output that is no image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
from mobile_inpaint.photo.image import Fill, Image
from mobile_inpaint.targets.base import PhotoFill
from mobile_inpaint.targets.toolchain import first_line

P = ParamSpec("P")
T = TypeVar("T")


def checked(path: Path, fill: Fill) -> Fill:
    """``fill`` by the file at ``path``; what it raises, or returns that is no image, is a ManifestError of one line."""

    def fill_or_say_why(image: Image, mask: Image) -> Image:
        output = _run(path, fill, image, mask)
        _check(path, output, image.shape, np.dtype(np.float32))
        if not np.isfinite(output).all():
            raise ManifestError(
                f"{path.name}: its output is not an image: it holds values that are no numbers; export it again"
            )
        return output

    return fill_or_say_why


def checked_photo(path: Path, fill: PhotoFill) -> PhotoFill:
    """The same for a one-file pipeline."""

    def fill_or_say_why(pixels: Pixels, hole: Flags) -> Pixels:
        output = _run(path, fill, pixels, hole)
        _check(path, output, pixels.shape, np.dtype(np.uint8))
        return output

    return fill_or_say_why


def cannot_run(path: Path, error: Exception) -> ManifestError:
    """The error for the file at ``path`` in which a runtime raised ``error``."""
    return ManifestError(f"{path.name}: its runtime cannot run it ({first_line(error)}); export it again")


def _run(path: Path, fill: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return fill(*args, **kwargs)
    except MobileInpaintError:
        raise
    except Exception as error:
        raise cannot_run(path, error) from error


def _check(path: Path, output: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not isinstance(output, np.ndarray) or output.shape != shape or output.dtype != dtype:
        found = f"{output.dtype} {list(output.shape)}" if isinstance(output, np.ndarray) else type(output).__name__
        raise ManifestError(f"{path.name}: its output is not an image: {found}, not {dtype} {list(shape)}; export it again")
