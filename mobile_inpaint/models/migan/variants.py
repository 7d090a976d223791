"""The numbers of each MI-GAN network."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST = 4
"""Side in px of the innermost feature map."""
NOISE_MOST = 64
"""Side in px of the largest maps that get noise where the photo is seen at half its size: to add it to the two larger ones too
takes a tenth of that network's time, and shows in no picture."""


@dataclass(frozen=True)
class Variant:
    """The numbers of one network.

    Attributes:
        resolution: side of the image in px, a power of two, at least 8.
        ch_base, ch_max: a feature map of side r has ``min(ch_base // r, ch_max)`` channels.
        ch_outer: the outermost map has no more than these. A channel there costs as much memory as four one level further in.
        tensors: how many each convolution trains; 0 is the fused form, as published for inference.
        patch: side in px of the squares that the network sees as one position, 1 or 2. With 2 it sees the photo at half its
            size, at a quarter of the cost, and a last layer adds to the enlarged image what the smaller one cannot show.
        stem: side in px of the first convolution's kernel, 1 or 3. With 3 it stands for all that comes before the outermost
            skip, which as published is a separable convolution more, on the largest map.
    """

    resolution: int
    ch_base: int = 32768
    ch_max: int = 512
    ch_outer: int = 512
    tensors: int = 9
    patch: int = 1
    stem: int = 1

    def __post_init__(self) -> None:
        if self.resolution < 2 * SMALLEST or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution must be a power of two from 8 up, not {self.resolution}")
        if self.ch_base < self.resolution or min(self.ch_max, self.ch_outer) < 1 or self.tensors < 0:
            raise ValueError("ch_base must be at least the resolution, ch_max and ch_outer at least 1, tensors at least 0")
        if self.stem not in (1, 3):
            raise ValueError(f"stem must be 1 or 3, not {self.stem}")

    def channels(self, side: int) -> int:
        """Channels of the feature map of that side."""
        return min(self.ch_base // side, self.ch_max, self.ch_outer if side == self.outermost else self.ch_max)

    @property
    def outermost(self) -> int:
        """Side of the largest feature map."""
        return self.resolution // self.patch

    @property
    def least_numbers(self) -> int:
        """Those of the 1×1 convolutions and of the noise, which are nearly all that a large network has."""
        pairs = [(self.channels(side), self.channels(max(side // 2, SMALLEST))) for side in self.sides]
        pointwise = 2 * sum(here * (here + next_) for here, next_ in pairs) - self.channels(self.outermost) ** 2
        noise = sum(2 * side * side for side in self.sides if self.noisy(side))
        return pointwise * max(self.tensors, 1) + noise

    def noisy(self, side: int) -> bool:
        """Whether noise is added to maps of that side on the way out."""
        return side > SMALLEST and (self.patch == 1 or side <= NOISE_MOST)

    @property
    def sides(self) -> list[int]:
        """Sides of the feature maps, innermost first: 4, 8, … outermost."""
        return [SMALLEST << i for i in range((self.outermost // SMALLEST).bit_length())]


VARIANTS = {"migan-256": Variant(256), "migan-512": Variant(512), "migan-lite": Variant(512, 16384, ch_outer=48, patch=2)}
