"""Mask: which pixels of a photo are to be filled. True is a hole, everywhere in this package."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from math import isqrt
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil
from PIL import ImageOps

from mobile_inpaint.errors import MaskError
from mobile_inpaint.photo import dilation, marks
from mobile_inpaint.photo.compositor.tiles import Box, bounding_box
from mobile_inpaint.photo.image import Image, Pixels
from mobile_inpaint.photo.io import deep, formats
from mobile_inpaint.photo.io.metadata import Metadata
from mobile_inpaint.photo.io.source import InMemory, Source, kind_of, openable
from mobile_inpaint.photo.marks import Picture, Polarity, Reading, border_share, looks_inverted
from mobile_inpaint.quoting import shown

Hole: TypeAlias = npt.NDArray[np.bool_]
"""HW bool, True = to be filled."""

__all__ = ["Hole", "Mask", "Polarity", "edge_hint", "polarity_hint"]

_CLEARLY_INVERTED = 0.75
"""Share of the photo from which on even a polarity that the user named is doubted."""
_PIL_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_PIL_NUMBERS = ("I", "I;16", "F")
"""Modes of PIL that are arrays of numbers, and that no PNG holds whole."""
_MOST_GROWN = 0.95
"""Share of the photo that growing may lead to, if the mask itself leaves twice as much to fill from."""
_AUTO_PERCENT, _AUTO_LEAST_PX = 6, 2
_HINT_SIDE_PX, _EDGE_PX, _NEAR_PX, _FAR_PX = 256, 2, 4, 12
_EDGE_RATIO, _EDGE_LEAST = 1.5, 4.0


@dataclass(frozen=True)
class Mask:
    """The hole in a photo.

    Attributes:
        hole: HW bool, True = to be filled.
        reading: how it was found in a picture; None for one that was made otherwise, or changed since.

    Raises:
        MaskError: ``hole`` is not what is said here.
    """

    hole: Hole
    reading: Reading | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuses what would only fail later, and then in other words."""
        hole = self.hole
        if not isinstance(hole, np.ndarray) or hole.dtype != np.bool_ or hole.ndim != 2:
            found = f"{hole.dtype} {list(hole.shape)}" if isinstance(hole, np.ndarray) else kind_of(hole)
            raise MaskError(f"a Mask's hole is HW bool, True = to be filled, not {found}: use Mask.from_array or Mask.from_pil")
        if not hole.size:
            raise MaskError(f"the mask's shape is {list(hole.shape)}: it has no pixels")

    def __repr__(self) -> str:
        percent = 100 * self.area / self.hole.size
        return f"Mask({self.width}x{self.height}, {self.area:,} pixels to fill, {percent:.1f} %)"

    @classmethod
    def open(cls, source: Source, *, hole: str = "auto", max_pixels: int = formats.MAX_PIXELS) -> Mask:
        """The mask in a picture file, turned upright as its EXIF says, as the photo is.

        Args:
            source: any picture that :meth:`Photo.open` reads, by path, as bytes or from an open file.
            hole: what marks a hole, one of :data:`Polarity` or labels; see :func:`mobile_inpaint.photo.marks.read`.
            max_pixels: refuse a larger picture before decoding it.

        Raises:
            PhotoError: not a picture, damaged, or larger than ``max_pixels``.
            MaskError: it is not clear what marks the hole; ``alpha`` or ``opaque`` in a picture without transparency.
        """
        path = openable(source)
        marks.check_polarity(hole)
        with formats.decoded(path, max_pixels) as (picture, file):
            orientation = Metadata.of(picture, file).orientation
            if picture.format == "PNG" and deep.depth(file) == 16 and "transparency" not in picture.info:
                # Pillow halves all but grey, and with it a mask of 0 and 1
                samples = deep.read(picture, file, formats.identified, orientation)
                stored = marks.of_array(samples)
            else:
                stored = _stored(formats.upright(picture, orientation))
        return cls._read(stored, hole, str(path))

    @classmethod
    def from_pil(cls, picture: pil.Image, *, hole: str = "auto") -> Mask:
        """The mask in a PIL image, by the rules of :meth:`open`.

        Args:
            picture: of mode 1, L, LA, P, RGB, RGBA, I, I;16 or F.
            hole: see :meth:`open`.

        Raises:
            MaskError: no PIL image, of another mode, or see :meth:`open`.
        """
        if not isinstance(picture, pil.Image):
            raise MaskError(f"the mask is {kind_of(picture)}: give a PIL image, or use Mask.open or Mask.from_array")
        if picture.mode not in _PIL_MODES + _PIL_NUMBERS:
            raise MaskError(f"the mask's mode is {picture.mode}: convert it to L first")
        file = io.BytesIO()  # by way of a file, so that there is one set of rules
        try:
            turned = ImageOps.exif_transpose(picture)
            if picture.mode not in _PIL_NUMBERS:
                turned.save(file, "PNG", compress_level=1)
            else:
                numbers = np.array(turned)
        except Exception as error:  # a lazily opened file raises whatever Pillow's decoder stumbles over
            raise MaskError(f"the mask cannot be read ({shown(error)})") from error
        if picture.mode in _PIL_NUMBERS:
            return cls.from_array(numbers, hole=hole)
        return cls.open(InMemory(file.getvalue(), "the mask"), hole=hole, max_pixels=max(1, picture.width * picture.height))

    @classmethod
    def from_array(cls, array: npt.NDArray[Any], *, hole: str = "auto") -> Mask:
        """The mask in an array, by the rule of :meth:`open`.

        Args:
            array: HW bool, True = hole; HW float in [0,1], hole from 0.5 up, or the greater of two numbers; whole numbers as
                in a picture: HW, or HWC with grey and alpha, RGB, or RGB and alpha.
            hole: what marks a hole; see :meth:`open`.

        Raises:
            MaskError: as :meth:`open`; no NumPy array, another shape, or numbers that no mask has.
        """
        if not isinstance(array, np.ndarray):
            raise MaskError(f"the mask is {kind_of(array)}: give a NumPy array (np.asarray), or use Mask.open or Mask.from_pil")
        if array.dtype.kind == "f":
            if not np.isfinite(array).all():
                raise MaskError("a mask with numbers that are infinite or no numbers: they must be from 0 to 1")
            if array.size and array.min() >= 0 and array.max() <= 1:
                two = np.unique(array).tolist() if hole == "auto" else []
                array = array >= (two[1] if len(two) == 2 else 0.5)
            else:
                array = np.rint(array).astype(np.int64)
        if array.dtype == np.bool_ and array.ndim == 2 and hole in ("auto", "white"):
            return cls(np.asarray(array), Reading(array, hole, "its numbers are all alike"))
        return cls._read(marks.of_array(array), hole, "the mask")

    @classmethod
    def _read(cls, picture: Picture, hole: str, name: str) -> Mask:
        reading = marks.read(picture, hole, name)
        return cls(reading.hole, reading)

    def to_array(self) -> Image:
        """The mask as a Fill takes it: 11HW float32, 1 = hole."""
        return self.hole[None, None].astype(np.float32)

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.hole.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.hole.shape[1])

    @property
    def area(self) -> int:
        """Pixels to be filled."""
        return int(np.count_nonzero(self.hole))

    @property
    def box(self) -> Box:
        """The smallest rectangle that holds the hole.

        Raises:
            MaskError: there is no hole.
        """
        box = bounding_box(self.hole)
        if box is None:
            raise MaskError("the mask is empty: it marks nothing to fill")
        return box

    def check(self, photo_shape: tuple[int, ...], *, allow_full: bool = False) -> None:
        """Returns if a photo of this shape can be filled through this mask.

        Args:
            photo_shape: HW or HWC, of :attr:`Photo.pixels`.
            allow_full: accept a mask that leaves no pixel to fill from, or hardly any.

        Raises:
            MaskError: another size than the photo's; nothing to fill; everything to fill; the mask looks inverted.
        """
        height, width = photo_shape[:2]
        if (self.height, self.width) != (height, width):
            raise MaskError(
                f"the mask is {self.width} x {self.height} pixels, the photo (upright) {width} x {height}: "
                "draw the mask on the photo at its own size"
            )
        if not self.area:
            raise MaskError(f"the mask is empty: it marks nothing to fill; {self._advice('paint white what is to go')}")
        if allow_full:
            return
        if self.hole.all():
            reason = "the mask covers the whole photo: nothing is left to fill from; "
            remedy = f"{self._advice('')}; " if self.reading and self.reading.remedy else ""
            raise MaskError(f"{reason}{remedy}if you mean it, say --allow-full")
        if self.reading and looks_inverted(self.hole, border_share(self.reading.said)):
            share = self.area / self.hole.size
            if self.reading.said == "auto" or share >= _CLEARLY_INVERTED:
                raise MaskError(f"{polarity_hint(self)}; if you mean it, say --allow-full")

    def _advice(self, otherwise: str) -> str:
        """What to do about a mask that is empty or full."""
        if self.reading is None:
            return "if it is inverted, say --hole black"
        said = "" if self.reading.said == "auto" else f"--hole {self.reading.said} was said, and "
        remedy = f"say {self.reading.remedy}" if self.reading.remedy else otherwise
        return f"{said}{self.reading.levels}: {remedy}"

    def grow(self, px: int) -> Mask:
        """The mask with every pixel added whose centre lies within ``px`` of the centre of a hole pixel.

        Integers throughout, so that every language makes the same mask: a pixel ``(dy, dx)`` from the hole joins it where
        ``dy² + dx² <= px²``. The time depends on the photo's size and hardly on ``px``.
        """
        box = bounding_box(self.hole)
        if px <= 0 or box is None:
            return self
        px = min(px, self.diagonal_px)
        grown = np.zeros_like(self.hole)
        around = box.grown(px, self.hole.shape).slices
        dilation.grow(self.hole[around], px, grown[around])
        return Mask(grown)

    @property
    def diagonal_px(self) -> int:
        """The distance of two opposite corners, rounded up: growing by more adds nothing."""
        return isqrt(self.height**2 + self.width**2) + 1

    def shortage(self, grown: Mask) -> str | None:
        """What is wrong with growing this mask to ``grown``: hardly anything of the photo is left to fill from.

        Returns:
            the end of a sentence; None where at least 5 % of the photo is left, or half of what this mask leaves.
        """
        left, left_before = (mask.hole.size - mask.area for mask in (grown, self))
        if left >= (1 - _MOST_GROWN) * grown.hole.size or 2 * left >= left_before:
            return None
        return (
            f"leaves {100 * left / grown.hole.size:.1f} % of the photo to fill from, the mask alone "
            f"{100 * left_before / grown.hole.size:.0f} %"
        )

    def grow_auto(self) -> Mask:
        """The mask grown by :attr:`auto_px`."""
        return self.grow(self.auto_px)

    @property
    def auto_px(self) -> int:
        """How far a mask drawn tightly round an object should grow, so that no edge peeks out for the network to paint on.

        6 % of the side of a square as large as the hole's largest connected part, at least 2 px. Growing by 4 to 6 % of a
        hole's size turned stumps and blue fins into clean rock and sand; at 6 %, no edge of our demo photos' objects, out of
        focus or not, is left at the hole's rim (see :func:`edge_hint`).

        Raises:
            MaskError: there is no hole.
        """
        part = _largest_part(self.hole[self.box.slices])
        return max(_AUTO_LEAST_PX, (_AUTO_PERCENT * isqrt(part) + 50) // 100)


def polarity_hint(mask: Mask) -> str | None:
    """A line for the user where the mask looks inverted: most of the photo is hole, and so is nearly all of its border.

    It never names what the user said.
    """
    if not looks_inverted(mask.hole, border_share(mask.reading.said) if mask.reading else border_share("")):
        return None
    remedy = "--hole black" if mask.reading is None else mask.reading.remedy
    percent = 100 * mask.area // mask.hole.size
    line = f"the mask marks {percent} % of the photo and its border as hole"
    return f"{line}: if it is inverted, say {remedy}" if remedy else line


def edge_hint(pixels: Pixels, mask: Mask) -> str | None:
    """A line for the user where the hole's edge lies on the object's own, so that a rim of the object may be left.

    The photo round the hole is shrunk until the hole's longer side is at most 256 pixels. There the brightest step to a
    neighbour is averaged over the pixels within 2 of the hole's edge, and over those 5 to 12 outside: on an object's edge
    the former is at least 1.5 times the latter (seven photos, silhouettes: 2.0 to 14; drawn with 2 to 5 % to spare, or
    boxes: 0.9 to 1.1).

    Args:
        pixels: HWC uint8 RGB of the mask's size; read inside the hole as well.
        mask: not empty.
    """
    box = mask.box
    shrink = -(-box.side // _HINT_SIDE_PX)
    margin = _FAR_PX * shrink
    rows = slice(max(0, box.top - margin), box.bottom + margin)
    columns = slice(max(0, box.left - margin), box.right + margin)
    seen = np.asarray(pil.fromarray(pixels[rows, columns]).reduce(shrink), dtype=np.int16)
    hole = np.asarray(pil.fromarray(mask.hole[rows, columns].astype(np.uint8) * 255).reduce(shrink)) >= 128
    small = Mask(hole)
    edge = small.grow(_EDGE_PX).hole & Mask(~hole).grow(_EDGE_PX).hole
    outside = small.grow(_FAR_PX).hole & ~small.grow(_NEAR_PX).hole
    if not (edge.any() and outside.any()):
        return None
    steps = np.zeros(hole.shape, np.int16)
    steps[:, 1:] = np.abs(np.diff(seen, axis=1)).max(axis=2)
    steps[1:] = np.maximum(steps[1:], np.abs(np.diff(seen, axis=0)).max(axis=2))
    if steps[edge].mean() < max(_EDGE_RATIO * steps[outside].mean(), _EDGE_LEAST):
        return None
    return f"the mask ends on the object's own edge, of which a rim may stay: try --grow auto ({mask.auto_px} px)"


def _largest_part(hole: Hole) -> int:
    """Pixels of the largest 8-connected part: runs of a row, joined where those of the next row touch them."""
    stride = hole.shape[1] + 2  # a column to keep on either side ends every run within its row
    changes = np.flatnonzero(np.diff(np.pad(hole, ((0, 0), (1, 1))).ravel()))
    starts, ends = changes[::2], changes[1::2]
    if not starts.size:
        return 0
    first = np.searchsorted(ends, starts + stride, side="left")
    touching = np.searchsorted(starts, ends + stride, side="right") - first
    above = np.repeat(np.arange(starts.size), touching)
    below = np.arange(above.size) + np.repeat(first - (np.cumsum(touching) - touching), touching)
    part = np.arange(starts.size)
    while (part[above] != part[below]).any():
        one, other = part[above], part[below]
        np.minimum.at(part, np.maximum(one, other), np.minimum(one, other))
        while (part[part] != part).any():
            part = part[part]
    return int(np.bincount(part, weights=ends - starts).max())


def _stored(picture: pil.Image) -> Picture:
    """What is in a picture, before anything is decided."""
    labels = np.asarray(picture) if picture.mode == "P" else None
    transparent = picture.has_transparency_data
    if picture.mode.startswith("I"):
        return marks.of_array(np.asarray(picture))
    grey = picture.mode in ("1", "L", "LA")
    channels = np.asarray(picture.convert(("L" if grey else "RGB") + ("A" if transparent else "")))
    alpha = np.ascontiguousarray(channels[..., -1]) if transparent else None
    colors = channels if channels.ndim == 2 else channels[..., 0] if grey else channels[..., :3]
    return Picture(np.ascontiguousarray(colors), alpha, labels)
