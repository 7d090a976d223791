"""A trained generator as the plain, equal network that a converter gets."""

from __future__ import annotations

import numpy as np

from mobile_inpaint.errors import ExportError
from mobile_inpaint.export.reference_outputs import ReferenceOutputs
from mobile_inpaint.models.base import Generator

TOLERANCE = 1e-4
"""Largest difference allowed between before and after, in standard deviations of the output inside the hole."""


def reparameterize(generator: Generator, reference: ReferenceOutputs) -> Generator:
    """A copy of ``generator`` with every block replaced by its ``fuse()`` and its constants folded, in evaluation mode.

    The copy runs on the photos of ``reference``, which holds what ``generator`` made of them.

    Raises:
        ExportError: their outputs differ by more than :data:`TOLERANCE`.
    """
    plain = generator.plain()
    plain.fold(largest_activation=reference.largest_activation)
    difference = _difference(plain, reference)
    if not difference <= TOLERANCE:
        raise ExportError(
            f"re-parameterizing changed the network: outputs differ by {difference:.2g} of their deviation, not {TOLERANCE:g}"
        )
    return plain


def _difference(plain: Generator, reference: ReferenceOutputs) -> float:
    """The largest, in the hole, over the deviation there; a photo that leaves no deviation to compare with has 1e-12."""
    worst, values = 0.0, []
    after = ReferenceOutputs.of(plain, reference.photos)
    for photo, ours, expected in zip(reference.photos, after.expected, reference.expected, strict=True):
        hole = np.broadcast_to(photo.mask > 0, expected.shape)
        worst = max(worst, float(np.abs(ours - expected)[hole].max()))
        values.append(expected[hole])
    return worst / max(float(np.concatenate(values).std()), 1e-12)
