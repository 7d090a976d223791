"""A loaded one-file pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mobile_inpaint.errors import PhotoError
from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
from mobile_inpaint.photo.fill_inputs import check_pixels


@dataclass(frozen=True)
class PhotoRunner:
    """A loaded artifact that fills photos; it knows by what it runs.

    Attributes:
        fill: ``fill(pixels, hole) -> pixels``: HWC uint8 RGB and HW bool, True = fill; all else comes back as given.
        runtime: name and version, for example ``onnxruntime 1.31.1``.
        computes_in: of the network; all else is whole numbers.
        size_px: side of the one size of photo it takes; None takes any.
    """

    fill: Callable[[Pixels, Flags], Pixels]
    runtime: str
    computes_in: Literal["fp32", "fp16", "int8"]
    size_px: int | None

    def __call__(self, pixels: Pixels, hole: Flags) -> Pixels:
        """The photo with its hole filled.

        Args:
            pixels: HWC uint8 RGB.
            hole: HW bool, True = fill.

        Raises:
            PhotoError: other pixels than these, or the file takes photos of another size.
            MaskError: another hole than this.
        """
        check_pixels(pixels, hole)
        if self.size_px is not None and pixels.shape[:2] != (self.size_px, self.size_px):
            raise PhotoError(
                f"the photo is {pixels.shape[1]}x{pixels.shape[0]}, this pipeline takes {self.size_px}x{self.size_px} alone: "
                "use the network's own artifact, or ONNX, whose pipeline takes any size"
            )
        return self.fill(pixels, hole)

    def __repr__(self) -> str:
        size = "any size" if self.size_px is None else f"{self.size_px}x{self.size_px}"
        return f"PhotoRunner({size}, {self.runtime}, computes in {self.computes_in})"
