"""Does an artifact do what its generator does? Measured in the hole, on photos, by the artifact's own runtime."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import LARGEST_SIDE, Artifact, Precision, Verification
from mobile_inpaint.errors import ManifestError, MobileInpaintError, VerificationError
from mobile_inpaint.export.golden_photos import golden_photos
from mobile_inpaint.export.yardstick import Yardstick
from mobile_inpaint.targets.base import Runner, Target
from mobile_inpaint.targets.toolchain import first_line

REQUIRED_DB: dict[Precision, float] = {"fp32": 90.0, "fp16": 55.0}
"""In-hole PSNR to the fp32 generator that every golden photo must reach."""
REQUIRED_DB_OF_INTEGERS = 10.0
"""The same where integers or palettes round: rounding alone moves a fill, so this catches only what is another picture
altogether; whether the fills are good is what :mod:`~mobile_inpaint.export.quality` says."""
REQUIRED_DB_IN_FP16_ARITHMETIC = 50.0
"""The same where the runtime computes in float16 and does not merely store it."""
INVERTED_DB = 35.0
"""With the mask inverted, an artifact of the right polarity returns the photo itself in the hole: it must stay below this."""


def verify(
    runner: Runner, precision: Precision, yardstick: Yardstick, progress: Callable[[str], None] = lambda _: None
) -> Verification:
    """How near ``runner`` comes to the generator.

    Args:
        runner: the artifact, loaded from disk.
        precision: decides what is required.
        yardstick: photos and the generator's results.
        progress: told the name of each photo before it runs.

    Raises:
        VerificationError: a photo below the required PSNR, a known pixel that changed, or a mask read the other way round.
    """
    psnrs, errors, outside = [], [], []
    for photo, expected in zip(yardstick.photos, yardstick.expected, strict=True):
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
    sample, expected = yardstick.photos[0], yardstick.expected[0]
    hole = np.broadcast_to(sample.mask > 0, expected.shape)
    inverted = psnr(np.abs(runner(sample.image, 1 - sample.mask) - expected)[hole])

    required = REQUIRED_DB.get(precision, REQUIRED_DB_OF_INTEGERS)
    if precision == "fp16" and runner.computes_in == "fp16":
        required = REQUIRED_DB_IN_FP16_ARITHMETIC
    verification = Verification(
        runtime=runner.runtime,
        computes_in=runner.computes_in,
        photos=tuple(photo.name for photo in yardstick.photos),
        psnr_db=tuple(round(value, 2) for value in psnrs),
        required_db=required,
        max_abs_error=max(errors),
        outside_max_abs_error=max(outside),
        inverted_psnr_db=round(inverted, 2),
    )
    refuse(verification, within_a_level=runner.grey_levels and precision in REQUIRED_DB)
    return verification


def check_contract(artifact: Artifact, target: Target) -> None:
    """Holds manifest, file metadata and what this package promises against each other.

    Raises:
        ManifestError: they disagree; the manifest was edited, or belongs to another file.
    """
    manifest, where = artifact.manifest, artifact.path.name
    contract = manifest.contract
    if target.read_contract(artifact.path) != contract:
        raise ManifestError(
            f"{where}: its manifest and its own metadata disagree; the manifest is another file's, or was edited"
        )
    if contract.target != target.name or contract.precision not in target.precisions:
        raise ManifestError(
            f"{where}: says it is {contract.target} {contract.precision}, which a {target.suffix} file cannot be"
        )
    holes = (0, 1) if contract.io == "photo" else (1,)
    tensors = target.tensors(contract.size_px, contract.io)
    if (contract.inputs, contract.output) != tensors or contract.hole not in holes or not contract.composited:
        raise ManifestError(f"{where}: its inputs or its mask polarity are not those of a {target.name} artifact")
    if target.ops(artifact.path) != manifest.ops:
        raise ManifestError(f"{where}: its graph is not the one that its manifest counts")


def check_file(artifact: Artifact, target: Target) -> None:
    """Refuses a file that is not what its manifest says, or that its runtime cannot run, without the weights it was made from.

    The contract is compared as :func:`check_contract` does. Then the runtime loads the file and fills one golden photo. A
    format whose runtime is not on this machine is loaded and not run.

    Raises:
        ManifestError: the manifest does not fit, or the file is cut off or damaged, even if the manifest names its hash.
        ToolchainMissing: the format's runtime is not installed.
    """
    where, contract = artifact.path.name, artifact.manifest.contract
    if not 0 < contract.size_px <= LARGEST_SIDE:
        raise ManifestError(
            f"{where}: its network takes {contract.size_px} pixels a side; at most {LARGEST_SIDE} are supported"
        )
    try:
        check_contract(artifact, target)
        if contract.io == "photo":
            target.load_photo(artifact.path)
            return
        runner = target.load(artifact.path)
        if target.runs_here:
            photo = golden_photos(contract.size_px)[0]
            output = runner(photo.image, photo.mask)
            known = np.broadcast_to(photo.mask == 0, photo.image.shape)
            within = 1 / 255 if runner.grey_levels else 0
            if (
                output.shape != photo.image.shape
                or not np.isfinite(output).all()
                or np.abs(output - photo.image)[known].max() > within
            ):
                raise ManifestError(f"{where}: does not give back the known pixels of a photo; it is damaged: export it again")
    except MobileInpaintError:
        raise
    except Exception as error:  # readers and runtimes raise anything on a damaged file
        raise ManifestError(f"{where}: damaged ({first_line(error)}); export it again") from error


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
