"""Three convolutions that guess what is in a hole from what is around it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.image_spec import ImageSpec


@dataclass(frozen=True)
class Variant:
    """The numbers of one network.

    Attributes:
        size_px: side of the images it is made for, a multiple of 8.
        channels: of its inner maps.
        kernel: side of its kernels in px, odd.
    """

    size_px: int = 256
    channels: int = 16
    kernel: int = 5


VARIANTS = {"toy-net": Variant()}


class ToyNet(Generator):
    """See :class:`mobile_inpaint.models.base.Generator`."""

    def __init__(self, name: str, variant: Variant) -> None:
        super().__init__()
        self.name, self.variant, self.resolution = name, variant, variant.size_px
        self.image_spec = ImageSpec(default=variant.size_px, multiple=8, smallest=16)
        padding = variant.kernel // 2
        self.first = nn.Conv2d(4, variant.channels, variant.kernel, padding=padding)
        self.middle = nn.Conv2d(variant.channels, variant.channels, variant.kernel, padding=padding)
        self.last = nn.Conv2d(variant.channels, 3, 1)
        self.activation = nn.ReLU()

    def predict(self, holed: torch.Tensor) -> torch.Tensor:
        """The network's own image: float [N, 3, H, W]; ``holed`` is the mask (1 = hole), then RGB in [0,1]."""
        x = self.activation(self.first(holed))
        return self.last(self.activation(self.middle(x)))
