"""An opponent that need not learn to see: heads on the maps of a trained network tell a fill from a photo, place by place.

One that starts from nothing first unteaches a generator that can paint, and needs more photos than two cores can show it. This
one knows edges and textures from its first step; what it has to learn is which of them photos do not have.

Source: Sauer et al., Projected GANs Converge Faster (NeurIPS 2021), without the random mixing of maps; that places are judged,
each by how much of it was filled, is as in Zeng et al., Aggregated Contextual Transformations (2022), section 3.3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torch.nn.utils.parametrizations import spectral_norm

from mobile_inpaint.training.losses.adversarial import Places
from mobile_inpaint.training.losses.perceptual import Looks

_WIDTHS = (64, 192, 384, 256, 256)
"""Channels of AlexNet's maps. With the three shallowest alone worms remain where a hole leaves nothing to go by."""


class Projected(nn.Module):
    """Heads that judge any picture of at least 64 px by AlexNet's five maps, which the losses have taken for LPIPS already.

    Args:
        channels: of each head.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.heads = nn.ModuleList(_head(width, channels) for width in _WIDTHS)

    def forward(self, looks: Looks, mask: Tensor) -> Places:
        """How real each place of each map looks, and how much of it is hole: all maps count alike, and so do all pictures.

        Args:
            looks: of pictures [N, 3, H, W] at LPIPS's AlexNet.
            mask: float [N, 1, H, W], 1 = hole; its pixels are judged and the heads do not see it. In a picture without a hole
                nothing counts.
        """
        with torch.autocast(mask.device.type, enabled=False):  # logits of 8 bits would round the gradient of every weight
            logits, counts = [], []
            for head, width, map_ in zip(self.heads, _WIDTHS, looks.unit, strict=True):
                judged = head(map_ * math.sqrt(width))  # numbers of about 1 each, for heads that cannot enlarge them
                hole = adaptive_avg_pool2d(mask.float(), judged.shape[2:])
                logits.append(judged.flatten(1))
                counts.append((hole / (len(_WIDTHS) * hole.sum((1, 2, 3), keepdim=True)).clamp_min(1e-10)).flatten(1))
        return Places(torch.cat(logits, 1), torch.cat(counts, 1))


def _head(width: int, channels: int) -> nn.Module:
    """One logit a place; spectral norms keep it from growing steep where fills are easily told from photos."""
    return nn.Sequential(
        spectral_norm(nn.Conv2d(width, channels, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(channels, channels, 3, padding=1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(channels, 1, 1)),
    )
