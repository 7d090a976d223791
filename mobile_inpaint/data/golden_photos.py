"""The photos on which an artifact is compared with its generator, one for each kind of hole; they ship with the package."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TypeAlias, overload

import numpy as np
from PIL import Image as Pictures

from mobile_inpaint.photo.image import Image, Sample, to_image

KINDS = ("small", "large", "border", "thin", "object", "several")
"""Kinds of hole, each the name of one photo: under 2 % of the photo; 30 to 40 %; cut by its border; strokes of 3 px; the
outline of an object; several of different shapes."""

Picture: TypeAlias = Pictures.Image


@dataclass(frozen=True)
class GoldenPhoto:
    """One photo with its hole, as a network takes them.

    Attributes:
        name: the kind of its hole, one of `KINDS`.
        image: [1, 3, size, size] float32 RGB in [0,1].
        mask: [1, 1, size, size] float32, 0 or 1, 1 = hole.
    """

    name: str
    image: Image
    mask: Image


def golden_photos(size_px: int) -> list[GoldenPhoto]:
    """The golden photos, `size_px` by `size_px`, in the order of `KINDS`; the same bits at each call, in arrays of your own.

    They are stored at 512 px. For a smaller network the photo is averaged over the area that each new pixel covers, and a pixel
    that the hole touches is hole.
    """
    return [_golden_photo(name, photo, mask, size_px) for name, photo, mask in _stored()]


def _golden_photo(name: str, photo: Picture, mask: Picture, size_px: int) -> GoldenPhoto:
    return GoldenPhoto(name, to_image(np.asarray(_resize(photo, size_px))), _to_mask(mask, size_px))


class GoldenSamples(Sequence[Sample]):
    """Images and masks of :func:`golden_photos`, each made when it is asked for: six large ones at once would fill memory."""

    def __init__(self, size_px: int) -> None:
        self._size_px = size_px

    def __len__(self) -> int:
        return len(KINDS)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        photo = _golden_photo(*_stored()[index], self._size_px)
        return photo.image, photo.mask


@functools.cache
def _stored() -> tuple[tuple[str, Picture, Picture], ...]:
    folder = resources.files(__package__) / "golden"

    def read(file: str, mode: str) -> Picture:
        with (folder / file).open("rb") as stream, Pictures.open(stream) as picture:
            return picture.convert(mode)

    # A mask in mode F keeps the least share of hole that 8 bits would round away when it shrinks.
    return tuple((kind, read(f"{kind}.jpg", "RGB"), read(f"{kind}.png", "F")) for kind in KINDS)


def _to_mask(mask: Picture, size_px: int) -> Image:
    return (np.asarray(_resize(mask, size_px)) > 0).astype(np.float32)[None, None]


def _resize(picture: Picture, size_px: int) -> Picture:
    return picture.resize((size_px, size_px), Pictures.Resampling.BOX)
