"""What a student learns from its teacher's own answer, in the hole alone: level by level, or the image."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mobile_inpaint.errors import TrainingError


def levels_l1(student: Mapping[int, Tensor], teacher: Mapping[int, Tensor], mask: Tensor, from_px: int) -> Tensor:
    """The difference of what each level adds to the image, summed over the levels that both have.

    Each level's is the mean over all its pixels, hole or not, so that it grows with the hole, as published.

    Args:
        student: by side r, float [N, 3, r, r].
        teacher: likewise.
        mask: float [N, 1, S, S], 1 = hole; seen at each side by its nearest pixels.
        from_px: smaller sides are left to the student.

    Raises:
        TrainingError: there is no such level.

    Source: MI-GAN (Sargsyan et al., ICCV 2023), section 3.3.
    """
    sides = [side for side in student if side in teacher and side >= from_px]
    if not sides:
        raise TrainingError(
            f"student and teacher have no level of {from_px} px or more in common: the student's are {_listed(student)}, "
            f"the teacher's {_listed(teacher)}; distil the image instead (teacher_l1, teacher_lpips)"
        )
    with torch.autocast(mask.device.type, enabled=False):
        holes = {side: interpolate(mask.float(), size=side) for side in sides}
        return torch.stack(
            [((student[side].float() - teacher[side].float()).abs() * holes[side]).mean() for side in sides]
        ).sum()


def hole_l1(fill: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """The mean difference in each hole, averaged over the batch: a small hole counts as much as a large one.

    Args:
        fill: float [N, 3, S, S], RGB in [0,1].
        other: what it should be, likewise.
        mask: float [N, 1, S, S], 1 = hole.
    """
    difference = (fill.float() - other.float()).abs().mean(1, keepdim=True) * mask
    return (difference.sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp_min(1)).mean()


def _listed(levels: Mapping[int, Tensor]) -> str:
    return ", ".join(map(str, levels)) or "none"
