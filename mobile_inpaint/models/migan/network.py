"""MI-GAN: a small GAN of depthwise-separable, re-parameterizable convolutions (Sargsyan et al., ICCV 2023).

One Generator for training and export. Its blocks stand in :mod:`~mobile_inpaint.models.migan.blocks`;
:mod:`~mobile_inpaint.models.migan.checkpoint` reads the two layouts in which the authors publish weights.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from mobile_inpaint.models import base
from mobile_inpaint.models.image_spec import ImageSpec
from mobile_inpaint.models.migan import branches as branches_module
from mobile_inpaint.models.migan.blocks import (
    CLAMP,
    GAIN,
    SLOPE,
    Activation,
    Clamp,
    FirUp,
    FirUpSquares,
    Noise,
    NoiseMode,
    PlainUp,
    SeparableConv,
    Spread,
    conv,
)
from mobile_inpaint.models.migan.variants import SMALLEST, Variant


class EncoderBlock(nn.Module):
    """One level on the way in: the skip at this side, and the map for the next."""

    def __init__(self, variant: Variant, side: int) -> None:
        super().__init__()
        here, tensors = variant.channels(side), variant.tensors
        if side == variant.outermost:
            self.fromrgb = conv(4, here, variant.stem, min(tensors, 1), bias=True)
            self.fromrgb_activation: nn.Module = Activation()
        short = side == variant.outermost and variant.stem > 1
        self.conv1: nn.Module = nn.Identity() if short else SeparableConv(here, here, tensors)
        inner = side > SMALLEST
        self.conv2 = SeparableConv(here, variant.channels(side // 2) if inner else here, tensors, down=inner)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(skip [N, C, S, S], next map [N, C', S/2, S/2]) of float [N, C, S, S]; outermost of the four channels that enter."""
        if hasattr(self, "fromrgb"):
            x = self.fromrgb_activation(self.fromrgb(x))
        skip = self.conv1(x)
        return skip, self.conv2(skip)


class Encoder(nn.Module):
    """The way in: from the four input channels to the innermost map, leaving a skip at every side."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({f"b{side}": EncoderBlock(variant, side) for side in reversed(variant.sides)})

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(innermost map, skips innermost first) of ``x``: what :attr:`Generator.enter` makes of mask and known pixels."""
        skips: list[torch.Tensor] = []
        for block in self.blocks.children():
            skip, x = block(x)
            skips.insert(0, skip)
        return x, skips


def _up(variant: Variant, channels: int, side: int) -> FirUp | PlainUp:
    """What doubles a map of that side on the way out; only the published filter darkens the border."""
    return FirUp(channels, side) if variant.patch == 1 else PlainUp()


