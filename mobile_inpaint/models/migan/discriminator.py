"""MI-GAN's discriminator: tells a photo from a fill, and is told where the hole is. Training needs it, no phone does."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.migan.blocks import Activation, FirDown, SeparableConv, conv
from mobile_inpaint.models.migan.branches import lr_scales
from mobile_inpaint.models.migan.variants import SMALLEST, Variant

HALF = math.sqrt(0.5)
"""Gain of each of two summed branches, so that the sum is as large as either was."""


class Discriminator(nn.Module):
    """A residual network over sides ``resolution`` … 4, then one number per image.

    Args:
        resolution: side of the images in px, a power of two, at least 8.
        ch_base, ch_max: a feature map of side r has ``min(ch_base // r, ch_max)`` channels.
        tensors: how many each convolution trains, at least 1; see :class:`~mobile_inpaint.models.layers.repconv.RepConv2d`.
        group: how many images are compared with each other, see :class:`MinibatchDeviation`.

    Source: MI-GAN (Sargsyan et al., ICCV 2023); the form is that of StyleGAN2 (Karras et al., 2020), section 4.
    """

    def __init__(self, resolution: int, ch_base: int = 32768, ch_max: int = 512, tensors: int = 9, group: int = 4) -> None:
        if tensors < 1:
            raise ValueError("tensors must be at least 1: a discriminator has no fused form")
        super().__init__()
        variant = Variant(resolution, ch_base, ch_max, tensors=tensors)
        self.blocks = nn.ModuleDict({f"b{side}": Block(variant, side) for side in reversed(variant.sides[1:])})
        self.head = Head(variant, group)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """How real each image looks: a logit, float32 [N, 1], above 0 = rather a photo.

        Args:
            image: float [N, 3, R, R], RGB in [0,1]: a photo, or a fill in its photo.
            mask: float [N, 1, R, R], 1 = hole.

        Raises:
            TrainingError: N is more than ``group`` and no multiple of it.
        """
        x = torch.cat([0.5 - mask, 2 * image - 1], dim=1)
        for block in self.blocks.children():
            x = block(x)
        # logits of 8 bits would round the gradient of every weight
        with torch.autocast(x.device.type, enabled=False):
            return self.head(x.float())  # type: ignore[no-any-return]

    def lr_scales(self, branches: int) -> dict[str, float]:
        """See :meth:`mobile_inpaint.models.base.Generator.lr_scales`."""
        return lr_scales(self, branches)


class Block(nn.Module):
    """One level: two convolutions beside a plain shortcut, both halving the side."""

    def __init__(self, variant: Variant, side: int) -> None:
        super().__init__()
        here, next_, tensors = variant.channels(side), variant.channels(side // 2), variant.tensors
        first = side == variant.resolution
        self.fromrgb = nn.Sequential(conv(4, here, 1, tensors, bias=True), Activation()) if first else nn.Identity()
        self.down = FirDown(here)
        self.skip = conv(here, next_, 1, tensors, bias=False)
        self.conv1 = SeparableConv(here, here, tensors)
        self.conv2 = SeparableConv(here, next_, tensors, down=True, gain=HALF)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map at half the side: float [N, C', H/2, W/2] of [N, C, H, W]."""
        x = self.fromrgb(x)
        return self.skip(self.down(x)) * HALF + self.conv2(self.conv1(x))  # type: ignore[no-any-return]


class Head(nn.Module):
    """The innermost map to one logit."""

    def __init__(self, variant: Variant, group: int) -> None:
        super().__init__()
        channels = variant.channels(SMALLEST)
        self.deviation = MinibatchDeviation(group)
        self.conv = SeparableConv(channels + 1, channels, variant.tensors)
        self.dense = EqualizedLinear(channels * SMALLEST**2, channels)
        self.activation = Activation()
        self.out = EqualizedLinear(channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, [N, 1]."""
        x = self.conv(self.deviation(x))
        return self.out(self.activation(self.dense(x.flatten(1))))  # type: ignore[no-any-return]


class MinibatchDeviation(nn.Module):
    """Appends a channel that says how much the images of a group differ, so that fills which are all alike are found out.

    Image i of N is in group ``i % (N / group)``. Processes that share a batch therefore compute what one alone would if
    process p of W takes the images p, p + W, p + 2W, …

    Args:
        group: images in a group; a smaller batch is one group.

    Source: Progressive Growing of GANs (Karras et al., 2018), section 3, in groups as StyleGAN2 does it.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` [N, C, h, w] and, as channel C, the standard deviation in the group, averaged over all that is in ``x``."""
        size = min(self.group, len(x))
        if len(x) % size:
            raise TrainingError(
                f"a batch of {len(x)} cannot be cut into groups of {size}, in which the discriminator compares fills: "
                f"make the batch a multiple of {size}, or smaller than it"
            )
        grouped = x.reshape(size, -1, *x.shape[1:])
        deviation = (grouped.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        return torch.cat([x, deviation.repeat(size)[:, None, None, None].expand(-1, 1, *x.shape[2:])], dim=1)


class EqualizedLinear(nn.Module):
    """A dense layer that keeps its weights at unit deviation and divides by sqrt(inputs): Adam moves all layers alike."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, outputs] of [N, inputs]."""
        return F.linear(x, self.weight / math.sqrt(self.weight.shape[1]), self.bias)
