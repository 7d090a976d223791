"""The re-parameterizable convolution: many tensors while training, one plain convolution afterwards."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-8


class RepConv2d(nn.Module):
    """A stride-1 convolution whose weight is the normalised sum of ``tensors`` tensors of its own shape.

    ``weight = normalise(sum(tensors) / sqrt(n))``, where every output filter has unit L2 norm. All tensors receive the same
    gradient, so under Adam n of them equal one with sqrt(n) times the learning rate.

    Args:
        in_channels, out_channels, kernel_size, groups, bias: as in ``nn.Conv2d``; padding keeps height and width.
        tensors: n, at least 1; the published networks have 9.

    Source: MI-GAN (Sargsyan et al., ICCV 2023), section 3.2; the normalisation is StyleGAN2's demodulation without a style.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        groups: int = 1,
        bias: bool = True,
        tensors: int = 9,
    ) -> None:
        super().__init__()
        shape = (tensors, out_channels, in_channels // groups, kernel_size, kernel_size)
        self.tensors = nn.Parameter(torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.groups = groups
        self.padding = kernel_size // 2

    @property
    def weight(self) -> torch.Tensor:
        """The one weight that the tensors stand for, ``[out, in / groups, k, k]``."""
        total = self.tensors.sum(0) / math.sqrt(self.tensors.shape[0])
        return total * torch.rsqrt(total.square().sum(dim=(1, 2, 3), keepdim=True) + EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution of ``x``, NCHW."""
        return F.conv2d(x, self.weight, self.bias, padding=self.padding, groups=self.groups)

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """A new plain convolution with the same output."""
        weight = self.weight
        conv = nn.Conv2d(
            weight.shape[1] * self.groups,
            weight.shape[0],
            weight.shape[2],
            padding=self.padding,
            groups=self.groups,
            bias=self.bias is not None,
            device="meta",
        ).to_empty(device=weight.device)
        conv.weight.copy_(weight)
        if self.bias is not None and conv.bias is not None:
            conv.bias.copy_(self.bias)
        return conv