class SynthesisBlock(nn.Module):
    """One level on the way out: the map at this side, and what this level adds to the image."""

    def __init__(self, variant: Variant, side: int) -> None:
        super().__init__()
        here, tensors = variant.channels(side), variant.tensors
        inner = side > SMALLEST
        noise = side if variant.noisy(side) else None
        before = variant.channels(side // 2) if inner else here
        self.conv1 = SeparableConv(before, here, tensors, up=_up(variant, here, side // 2) if inner else None, noise=noise)
        self.conv2 = SeparableConv(here, here, tensors, noise=noise)
        self.torgb = conv(here, 3, 1, tensors, bias=True)
        self.enlarge: nn.Module = _up(variant, 3, side // 2) if inner else nn.Identity()

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(map [N, C, S, S], RGB residual [N, 3, S, S] in [-1,1]) of ``x`` [N, C', S/2, S/2] and ``skip`` [N, C, S, S]."""
        x = self.conv2(self.conv1(x) + skip)
        return x, self.torgb(x)


class Synthesis(nn.Module):
    """The way out: from the innermost map and the skips to an image in [-1,1], not bounded."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({f"b{side}": SynthesisBlock(variant, side) for side in variant.sides})
        if variant.patch > 1:
            self.detail = nn.Conv2d(variant.channels(variant.outermost), 3 * variant.patch**2, 1)
            self.spread = Spread(3, variant.patch)
            self.enlarge: nn.Module = FirUpSquares(3)

    def forward(self, x: torch.Tensor, skips: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(image [N, 3, S, S], RGB residuals [N, 3, r, r] innermost first), in units of [-1,1], not bounded.

        The residuals are what the published distillation compares. ``x`` is [N, C, 4, 4]; ``skips`` are [N, C, r, r], innermost
        first.
        """
        image: torch.Tensor | None = None
        residuals: list[torch.Tensor] = []
        for child, skip in zip(self.blocks.children(), skips, strict=True):
            block = cast(SynthesisBlock, child)
            x, residual = block(x, skip)
            image = residual if image is None else block.enlarge(image) + residual
            residuals.append(residual)
        assert image is not None
        if hasattr(self, "detail"):
            detail = self.detail(x)
            residuals.append(self.spread(detail))
            image = self.spread(self.enlarge(image) + detail)
        return image, residuals

    @torch.no_grad()
    def sort_by_pixel(self) -> None:
        """Puts what ``spread`` reads in the order of DEPTH_TO_SPACE, in place: first by pixel of the square, then by colour.

        Trained weights have it the other way, as PixelShuffle. For a fused network with ``patch`` 2.
        """
        order = torch.arange(3 * self.spread.side**2).view(3, -1).T.flatten()
        assert self.detail.bias is not None and isinstance(self.enlarge, nn.Conv2d)
        for tensor in (self.detail.weight, self.detail.bias, self.enlarge.weight, self.spread.squares):
            tensor.copy_(tensor[order])


class Squares(nn.Module):
    """Squares of ``side`` px as one position each: hole where a pixel of theirs is, else their mean.

    Args:
        side: in px, divides the image's.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, holed: torch.Tensor) -> torch.Tensor:
        """Four smaller channels from four; see :meth:`mobile_inpaint.models.base.Generator.predict`."""
        mask = F.max_pool2d(holed[:, :1], self.side)
        return torch.cat([mask, F.avg_pool2d(holed[:, 1:], self.side) * (1 - mask)], dim=1)


class ToPublished(nn.Module):
    """Our channels as the network was trained on them: mask 1 = known and centred, RGB in [-1,1] and 0 in the hole."""

    def forward(self, holed: torch.Tensor) -> torch.Tensor:
        """Four channels from four; see :meth:`mobile_inpaint.models.base.Generator.predict`."""
        keep = 1 - holed[:, :1]
        return torch.cat([keep - 0.5, 2 * holed[:, 1:] - keep], dim=1)


class FromPublished(nn.Module):
    """[-1,1] to [0,1]."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """The rescaled image, not bounded: float [N, 3, H, W], RGB nominally in [0,1], of one in [-1,1]."""
        return image * 0.5 + 0.5


class Generator(base.Generator):
    """MI-GAN's generator; see :class:`mobile_inpaint.models.base.Generator` for what goes in and out."""

    def __init__(self, name: str, variant: Variant) -> None:
        super().__init__()
        self.name = name
        self.variant: Variant = variant
        self.resolution = variant.resolution
        self.image_spec = ImageSpec.fixed(variant.resolution)
        self.look: nn.Module = Squares(variant.patch) if variant.patch > 1 else nn.Identity()
        # beyond the border a kernel of 3 sees zeros: in our channels known and black, in the published ones neither known nor
        # hole, and then no fold could change the channels
        self.enter: nn.Module = ToPublished() if variant.stem == 1 else nn.Identity()
        self.encoder = Encoder(variant)
        self.synthesis = Synthesis(variant)
        self.leave: nn.Module = FromPublished()

    def predict(self, holed: torch.Tensor) -> torch.Tensor:
        """The network's own image; see the base class."""
        return self.predict_levels(holed)[0]

    def predict_levels(self, holed: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The network's own image, and the RGB residual of each level in [-1,1] units, innermost first."""
        innermost, skips = self.encoder(self.enter(self.look(holed)))
        image, residuals = self.synthesis(innermost, skips)
        return self.leave(image), residuals

    def predict_train(self, holed: torch.Tensor) -> base.GeneratorOutput:
        """The network's own image and the RGB residual of each level; see the base class."""
        image, residuals = self.predict_levels(holed)
        return base.GeneratorOutput(image, (), {residual.shape[-1]: residual for residual in residuals})

    def set_noise(self, mode: str) -> None:
        """Chooses what every :class:`Noise` adds: ``random``, ``constant`` or ``none``."""
        for module in self.modules():
            if isinstance(module, Noise):
                module.mode = cast(NoiseMode, mode)

    def with_branches(self, branches: int) -> Generator:
        """See the base class and :func:`~mobile_inpaint.models.migan.branches.with_branches`."""
        return branches_module.with_branches(self, branches)

    def lr_scales(self, branches: int) -> dict[str, float]:
        """See the base class and :func:`~mobile_inpaint.models.migan.branches.lr_scales`."""
        return branches_module.lr_scales(self, branches)

    def output_slope(self, layer: str) -> float:
        """See the base class: every convolution but those that give RGB is followed by leaky ReLU."""
        return 1.0 if layer.endswith("torgb") else SLOPE

    def silence_constants(self, dropped: Collection[str]) -> None:
        """See the base class: the noise layers of these names."""
        with torch.no_grad():
            for name in dropped:
                cast(Noise, self.get_submodule(name)).strength.zero_()

    def activations(self) -> Iterator[nn.Module]:
        """Every activation, for hooks that watch them."""
        return (module for module in self.modules() if isinstance(module, Activation))

    @torch.no_grad()
    def fold(self, *, largest_activation: float) -> None:
        """Moves each activation's sqrt(2) and both changes of range into convolutions, and drops the clamp if never near.

        Leaky ReLU is positively homogeneous, so every map may be kept sqrt(2) too small if each convolution that reads one
        is sqrt(2) larger; only ``fromrgb`` reads no activation. Skips add maps that are too small by the same factor, and
        noise is added before the activation, where nothing has changed.

        Where a position is a square of pixels, its channels are sorted as runtimes spread them fastest.

        A 1×1 ``fromrgb`` was trained on ``cat(0.5 - mask, 2 known - 1 + mask)`` and now reads ``cat(mask, known)``.
        """
        plain: nn.Module = nn.LeakyReLU(SLOPE)
        if largest_activation > CLAMP / 4:
            plain = nn.Sequential(plain, Clamp(CLAMP / GAIN))
        for module in list(self.modules()):
            for name, child in module.named_children():
                if isinstance(child, Activation):
                    setattr(module, name, plain)

        convs = {
            name: module
            for name, module in self.named_modules()
            if isinstance(module, nn.Conv2d) and not name.endswith(("down", "enlarge"))  # filters hand on what they read
        }
        first = convs.pop(f"encoder.blocks.b{self.variant.outermost}.fromrgb")
        for module in convs.values():
            module.weight.mul_(GAIN)

        if isinstance(self.enter, ToPublished):
            assert first.bias is not None
            of_mask, of_rgb = first.weight[:, :1].clone(), first.weight[:, 1:].clone()
            of_rgb_sum = of_rgb.sum(dim=1, keepdim=True)
            first.weight[:, :1] = of_rgb_sum - of_mask
            first.weight[:, 1:] = 2 * of_rgb
            first.bias += (0.5 * of_mask - of_rgb_sum).sum(dim=(1, 2, 3))
            self.enter = nn.Identity()

        for name, module in convs.items():
            if name.endswith(("torgb", "detail")):
                assert module.bias is not None
                module.weight.mul_(0.5)
                module.bias.mul_(0.5)
        last = convs["synthesis.detail" if self.variant.patch > 1 else f"synthesis.blocks.b{self.resolution}.torgb"]
        assert last.bias is not None
        last.bias += 0.5
        self.leave = nn.Identity()
        if self.variant.patch > 1:
            self.synthesis.sort_by_pixel()
