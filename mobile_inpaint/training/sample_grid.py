"""Pictures of how far a run is: the same photos each time, one a row."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image as pil
from torch import Tensor

from mobile_inpaint import files
from mobile_inpaint.training.samples import Samples

FIRST_INDEX = 1 << 40
"""Number of the first sample on a grid: so far out that no run trains on it."""

Fill = Callable[[Tensor, Tensor], Tensor]


def grid_batch(samples: Samples, rows: int) -> tuple[Tensor, Tensor]:
    """The photos and masks of a run's grids, [rows, 3, S, S] and [rows, 1, S, S]."""
    images, masks = zip(*(samples[FIRST_INDEX + row] for row in range(rows)), strict=True)
    return torch.stack(images), torch.stack(masks)


@torch.no_grad()
def save_grid(path: Path, image: Tensor, mask: Tensor, fills: Sequence[Fill]) -> None:
    """Writes a PNG of photo, holed photo and one column for each of ``fills``.

    Args:
        path: of the picture; appears complete.
        image: float [N, 3, S, S], RGB in [0,1].
        mask: float [N, 1, S, S], 1 = hole.
        fills: ``fill(image, mask) -> image``, asked one row at a time.

    Raises:
        OSError: the folder cannot be written to.
    """
    rows = []
    for one, hole in zip(torch.split(image, 1), torch.split(mask, 1), strict=True):
        columns = [one, one * (1 - hole) + hole / 2, *(fill(one, hole) for fill in fills)]
        rows.append(torch.cat([column.float().cpu().clamp(0, 1) for column in columns], dim=3))
    pixels = (torch.cat(rows, dim=2)[0] * 255).round().byte().permute(1, 2, 0).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = io.BytesIO()
    pil.fromarray(np.ascontiguousarray(pixels)).save(encoded, format="PNG")
    files.write_whole(path, encoded.getbuffer())
