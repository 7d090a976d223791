"""What the fills of an artifact must be worth, where integers or palettes may have cost some of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from mobile_inpaint.artifact import Quality
from mobile_inpaint.data.quality_photos import quality_cases
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.evaluation.judge import Judge
from mobile_inpaint.evaluation.quality import MAX_RISE_FREE, MAX_RISE_OBJECT, measure_quality
from mobile_inpaint.evaluation.quality_reference import QualityReference
from mobile_inpaint.models.base import Generator, in_memory_format
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.targets.reference import run_by_torch


@dataclass(frozen=True)
class Gate:
    """What a precision that may cost quality has to reach.

    Attributes:
        max_rise_object: rise of LPIPS over the fp32 generator's on holes up to the size of an object.
        max_rise_free: on large free-form holes.
        crops: how many quality photos are looked at; None takes all.
        keep_rejected: leave a file behind that misses, its manifest saying so.
        always: measure the precisions whose PSNR is gate enough as well.
    """

    max_rise_object: float = MAX_RISE_OBJECT
    max_rise_free: float = MAX_RISE_FREE
    crops: int | None = None
    keep_rejected: bool = False
    always: bool = False


STANDARD = Gate()

Progress = Callable[[str], None]
"""Is told what happens next."""


def quiet(_: str) -> None:
    """A :data:`Progress` that tells nobody."""


def quality_reference(
    network: Generator, weights_sha256: str, crops: int | None, progress: Progress = quiet
) -> QualityReference:
    """What the generator makes of the quality photos, from the cache where it was computed before.

    Args:
        network: the generator in fp32, plain.
        weights_sha256: of its checkpoint, by which the cache knows it.
        crops: of each size of hole; None takes all.
        progress: told what happens next.

    Raises:
        WeightsError: the perceptual networks are not here and cannot be fetched.
    """
    progress("loading perceptual networks")
    cases, judge = quality_cases(network.resolution, crops), Judge()
    fill = run_by_torch(in_memory_format(copy.deepcopy(network), torch.channels_last))
    return QualityReference.of(fill, weights_sha256, cases, judge, lambda photo: progress(f"running the generator: {photo}"))


def judge_fills(network: Generator, weights_sha256: str, runner: Fill, gate: Gate, progress: Progress = quiet) -> Quality:
    """What the fills of ``runner`` are worth beside the generator's; see :func:`quality_reference`."""
    return measure_quality(
        runner,
        quality_reference(network, weights_sha256, gate.crops, progress),
        max_rise_object=gate.max_rise_object,
        max_rise_free=gate.max_rise_free,
        progress=lambda photo: progress(f"judging fills: {photo}"),
    )


def refuse_misses(file: str, quality: Quality, gate: Gate) -> None:
    """Raises where the fills are worse than allowed, unless such files are to be kept.

    Raises:
        VerificationError: which sizes of hole miss their bounds, and by how much.
    """
    if quality.misses and not gate.keep_rejected:
        raise VerificationError(
            f"{file}: not worth shipping: LPIPS over the fp32 generator's {'; '.join(quality.misses)}; "
            "try --precision auto, or look at it with --keep-rejected"
        )
