"""How much a fill shows that nothing around the hole looks like: an eraser continues the photo, an inventor adds to it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mobile_inpaint.metrics.mobilenet import MobileNetV2

_DEPTH = 10
"""Of MobileNetV2's blocks: cells of 16 px that see about 100 px, parts of things rather than textures or scenes."""
_DETAIL_PX = 2.0
"""What a Gaussian of this deviation takes away is detail."""
_TINY = 1e-4


class Inventing:
    """The figure of fills of one hole in one photo, 0 to about 1; the photo's own figure is what is aimed at.

    A picture is seen in cells. A cell is strange as far as its features lie from those of every cell of the photo around the
    hole: one less their cosine, to the nearest. The figure is the mean strangeness over the hole, each cell counting as much as
    it shows detail, at most as much as the photo around the hole has. So a smear, which is strange but shows nothing, counts
    little, as do patches copied from around; a thing that is nowhere around counts whole.

    Args:
        network: with whose features the cells are compared.
        photo: [1, 3, H, W] RGB in [0,1], the truth.
        hole: [1, 1, H, W], 1 = hole.
    """

    def __init__(self, network: MobileNetV2, photo: Tensor, hole: Tensor) -> None:
        self._network = network
        cells = self._cells(photo)
        share = _by_cell(hole, cells)
        # A cell beside the hole sees into it; where the hole leaves no other, those that see least of it stand in.
        seen = functional.max_pool2d(share, 3, 1, 1)
        around = (seen == seen.min())[0, 0]
        self._around = cells[0][:, around]
        self._usual_detail = float(_by_cell(_detail(photo), cells)[0, 0][around].mean())
        self._weight = share[0, 0] / share.sum()

    def of(self, fill: Tensor) -> float:
        """The figure of ``fill``, [1, 3, H, W] RGB in [0,1]; of the photo itself, too."""
        cells = self._cells(fill)
        likeness = (cells[0].flatten(1).T @ self._around).amax(1).reshape(self._weight.shape)
        detail = _by_cell(_detail(fill), cells)[0, 0] / (self._usual_detail + _TINY)
        return float((self._weight * detail.clamp_max(1) * (1 - likeness)).sum())

    def _cells(self, picture: Tensor) -> Tensor:
        return functional.normalize(self._network.maps(picture, _DEPTH))


def _by_cell(values: Tensor, cells: Tensor) -> Tensor:
    """Means of [1, 1, H, W] over what each of ``cells`` [1, C, h, w] covers."""
    return functional.adaptive_avg_pool2d(values, (cells.shape[2], cells.shape[3]))


def _detail(picture: Tensor) -> Tensor:
    """How far the brightness differs from itself blurred, [1, 1, H, W]."""
    grey = picture.mean(1, keepdim=True)
    reach = round(3 * _DETAIL_PX)
    weights = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * _DETAIL_PX**2))
    weights = weights / weights.sum()
    blurred = functional.pad(grey, (reach,) * 4, mode="reflect")
    blurred = functional.conv2d(functional.conv2d(blurred, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))
    return (grey - blurred).abs()
