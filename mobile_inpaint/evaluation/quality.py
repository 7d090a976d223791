"""Are an artifact's fills worth shipping? Held beside the fp32 generator's on photos whose truth is known.

Everything is judged as the 8-bit picture that a user would get: the whole photo with its hole filled. LPIPS (AlexNet) sees
all of it, DISTS sees it averaged down to 256 px, as its authors do. What an artifact must keep within bounds is the rise of
LPIPS over the generator's own; DISTS, which no search and no training here aims at, says whether that was earned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import HoleSize, Quality, SliceQuality
from mobile_inpaint.defaults import MAX_RISE_FREE, MAX_RISE_OBJECT
from mobile_inpaint.evaluation.figures import Figures
from mobile_inpaint.evaluation.quality_reference import QualityReference, filled
from mobile_inpaint.metrics.bootstrap import interval
from mobile_inpaint.photo.image import Fill

FREE = "large"

_Floats = npt.NDArray[np.floating[Any]]


def measure_quality(
    runner: Fill,
    reference: QualityReference,
    *,
    max_rise_object: float = MAX_RISE_OBJECT,
    max_rise_free: float = MAX_RISE_FREE,
    progress: Callable[[str], None] = lambda _: None,
) -> Quality:
    """How good the fills of ``runner`` are beside the generator's; whether that is good enough, its ``misses`` say.

    Args:
        runner: the artifact, loaded from disk.
        reference: the generator's fills; :meth:`QualityReference.only` makes a quick look of it.
        max_rise_object: bound of every slice but ``large``.
        max_rise_free: bound of ``large``.
        progress: told the name of each photo before its holes are filled.

    Raises:
        VerificationError: the artifact does not return images.
    """
    rows: dict[HoleSize, list[tuple[Figures, Figures]]] = {}
    for photo in reference.by_photo():
        progress(photo.entries[0].photo)
        fills = [filled(runner, case) for case in photo.cases]
        figures = reference.judge.figures(photo.truth, photo.holes, fills, photo.fills)
        for entry, own in zip(photo.entries, figures, strict=True):
            rows.setdefault(entry.slice, []).append((own, entry.figures))
    return Quality(
        photos=reference.cases.name,
        yardsticks=reference.judge.yardsticks,
        slices=tuple(_summary(slice, np.array(pairs)) for slice, pairs in rows.items()),
        max_rise_object=max_rise_object,
        max_rise_free=max_rise_free,
    )


def drop(
    runner: Fill, reference: QualityReference, slices: Sequence[str] = ("object", FREE), limit: int | None = None
) -> tuple[float, float]:
    """The rise of LPIPS over the generator's: its mean on object-sized holes, and on free-form ones. For searches.

    Args:
        runner: any Fill.
        reference: the generator's fills.
        slices: those that are looked at; the rise is 0 where none of a kind is.
        limit: the number of crops of each; None takes all.
    """
    rises: dict[bool, list[float]] = {False: [], True: []}
    for photo in reference.only(slices, limit).by_photo():
        distances = reference.judge.lpips(photo.truth, [filled(runner, case) for case in photo.cases])
        for entry, distance in zip(photo.entries, distances, strict=True):
            rises[entry.slice == FREE].append(distance - entry.figures.lpips)
    return float(np.mean(rises[False] or 0)), float(np.mean(rises[True] or 0))


def _summary(slice: HoleSize, pairs: _Floats) -> SliceQuality:
    """Of one slice; ``pairs`` are [crops, 2, figures], the artifact's and the generator's."""
    own = Figures(*pairs[:, 0].mean(axis=0).tolist())
    rise = Figures(*(pairs[:, 0] - pairs[:, 1]).mean(axis=0).tolist())
    low, high = interval(pairs[:, 0, 0] - pairs[:, 1, 0])
    asked = not np.isnan(own.dists)
    return SliceQuality(
        slice=slice,
        crops=len(pairs),
        lpips=round(own.lpips, 5),
        lpips_rise=round(rise.lpips, 5),
        lpips_rise_interval=(round(low, 5), round(high, 5)),
        dists=round(own.dists, 5) if asked else None,
        dists_rise=round(rise.dists, 5) if asked else None,
        lpips_to_fp32=round(own.lpips_to_reference, 5),
        psnr_to_fp32_db=round(own.psnr_to_reference, 2),
        psnr_db=round(own.psnr, 2),
        seam_delta_e_rise=round(rise.seam, 3),
    )
