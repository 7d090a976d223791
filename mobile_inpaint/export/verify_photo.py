"""Does a one-file pipeline do what our compositor does round the generator? Measured on photos, by its own runtime."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mobile_inpaint.artifact import Precision, Verification
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.export.golden_photos import GoldenPhoto, golden_photos
from mobile_inpaint.photo.compositor import Compositor, Flags, Pixels
from mobile_inpaint.photo.image import Fill, to_pixels
from mobile_inpaint.targets.one_file.runner import PhotoRunner

REQUIRED_DB: dict[Precision, float] = {"fp32": 48.0, "fp16": 35.0}
"""In-hole PSNR to the generator's fill; 48 dB is one grey level everywhere, and fp32 may be off by no more."""
REQUIRED_DB_OF_INTEGERS = 10.0
"""Where integers or palettes round: rounding alone moves a fill, so this catches only what is another picture altogether."""
INVERTED_DB = 35.0
"""With the mask inverted, the hole comes back as given: it must stay below this."""


def compositor_of(runner: PhotoRunner, size_px: int) -> Compositor:
    """What the file does: a file of one size fills the whole hole through one square, the photo itself."""
    return Compositor(size_px) if runner.size_px is None else Compositor(size_px, context=1.0)


def verify_photo(
    runner: PhotoRunner,
    precision: Precision,
    size_px: int,
    fill: Fill,
    photos: Sequence[GoldenPhoto] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Verification:
    """How near ``runner`` comes to our compositor with ``fill``.

    Args:
        runner: the artifact, loaded from disk.
        precision: decides what is required.
        size_px: of the square that its network sees.
        fill: the fp32 generator's, see :func:`~mobile_inpaint.targets.reference.run_by_torch`.
        photos: of the runner's size; None takes the golden ones, where any size will do 5/4 as large as the square.
        progress: told the name of each photo before it runs.

    Raises:
        VerificationError: a pixel outside the hole changed, one inside shows what was there, the fill is not the generator's,
            or the mask is read the other way round.
    """
    if photos is None:
        photos = golden_photos(runner.size_px or size_px * 5 // 4)
    compositor = compositor_of(runner, size_px)
    psnrs, errors, outside, expected = [], [], [], []
    for photo in photos:
        progress(photo.name)
        pixels, hole = to_pixels(photo.image), photo.mask[0, 0] > 0
        expected.append(compositor(pixels, hole, fill))
        result = _run(runner, pixels, hole, photo.name)
        difference = np.abs(result.astype(np.float64) - expected[-1]) / 255
        psnrs.append(_psnr(difference[hole]))
        errors.append(float(difference[hole].max()))
        outside.append(float(np.abs(result.astype(np.float64) - pixels)[~hole].max(initial=0)) / 255)

    pixels, hole = to_pixels(photos[0].image), photos[0].mask[0, 0] > 0
    progress("other pixels under the hole")
    hidden = np.where(hole[..., None], 255 - pixels, pixels)
    if not np.array_equal(_run(runner, hidden, hole, "")[hole], _run(runner, pixels, hole, "")[hole]):
        raise VerificationError("the fill depends on the pixels under the hole; they must not be read")
    progress("inverted mask")
    inverted = _psnr(np.abs(_run(runner, pixels, ~hole, "").astype(np.float64) - expected[0])[hole] / 255)

    verification = Verification(
        runtime=runner.runtime,
        computes_in=runner.computes_in,
        photos=tuple(photo.name for photo in photos),
        psnr_db=tuple(round(value, 2) for value in psnrs),
        required_db=REQUIRED_DB.get(precision, REQUIRED_DB_OF_INTEGERS),
        max_abs_error=max(errors),
        outside_max_abs_error=max(outside),
        inverted_psnr_db=round(inverted, 2),
    )
    _judge(verification, precision)
    return verification


def _run(runner: PhotoRunner, pixels: Pixels, hole: Flags, name: str) -> Pixels:
    result = runner(pixels, hole)
    if result.shape != pixels.shape or result.dtype != np.uint8:
        raise VerificationError(f"the artifact's output on '{name}' is not a photo of {pixels.shape[1]}x{pixels.shape[0]}")
    return result


def _psnr(difference: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    mse = float(np.mean(np.square(difference)))
    return 200.0 if mse == 0 else -10 * math.log10(mse)


def _judge(verification: Verification, precision: Precision) -> None:
    if verification.outside_max_abs_error > 0:
        raise VerificationError(
            f"pixels outside the hole changed by up to {verification.outside_max_abs_error * 255:.0f} grey levels; they must "
            "come back as given (mask polarity inverted, or the graph does not composite)"
        )
    if precision == "fp32" and verification.max_abs_error > 1.01 / 255:
        raise VerificationError(f"in the hole off by {verification.max_abs_error * 255:.0f} grey levels, 1 allowed")
    if not verification.worst_psnr_db >= verification.required_db:
        worst = verification.photos[verification.psnr_db.index(verification.worst_psnr_db)]
        raise VerificationError(
            f"in-hole PSNR to compositor and generator is {verification.worst_psnr_db:.1f} dB on '{worst}', "
            f"{verification.required_db:.0f} dB required"
        )
    if not verification.inverted_psnr_db < INVERTED_DB:
        raise VerificationError(
            f"the inverted mask gives {verification.inverted_psnr_db:.1f} dB, as good as the right one: the mask has no effect"
        )
