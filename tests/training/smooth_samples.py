"""Samples that no file is needed for: smooth pictures with a hole each."""

import torch
from torch.nn.functional import interpolate


def smooth_samples(size_px: int, count: int, first: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(image [3, S, S] RGB in [0,1], mask [1, S, S], 1 = hole), by number: the same for the same number."""
    made = []
    for number in range(first, first + count):
        random = torch.Generator().manual_seed(number)
        coarse = torch.rand(1, 3, size_px // 8 + 1, size_px // 8 + 1, generator=random)
        mask = torch.zeros(1, size_px, size_px)
        mask[:, size_px // 4 : size_px * 5 // 8, size_px * 5 // 16 : size_px * 3 // 4] = 1
        made.append((interpolate(coarse, size_px, mode="bicubic").clamp(0, 1)[0], mask))
    return made
