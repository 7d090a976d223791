"""How far two pictures differ to the eye, as networks see it: LPIPS and DISTS. They judge fills and make none.

A picture's features can be taken once and compared often::

    lpips = Lpips("alex")
    truth = lpips.features(photo)
    distances = [lpips.distance(lpips.features(fill), truth) for fill in fills]

Gradients flow to the pictures, never to the weights, which come out of the weights store (``lpips`` and ``dists``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

from mobile_inpaint.checkpoints import store
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.checkpoints.readers.state import read_state

Features = list[Tensor]
"""What a network makes of a picture, [N, C, H, W] for each depth; N = 1 is compared with every picture of another batch."""

_Pool = Callable[[int], nn.Module]
"""The module that halves a map of so many channels."""

_LPIPS_SHIFT, _LPIPS_SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_VGG16_STAGES = (2, 2, 3, 3, 3)
"""Convolutions before each tap."""


class Lpips(nn.Module):
    """LPIPS v0.1 with its trained heads: 0 for equal pictures, about 0.1 for a good fill of a small hole, about 1 at most.

    Args:
        trunk: ``alex`` for gates and searches, ``vgg``, ten times as slow, for final tables.
        progress: see :func:`~mobile_inpaint.checkpoints.store.fetch`.

    Raises:
        WeightsError: the weights are not here and cannot be fetched.

    Source: Zhang, Isola, Efros, Shechtman, Wang, The Unreasonable Effectiveness of Deep Features as a Perceptual Metric (2018).
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: Literal["alex", "vgg"] = "alex", progress: Progress | None = None) -> None:
        super().__init__()
        self.trunk = trunk
        state = _lpips_state({"alex": "alexnet.", "vgg": "vgg16."}[trunk], progress)
        self.stages = _alexnet(state) if trunk == "alex" else _vgg16(state, lambda _: nn.MaxPool2d(2))
        self.heads = nn.ModuleList(_convolution(state, f"NetLinLayer_{depth}.Conv_0", padding=0) for depth in range(5))
        # the published shift and scale are for [-1,1]
        self.register_buffer("shift", (_colour(_LPIPS_SHIFT) + 1) / 2, persistent=False)
        self.register_buffer("scale", _colour(_LPIPS_SCALE) / 2, persistent=False)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """The distance, [N], of the pictures ``one`` and ``other``, [N, 3, H, W] RGB in [0,1], H and W at least 64."""
        return self.distance(self.features(one), self.features(other))

    def features(self, pictures: Tensor) -> Features:
        """What :meth:`distance` compares, of pictures [N, 3, H, W], RGB in [0,1]: every pixel a vector of length 1."""
        return unit_length(self.maps(pictures))

    def maps(self, pictures: Tensor) -> Features:
        """The trunk's own feature maps, of pictures [N, 3, H, W], RGB in [0,1]: the features before they are normalised."""
        return _taps(self.stages, (pictures - self.shift) / self.scale)

    def distance(self, one: Features, other: Features, where: Tensor | None = None) -> Tensor:
        """The distance, [N], of pictures by their features.

        Args:
            one: of :meth:`features`.
            other: likewise.
            where: [N, 1, H, W], how much each pixel of the pictures counts; alike when None.
        """
        pairs = zip(one, other, self.heads, strict=True)
        return torch.stack([mean_where(head((a - b).square()), where) for a, b, head in pairs]).sum(0)


class Dists(nn.Module):
    """DISTS: 0 for equal pictures, at most 1. It forgives a texture that differs in its detail alone, as LPIPS does not.

    Its authors compare pictures whose shorter side is 256 px.

    Args:
        progress: see :func:`~mobile_inpaint.checkpoints.store.fetch`.

    Raises:
        WeightsError: the weights are not here and cannot be fetched.

    Source: Ding, Ma, Wang, Simoncelli, Image Quality Assessment: Unifying Structure and Texture Similarity (2020).
    """

    mean: Tensor
    deviation: Tensor
    texture: Tensor
    structure: Tensor

    def __init__(self, progress: Progress | None = None) -> None:
        super().__init__()
        self.stages = _vgg16(_lpips_state("vgg16.", progress), _L2Pool)
        state = read_state(store.find("dists", kind="yardstick", progress=progress)[0])
        total = state["alpha"].sum() + state["beta"].sum()
        self.register_buffer("texture", (state["alpha"] / total).flatten(), persistent=False)
        self.register_buffer("structure", (state["beta"] / total).flatten(), persistent=False)
        self.register_buffer("mean", _colour(_IMAGENET_MEAN), persistent=False)
        self.register_buffer("deviation", _colour(_IMAGENET_DEVIATION), persistent=False)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """The distance, [N], of the pictures ``one`` and ``other``, [N, 3, H, W] RGB in [0,1]."""
        return self.distance(self.features(one), self.features(other))

    def features(self, pictures: Tensor) -> Features:
        """What :meth:`distance` compares, of pictures [N, 3, H, W], RGB in [0,1]: the picture itself, then its feature maps."""
        return [pictures, *_taps(self.stages, (pictures - self.mean) / self.deviation)]

    def distance(self, one: Features, other: Features) -> Tensor:
        """The distance, [N], of pictures by their features."""
        textures, structures = zip(*(_likeness(a, b) for a, b in zip(one, other, strict=True)), strict=True)
        return 1 - torch.cat(textures, 1) @ self.texture - torch.cat(structures, 1) @ self.structure


