"""What MI-GAN is made of: activation, filters, noise, and the separable convolution that holds them.

Blocks that ship in a plainer form than they train in own that form: ``fuse()`` returns it.
"""

from __future__ import annotations

import math
from typing import Any, Literal, cast

import torch
from torch import nn
from torch.nn import functional as F

from mobile_inpaint.models.layers.constant import AddConstant
from mobile_inpaint.models.layers.repconv import RepConv2d

GAIN = math.sqrt(2.0)
CLAMP = 256.0
SLOPE = 0.2

NoiseMode = Literal["constant", "random", "none"]


class Activation(nn.Module):
    """Leaky ReLU, times sqrt(2), clamped to ±256; both times ``gain``, which is 1 in every generator."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The activated map: float [N, C, H, W] of the shape of ``x``, within ±256 times ``gain``."""
        return cast(torch.Tensor, _Activate.apply(x, GAIN * self.gain, CLAMP * self.gain))  # type: ignore[no-untyped-call]


class _Activate(torch.autograd.Function):
    """Leaky ReLU, times ``gain``, clamped to ±``limit``, as one step that keeps one map for its gradient.

    As three steps it keeps three maps, and on a CPU moving them takes more of a training step than every convolution.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, gain: float, limit: float) -> torch.Tensor:
        y = F.leaky_relu(x, SLOPE).mul_(gain)
        # a look is cheap, and hardly any map needs the clamp and its part of the gradient; a GPU would wait for the answer.
        # The values as they lie in memory: torch finds the largest of channels that lie last 30 times slower
        flat = y.as_strided((y.numel(),), (1,))
        ctx.clamped = x.device.type != "cpu" or max(float(flat.amax()), -float(flat.amin())) > limit
        if ctx.clamped:
            y.clamp_(-limit, limit)
        ctx.save_for_backward(y)
        ctx.gain, ctx.limit = gain, limit
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (y,), (gradient,) = ctx.saved_tensors, gradients
        if ctx.clamped:
            gradient = gradient * (y.abs() < ctx.limit)
        # only the signs of y count, which are those of x; this is differentiable, as a gradient penalty demands
        return torch.ops.aten.leaky_relu_backward(gradient, y, SLOPE, False).mul_(ctx.gain), None, None


class Clamp(nn.Module):
    """Limits to ±``limit``; stays in an exported network only if its activations come near the limit."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The limited map: float [N, C, H, W] of the shape of ``x``."""
        return x.clamp(-self.limit, self.limit)


def _fir(channels: int, gain: float) -> torch.Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return (torch.outer(taps, taps) * gain / 64).expand(channels, 1, 4, 4).contiguous()


