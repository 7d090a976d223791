"""What the fills of an artifact must be worth, where integers or palettes may have cost some of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from mobile_inpaint.artifact import Quality
from mobile_inpaint.data.quality_photos import quality_cases
from mobile_inpaint.defaults import MAX_RISE_FREE, MAX_RISE_OBJECT
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.evaluation.figures import Judge
from mobile_inpaint.evaluation.quality import measure_quality
from mobile_inpaint.evaluation.quality_reference import QualityReference
from mobile_inpaint.models.base import Generator, in_memory_format
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.targets.reference import run_by_torch

Progress = Callable[[str], None]
"""Is told what happens next."""


def quiet(_: str) -> None:
    """A :data:`Progress` that tells nobody."""


@dataclass(frozen=True)
class QualityGate:
    """What a precision that may cost quality has to reach.

    Attributes:
        max_rise_object: increase of LPIPS over the fp32 generator's on holes up to the size of an object.
        max_rise_free: on large free-form holes.
        crops: how many quality photos are looked at; None takes all.
        keep_rejected: leave a file behind that violates the bounds, its manifest saying so.
        always: measure the precisions whose PSNR is gate enough as well.
    """

    max_rise_object: float = MAX_RISE_OBJECT
    max_rise_free: float = MAX_RISE_FREE
    crops: int | None = None
    keep_rejected: bool = False
    always: bool = False

    def judges(self, precision: PrecisionName) -> bool:
        """Whether fills in that precision are measured."""
        return self.always or row_of(precision).judged

    def check(self, file: str, quality: Quality) -> None:
        """Raises where the fills are worse than allowed, unless such files are to be kept.

        Raises:
            VerificationError: which sizes of hole violate their bounds, and by how much.
        """
        if quality.misses and not self.keep_rejected:
            raise VerificationError(
                f"{file}: not worth shipping: LPIPS over the fp32 generator's {'; '.join(quality.misses)}; "
                "try --precision auto, or look at it with --keep-rejected"
            )


STANDARD = QualityGate()


class QualityJudge:
    """Judges fills beside one generator's. The perceptual networks are loaded, and the generator is run, when they are first
    needed, and once.

    Args:
        network: the generator in fp32, plain.
        weights_sha256: of its checkpoint, by which the cache of its fills knows it.
    """

    def __init__(self, network: Generator, weights_sha256: str) -> None:
        self._network, self._sha256 = network, weights_sha256
        self._judge: Judge | None = None
        self._references: dict[int | None, QualityReference] = {}

    def reference(self, crops: int | None, progress: Progress = quiet) -> QualityReference:
        """What the generator makes of the quality photos, from the cache on disk where it was computed before.

        Args:
            crops: of each size of hole; None takes all.
            progress: told what happens next.

        Raises:
            WeightsError: the perceptual networks are not here and cannot be fetched.
        """
        if crops not in self._references:
            if self._judge is None:
                progress("loading perceptual networks")
                self._judge = Judge()
            fill = run_by_torch(in_memory_format(copy.deepcopy(self._network), torch.channels_last))
            cases = quality_cases(self._network.resolution, crops)
            self._references[crops] = QualityReference.of(
                fill, self._sha256, cases, self._judge, lambda photo: progress(f"running the generator: {photo}")
            )
        return self._references[crops]

    def __call__(self, fill: Fill, gate: QualityGate, progress: Progress = quiet) -> Quality:
        """What the fills of ``fill`` are worth beside the generator's, by the bounds of ``gate``.

        Raises:
            WeightsError: see :meth:`reference`.
            VerificationError: ``fill`` does not return images.
        """
        return measure_quality(
            fill,
            self.reference(gate.crops, progress),
            max_rise_object=gate.max_rise_object,
            max_rise_free=gate.max_rise_free,
            progress=lambda photo: progress(f"judging fills: {photo}"),
        )
