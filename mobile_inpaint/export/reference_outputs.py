"""What a generator itself makes of the golden photos: every later form of it is measured against this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from mobile_inpaint.data.golden_photos import GoldenPhoto
from mobile_inpaint.models.base import Generator, watched_activations
from mobile_inpaint.photo.image import Image


@dataclass(frozen=True)
class ReferenceOutputs:
    """Golden photos and a generator's results on them.

    Attributes:
        photos: with their holes.
        expected: the generator's output on each, fp32, NCHW in [0,1].
        largest_activation: the largest magnitude that any of its activations reached.
    """

    photos: tuple[GoldenPhoto, ...]
    expected: tuple[Image, ...]
    largest_activation: float

    @classmethod
    @torch.inference_mode()
    def of(
        cls, generator: Generator, photos: Sequence[GoldenPhoto], progress: Callable[[str], None] = lambda _: None
    ) -> ReferenceOutputs:
        """Runs ``generator`` on ``photos``, and tells ``progress`` the name of each before it does."""
        expected = []
        with watched_activations(generator) as largest:
            for photo in photos:
                progress(photo.name)
                expected.append(generator(torch.from_numpy(photo.image), torch.from_numpy(photo.mask)).numpy())
        return cls(tuple(photos), tuple(expected), largest())
