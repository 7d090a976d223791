"""Does a one-file pipeline do what our compositor does round the generator? Measured on photos, by its own runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mobile_inpaint.artifact import Verification
from mobile_inpaint.data.golden_photos import GoldenPhoto, golden_photos
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.export.verify import psnr, refuse
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.photo.image import Fill, to_pixels
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.targets.pipeline.runner import PhotoRunner


def compositor_of(runner: PhotoRunner, size_px: int) -> Compositor:
    """What the file does: a file of one size fills the whole hole through one square, the photo itself."""
    return Compositor(size_px) if runner.size_px is None else Compositor(size_px, context=1.0)


def verify_photo(
    runner: PhotoRunner,
    precision: PrecisionName,
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
        psnrs.append(psnr(difference[hole]))
        errors.append(float(difference[hole].max()))
        outside.append(float(np.abs(result.astype(np.float64) - pixels)[~hole].max(initial=0)) / 255)

    pixels, hole = to_pixels(photos[0].image), photos[0].mask[0, 0] > 0
    progress("other pixels under the hole")
    hidden = np.where(hole[..., None], 255 - pixels, pixels)
    if not np.array_equal(_run(runner, hidden, hole, "")[hole], _run(runner, pixels, hole, "")[hole]):
        raise VerificationError("the fill depends on the pixels under the hole; they must not be read")
    progress("inverted mask")
    inverted = psnr(np.abs(_run(runner, pixels, ~hole, "").astype(np.float64) - expected[0])[hole] / 255)

    verification = Verification(
        runtime=runner.runtime,
        computes_in=runner.computes_in,
        photos=tuple(photo.name for photo in photos),
        psnr_db=tuple(round(value, 2) for value in psnrs),
        required_db=row_of(precision).photo_floor_db,
        max_abs_error=max(errors),
        outside_max_abs_error=max(outside),
        inverted_psnr_db=round(inverted, 2),
    )
    refuse(verification, within_a_level=row_of(precision).weight_bits == 32)
    return verification


def _run(runner: PhotoRunner, pixels: Pixels, hole: Flags, name: str) -> Pixels:
    result = runner(pixels, hole)
    if result.shape != pixels.shape or result.dtype != np.uint8:
        raise VerificationError(f"the artifact's output on '{name}' is not a photo of {pixels.shape[1]}x{pixels.shape[0]}")
    return result
