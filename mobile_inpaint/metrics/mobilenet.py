"""MobileNetV2 as trained on ImageNet: what a picture and its patches show, as numbers. It judges fills and makes none."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mobile_inpaint.checkpoints import store
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.checkpoints.readers.state import read_state

POOLED = 1280
"""Features of a picture."""

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks, stride of the first: table 2 of the paper."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MobileNetV2(nn.Module):
    """The trunk of width 1.0 without its classifier, in evaluation mode; gradients flow to the pictures alone.

    Args:
        progress: see :func:`~mobile_inpaint.checkpoints.store.fetch`.

    Raises:
        WeightsError: the weights are not here and cannot be fetched.

    Source: Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks (2018).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, progress: Progress | None = None) -> None:
        super().__init__()
        self.features = nn.Sequential(_convolution(3, 32, 3, stride=2), *_blocks(), _convolution(320, POOLED, 1))
        state = read_state(store.find("mobilenet-v2", kind="yardstick", progress=progress)[0])
        self.load_state_dict({name: values for name, values in state.items() if name.startswith("features.")})
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None], persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> Tensor:
        """The pooled features, [N, 1280], of pictures [N, 3, H, W], RGB in [0,1], H and W at least 32."""
        pooled: Tensor = self.features((pictures - self.mean) / self.deviation).mean((2, 3))
        return pooled

    def maps(self, pictures: Tensor, depth: int) -> Tensor:
        """The map [N, C, h, w] that block ``depth`` (1 to 18) makes of pictures [N, 3, H, W], RGB in [0,1].

        Blocks 1 to 17 are the paper's bottlenecks, of 16, 24, 24, 32 (three), 64 (four), 96 (three), 160 (three) and 320
        channels, at a half, a quarter, an eighth (from 4), a sixteenth (from 7), a 32nd (from 14) of the side; 18 is the last
        convolution, 1280.
        """
        values: Tensor = self.features[: depth + 1]((pictures - self.mean) / self.deviation)
        return values


class _Bottleneck(nn.Module):
    """Widened, filtered channel by channel, narrowed without an activation; added to its input where shapes agree."""

    def __init__(self, taken: int, made: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = taken * expansion
        widen = [_convolution(taken, wide, 1)] if expansion > 1 else []
        narrow = (nn.Conv2d(wide, made, 1, bias=False), nn.BatchNorm2d(made))
        self.conv = nn.Sequential(*widen, _convolution(wide, wide, 3, stride, groups=wide), *narrow)
        self.residual = stride == 1 and taken == made

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.conv(x)
        return x + made if self.residual else made


def _blocks() -> Iterator[nn.Module]:
    taken = 32
    for expansion, made, count, stride in _STAGES:
        for place in range(count):
            yield _Bottleneck(taken, made, stride if place == 0 else 1, expansion)
            taken = made


def _convolution(taken: int, made: int, side: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(taken, made, side, stride, side // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(made), nn.ReLU6())
