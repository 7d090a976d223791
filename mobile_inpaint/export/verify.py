"""Does an artifact do what its generator does? Measured in the hole, on photos, by the artifact's own runtime."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Verification
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.export.reference_outputs import ReferenceOutputs
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.targets.base import Runner

CLAIM_DB = 3.0
"""How far below the PSNR in its manifest an artifact with integers or palettes may be when it is verified again."""
INVERTED_DB = 35.0
"""With the mask inverted, an artifact of the right polarity returns the photo itself in the hole: it must stay below this."""


def verify(
    runner: Runner, precision: PrecisionName, reference: ReferenceOutputs, progress: Callable[[str], None] = lambda _: None
) -> Verification:
    """How near ``runner`` comes to the generator.

    Args:
        runner: the artifact, loaded from disk.
        precision: decides what is required.
        reference: photos and the generator's results.
        progress: told the name of each photo before it runs.

    Raises:
        VerificationError: a photo below the required PSNR, a known pixel that changed, or a mask read the other way round.
    """
    psnrs, errors, outside = [], [], []
    for photo, expected in zip(reference.photos, reference.expected, strict=True):
        progress(photo.name)
        output = runner(photo.image, photo.mask)
        if output.shape != expected.shape or not np.isfinite(output).all():
            raise VerificationError(f"the artifact's output on '{photo.name}' is not an image of {expected.shape[2]} px")
        hole = np.broadcast_to(photo.mask > 0, output.shape)
        difference = np.abs(output - expected)
        psnrs.append(psnr(difference[hole]))
        errors.append(float(difference[hole].max()))
        outside.append(float(np.abs(output - photo.image)[~hole].max()))

    progress("inverted mask")
    sample, expected = reference.photos[0], reference.expected[0]
    hole = np.broadcast_to(sample.mask > 0, expected.shape)
    inverted = psnr(np.abs(runner(sample.image, 1 - sample.mask) - expected)[hole])

    row = row_of(precision)
    verification = Verification(
        runtime=runner.runtime,
        computes_in=runner.computes_in,
        photos=tuple(photo.name for photo in reference.photos),
        psnr_db=tuple(round(value, 2) for value in psnrs),
        required_db=row.fp16_arithmetic_floor_db if runner.computes_in == "fp16" else row.floor_db,
        max_abs_error=max(errors),
        outside_max_abs_error=max(outside),
        inverted_psnr_db=round(inverted, 2),
    )
    refuse(verification, within_a_level=runner.grey_levels and not row.judged)
    return verification


def check_claim(file: str, claimed: Verification, measured: Verification) -> None:
    """Holds what an artifact with integers or palettes did when it was made against what it does now.

    Rounding moves its fills so far that the required PSNR finds no damaged weight, and judging the fills takes half a minute
    or more. :data:`CLAIM_DB` is an allowance for other processors; how far they differ was not measured.

    Raises:
        VerificationError: it does worse.
    """
    same = (claimed.runtime, claimed.computes_in, claimed.photos) == (measured.runtime, measured.computes_in, measured.photos)
    if same and measured.worst_psnr_db < claimed.worst_psnr_db - CLAIM_DB:
        raise VerificationError(
            f"{file}: in-hole PSNR to the fp32 generator is {measured.worst_psnr_db:.1f} dB, its manifest says "
            f"{claimed.worst_psnr_db:.1f} dB; the file is damaged, export it again"
        )


def psnr(difference: npt.NDArray[np.floating[Any]]) -> float:
    """In dB, peak 1.0; 200 stands for the infinite one of no difference at all."""
    mse = float(np.mean(np.square(difference, dtype=np.float64)))
    return 200.0 if mse == 0 else -10 * math.log10(mse)


def refuse(verification: Verification, *, within_a_level: bool) -> None:
    """Raises where the artifact does not do what it must.

    Args:
        verification: what was measured, and the PSNR that was required.
        within_a_level: one grey level is what the fill may be off by, instead of that PSNR.

    Raises:
        VerificationError: what it does, and what it must do.
    """
    if verification.outside_max_abs_error > 0:
        raise VerificationError(
            f"pixels outside the hole changed by up to {verification.outside_max_abs_error:.2g}; they must come back as given "
            "(mask polarity inverted, or the graph does not composite)"
        )
    if within_a_level:
        if verification.max_abs_error > 1.01 / 255:
            raise VerificationError(f"in the hole off by {verification.max_abs_error * 255:.1f} grey levels, 1 allowed")
    elif not verification.worst_psnr_db >= verification.required_db:
        worst = verification.photos[verification.psnr_db.index(verification.worst_psnr_db)]
        raise VerificationError(
            f"in-hole PSNR to the fp32 generator is {verification.worst_psnr_db:.1f} dB on '{worst}', "
            f"{verification.required_db:.0f} dB required"
        )
    if not verification.inverted_psnr_db < INVERTED_DB:
        raise VerificationError(
            f"the inverted mask gives {verification.inverted_psnr_db:.1f} dB, as good as the right one: the mask has no effect"
        )