def unit_length(maps: Features) -> Features:
    """Feature maps whose every pixel is a vector of length 1."""
    return [values / (torch.linalg.vector_norm(values, dim=1, keepdim=True) + 1e-10) for values in maps]


def mean_where(values: Tensor, where: Tensor | None) -> Tensor:
    """The mean, [N], of a map [N, C, h, w].

    Args:
        values: the map.
        where: [N, 1, H, W], how much each pixel of the picture counts, averaged over what a cell of the map covers; all
            alike when None, and 0 where nothing counts.
    """
    if where is None:
        return values.mean((1, 2, 3))
    weight = functional.adaptive_avg_pool2d(where, (values.shape[2], values.shape[3]))
    return (values * weight).sum((1, 2, 3)) / (weight.sum((1, 2, 3)) * values.shape[1] + 1e-10)


def _likeness(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Of each channel, [N, C] in [-1,1]: how like the means are, and how well the deviations from them go together."""
    tiny = 1e-6
    mean_one, mean_other = one.mean((2, 3)), other.mean((2, 3))
    one, other = one - mean_one[..., None, None], other - mean_other[..., None, None]
    spread = one.square().mean((2, 3)) + other.square().mean((2, 3))
    texture = (2 * mean_one * mean_other + tiny) / (mean_one.square() + mean_other.square() + tiny)
    return texture, (2 * (one * other).mean((2, 3)) + tiny) / (spread + tiny)


class _L2Pool(nn.Module):
    """The root of the blurred squares of every second pixel: no aliasing, unlike max-pooling."""

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        hann = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernel", torch.outer(hann, hann).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        blurred = functional.conv2d(x.square(), self.kernel, stride=2, padding=1, groups=x.shape[1])
        return (blurred + 1e-12).sqrt()


def _taps(stages: nn.ModuleList, x: Tensor) -> list[Tensor]:
    maps = []
    for stage in stages:
        maps.append(x := stage(x))
    return maps


def _alexnet(state: dict[str, Tensor]) -> nn.ModuleList:
    def convolution(number: int, stride: int = 1, padding: int = 1) -> nn.Module:
        return _convolution(state, f"AlexNet_0.Conv_{number}", stride, padding)

    return nn.ModuleList(
        [
            nn.Sequential(convolution(0, 4, 2), nn.ReLU()),
            nn.Sequential(nn.MaxPool2d(3, 2), convolution(1, padding=2), nn.ReLU()),
            nn.Sequential(nn.MaxPool2d(3, 2), convolution(2), nn.ReLU()),
            nn.Sequential(convolution(3), nn.ReLU()),
            nn.Sequential(convolution(4), nn.ReLU()),
        ]
    )


def _vgg16(state: dict[str, Tensor], pool: _Pool) -> nn.ModuleList:
    stages, numbers = nn.ModuleList(), count()
    for depth, length in enumerate(_VGG16_STAGES):
        convolutions = [_convolution(state, f"VGG16_0.Conv_{next(numbers)}") for _ in range(length)]
        halved = [pool(convolutions[0].in_channels)] if depth > 0 else []
        stages.append(nn.Sequential(*halved, *(module for one in convolutions for module in (one, nn.ReLU()))))
    return stages


def _convolution(state: dict[str, Tensor], name: str, stride: int = 1, padding: int = 1) -> nn.Conv2d:
    kernel, bias = state[f"{name}.kernel"].permute(3, 2, 0, 1), state.get(f"{name}.bias")
    made, taken, side, _ = kernel.shape
    module = nn.Conv2d(taken, made, side, stride, padding, bias=bias is not None, device="meta")
    module.weight = nn.Parameter(kernel.contiguous(memory_format=torch.channels_last), requires_grad=False)
    if bias is not None:
        module.bias = nn.Parameter(bias, requires_grad=False)
    return module


def _lpips_state(prefix: str, progress: Progress | None) -> dict[str, Tensor]:
    """The tensors of one trunk and its heads; kernels are HWIO."""
    path, _ = store.find("lpips", kind="yardstick", progress=progress)
    with safe_open(path, "pt") as file:
        own = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118  it is no dictionary
        return {name.removeprefix(prefix): file.get_tensor(name) for name in own}


def _colour(values: Sequence[float]) -> Tensor:
    return torch.tensor(values)[:, None, None]
