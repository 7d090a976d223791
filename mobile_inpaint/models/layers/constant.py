"""A constant map that is added to every channel."""

from __future__ import annotations

import torch
from torch import nn


class AddConstant(nn.Module):
    """Adds one constant map to every channel; equalized, one to each."""

    const: torch.Tensor

    def __init__(self, const: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("const", const[None, None].clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The shifted map: float [N, C, H, W] of the shape of ``x``."""
        return x + self.const