class FirDown(nn.Module):
    """Halves a map with the filter [1, 3, 3, 1] in both directions, zeros beyond the border."""

    fir: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("fir", _fir(channels, 1.0), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map at half the side: float [N, C, H/2, W/2] of [N, C, H, W], H and W even."""
        return F.conv2d(x, self.fir, stride=2, padding=1, groups=self.fir.shape[0])

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """The same filter as a plain convolution, so that every convolution of a fused network is one."""
        channels = self.fir.shape[0]
        fixed = nn.Conv2d(channels, channels, 4, stride=2, padding=1, groups=channels, bias=False, device=self.fir.device)
        fixed.weight.copy_(self.fir)
        return fixed


class FirUp(nn.Module):
    """Doubles a map: zeros between the samples and beyond the border, then the filter [1, 3, 3, 1] times 4."""

    fir: torch.Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.register_buffer("fir", _fir(channels, 4.0), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map at twice the side: float [N, C, 2H, 2W] of [N, C, H, W]."""
        return F.conv_transpose2d(x, self.fir, stride=2, padding=1, groups=self.fir.shape[0])

    def fuse(self) -> BilinearUp:
        """The same map by an operation that every phone runtime has."""
        return BilinearUp(self.side).to(self.fir)


class BilinearUp(nn.Module):
    """Doubles a map bilinearly and darkens its border as :class:`FirUp` does.

    [1, 3, 3, 1] interpolates as bilinear resizing does, except at the border, where resizing repeats the last sample and the
    filter sees a zero: there the result is 3/4 of the resized one.
    """

    border: torch.Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        edge = torch.ones(2 * side)
        edge[0] = edge[-1] = 0.75
        self.register_buffer("border", torch.outer(edge, edge)[None, None], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map at twice the side: float [N, C, 2H, 2W] of [N, C, H, W]."""
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) * self.border


class PlainUp(nn.Module):
    """Doubles a map bilinearly: :class:`FirUp` but for the border, which it does not darken.

    For networks of our own: a runtime darkens a border by multiplying the whole of the map.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map at twice the side: float [N, C, 2H, 2W] of [N, C, H, W]."""
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class FirUpSquares(nn.Module):
    """What :class:`FirUp` makes of a map, as channels at the map's own side: squares of 2×2 pixels, for :class:`Spread`.

    The same numbers; a convolution of few small maps is cheaper everywhere than resizing, bordering and adding large ones.
    """

    fir: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        before, after = torch.tensor([[1.0, 3.0, 0.0], [0.0, 3.0, 1.0]]) / 4  # of two pixels that share a sample, the filters
        squares = torch.stack([torch.outer(down, across) for down in (before, after) for across in (before, after)])
        fir = torch.einsum("io,pyx->opiyx", torch.eye(channels), squares).flatten(0, 1)
        self.register_buffer("fir", fir.contiguous(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, C, H, W] to [N, 4C, H, W]."""
        return F.conv2d(x, self.fir, padding=1)

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """The same filters as a plain convolution."""
        fixed = nn.Conv2d(self.fir.shape[1], self.fir.shape[0], 3, padding=1, bias=False, device=self.fir.device)
        fixed.weight.copy_(self.fir)
        return fixed


class Spread(nn.Module):
    """Channels to squares of pixels: [N, C·side², H, W] to [N, C, H·side, W·side].

    What PixelShuffle does, by an operation that every phone runtime has in one piece: TFLite's converter makes seven of a
    shuffle, on maps of five dimensions.
    """

    squares: torch.Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.side = side
        one_pixel_each = torch.eye(side * side).view(side * side, 1, side, side)
        self.register_buffer("squares", torch.kron(torch.eye(channels)[..., None, None], one_pixel_each), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The larger map: float [N, C, kH, kW] of [N, k²C, H, W], k the side of a square."""
        return F.conv_transpose2d(x, self.squares, stride=self.side)


class Noise(nn.Module):
    """Adds one map, times a learned strength, to every channel.

    Attributes:
        mode: ``constant`` adds the stored map (export, evaluation), ``random`` a fresh one at each call (training),
            ``none`` nothing.
    """

    const: torch.Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.mode: NoiseMode = "constant"
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("const", torch.randn(side, side))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The noisy map: float [N, C, S, S] of the shape of ``x``, S the side that the noise is made for."""
        if self.mode == "none":
            return x
        if self.mode == "random":
            return x + torch.randn_like(x[:, :1]) * self.strength
        return x + self.const * self.strength

    @torch.no_grad()
    def fuse(self) -> AddConstant:
        """The stored map and its strength as one constant."""
        return AddConstant(self.const * self.strength)


def conv(in_channels: int, out_channels: int, kernel_size: int, tensors: int, *, groups: int = 1, bias: bool) -> nn.Module:
    """A convolution that keeps height and width: re-parameterizable, or plain when ``tensors`` is 0."""
    if tensors:
        return RepConv2d(in_channels, out_channels, kernel_size, groups=groups, bias=bias, tensors=tensors)
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, groups=groups, bias=bias)


class SeparableConv(nn.Module):
    """Depthwise 3×3, then pointwise 1×1, each activated; between or after them a change of scale.

    Args:
        down: halves the map between the two convolutions.
        up: doubles it after the second.
        noise: side of the map to which a :class:`Noise` is added before the second activation; None adds none.
        gain: of both activations.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        tensors: int,
        *,
        down: bool = False,
        up: FirUp | PlainUp | None = None,
        noise: int | None = None,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.depthwise = conv(in_channels, in_channels, 3, tensors, groups=in_channels, bias=True)
        self.depthwise_activation: nn.Module = Activation(gain)
        self.down: nn.Module = FirDown(in_channels) if down else nn.Identity()
        self.pointwise = conv(in_channels, out_channels, 1, tensors, bias=False)
        self.up: nn.Module = up or nn.Identity()
        self.noise: nn.Module = Noise(noise) if noise else nn.Identity()
        self.activation: nn.Module = Activation(gain)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The next feature map: float [N, C', H', W'] of [N, C, H, W]; H' is H, half or twice of it as the layer is made."""
        x = self.down(self.depthwise_activation(self.depthwise(x)))
        return self.activation(self.noise(self.up(self.pointwise(x))))  # type: ignore[no-any-return]
