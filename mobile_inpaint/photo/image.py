"""Photo (what the user has) and Image (what a network has)."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.errors import PhotoError
from mobile_inpaint.photo import arrays
from mobile_inpaint.photo.io import deep, formats, marker
from mobile_inpaint.photo.io.metadata import Metadata
from mobile_inpaint.photo.io.source import Source, kind_of, openable
from mobile_inpaint.quoting import quoted, shown

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""HWC uint8 RGB in [0,255]."""

Image: TypeAlias = npt.NDArray[np.float32]
"""NCHW float32 RGB in [0,1]; a mask is N1HW float32, 1 = hole."""

Sample: TypeAlias = tuple[Image, Image]
"""What a Fill is asked: an image and its mask."""

Fill: TypeAlias = Callable[[Image, Image], Image]
"""``fill(image, mask) -> image``: known pixels come back as given."""

_GREY = ("1", "L", "LA")
_READ = (*_GREY, "P", "PA", "RGB", "RGBA")
_FRESH: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 90},
    "HEIF": {"quality": 90},
}
"""How a format is written that the photo did not come in; ``exact`` keeps the colours that transparency hides."""


def to_image(pixels: Pixels) -> Image:
    """The pixels as a network takes them: 1CHW float32 RGB in [0,1] out of HWC uint8 RGB."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def to_pixels(image: Image) -> Pixels:
    """The pixels a network returned: HWC uint8 RGB out of 1CHW float32, clamped to [0,1], half a grey level rounded up."""
    levels = np.clip(image[0], 0, 1) * np.float32(255) + np.float32(0.5)
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(1, 2, 0))


@dataclass(frozen=True)
class Photo:
    """A photo, upright, with what its file said beside the pixels.

    Attributes:
        pixels: HWC uint8 RGB; a palette is resolved, a greyscale photo has three equal channels.
        alpha: HW uint8, 0 = transparent; None where the file has none.
        grey: the file has one channel, and a saved one has one again: the luma of ``pixels``, exact where they are grey.
        metadata: EXIF, colour profile, XMP and the rest.
        source: the file; None for a photo that came from memory.
        samples: HWC uint16, what a PNG of 16 bits a channel holds, alpha last; ``pixels`` and ``alpha`` are its nearest 8 bits.

    Raises:
        PhotoError: ``pixels`` or ``alpha`` is not what is said here.
    """

    pixels: Pixels
    alpha: npt.NDArray[np.uint8] | None = None
    grey: bool = False
    metadata: Metadata = field(default_factory=Metadata, repr=False)
    source: Path | None = None
    samples: deep.Samples | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuses what would only fail later, and then in other words."""
        pixels, alpha = self.pixels, self.alpha
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise PhotoError(f"a Photo's pixels are HWC uint8 RGB, not {_described(pixels)}: use Photo.from_array")
        if not pixels.size:
            raise PhotoError(f"the photo's shape is {list(pixels.shape)}: it has no pixels")
        if alpha is not None and (
            not isinstance(alpha, np.ndarray) or alpha.dtype != np.uint8 or alpha.shape != pixels.shape[:2]
        ):
            raise PhotoError(f"a Photo's alpha is HW uint8, as high and wide as the pixels, not {_described(alpha)}")

    def __repr__(self) -> str:
        channels = ("grey" if self.grey else "RGB") + ("" if self.alpha is None else " with alpha")
        source = f", {str(self.source)!r}" if self.source else ""
        return f"Photo({self.width}x{self.height} {channels}{source})"

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @classmethod
    def open(cls, source: Source, *, max_pixels: int = formats.MAX_PIXELS, shrink: int = 1) -> Photo:
        """The photo in a file: JPEG, PNG, WebP, AVIF, or HEIC with pillow-heif; turned upright as its EXIF says.

        A PNG of 16 bits a channel is read with 8, and its 16 are kept in :attr:`samples` for :meth:`save`.

        Args:
            source: a path, the bytes of the file, a file opened for reading bytes (``io.BytesIO`` too, which is read from its
                beginning), or a part of a file.
            max_pixels: refuse a larger photo before decoding it.
            shrink: 2, 4 or 8 decodes a JPEG at that part of its size, for less time; other formats stay as they are.

        Raises:
            PhotoError: not a picture, damaged, animated, larger than ``max_pixels``, or not RGB or grey.
            ToolchainMissing: HEIC, and pillow-heif is not installed.
        """
        path = openable(source)
        with formats.decoded(path, max_pixels, shrink) as (picture, file):
            is_deep = picture.format == "PNG" and deep.depth(file) == 16
            metadata = Metadata.of(picture, file)
            own = path if isinstance(path, Path) else None
            if is_deep:
                try:
                    return cls._of_samples(deep.read(picture, file, formats.identified, metadata.orientation), metadata, own)
                except PhotoError as error:
                    raise PhotoError(f"{path}: {error}") from error
            return cls._of_picture(picture, metadata, own, f"{path}: ")

    @classmethod
    def from_bytes(cls, data: bytes, *, max_pixels: int = formats.MAX_PIXELS) -> Photo:
        """The photo in the bytes of a picture file; :meth:`open` takes them as well.

        Raises:
            PhotoError, ToolchainMissing: see :meth:`open`.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise PhotoError(f"the photo is {kind_of(data)}: give the bytes of a picture file, or use Photo.open")
        return cls.open(data, max_pixels=max_pixels)

    @classmethod
    def from_pil(cls, picture: pil.Image) -> Photo:
        """The photo in a PIL image, turned upright as its EXIF says, as :meth:`open` does.

        EXIF, colour profile, XMP and the coding of a JPEG come along if the image still has them.

        Args:
            picture: of mode 1, L, LA, P, PA, RGB or RGBA.

        Raises:
            PhotoError: no PIL image, of another mode, or of a file that is damaged.
        """
        if not isinstance(picture, pil.Image):
            raise PhotoError(f"the photo is {kind_of(picture)}: give a PIL image, or use Photo.open or Photo.from_array")
        try:
            picture.load()
            metadata = Metadata.of(picture, io.BytesIO())
        except Exception as error:  # a lazily opened file raises whatever Pillow's decoder stumbles over
            raise PhotoError(f"the photo cannot be read ({shown(error)})") from error
        coding = metadata.coding if metadata.format == "JPEG" else {}
        return cls._of_picture(picture, dataclasses.replace(metadata, coding=coding), None, "the photo: ")

    @classmethod
    def from_array(cls, array: npt.NDArray[Any]) -> Photo:
        """The photo in a NumPy array.

        Args:
            array: HWC, RGB; or HW and HW1, grey; or HW4, RGB and alpha (0 = transparent). uint8 in [0,255] or float in [0,1],
                which is rounded to the nearest of 256 levels.

        Raises:
            PhotoError: another kind, dtype, shape, layout or range.
        """
        levels = arrays.levels_of(array)
        channels = levels.shape[2]
        alpha = np.ascontiguousarray(levels[..., 3]) if channels == 4 else None
        return cls(np.ascontiguousarray(levels[..., [0, 0, 0] if channels == 1 else [0, 1, 2]]), alpha, channels == 1)

    @classmethod
    def _of_picture(cls, picture: pil.Image, metadata: Metadata, source: Path | None, where: str) -> Photo:
        """The photo in a decoded picture of 8 bits a channel, which still lies as it is stored."""
        if picture.mode == "CMYK":
            raise PhotoError(f"{where}its colours are CMYK, which are for print; convert it to RGB (sRGB) in an editor first")
        if picture.mode not in _READ:
            raise PhotoError(f"{where}its colours are {picture.mode}; convert it to RGB or greyscale first")
        picture = formats.upright(picture, metadata.orientation)
        grey, transparent = picture.mode in _GREY, picture.has_transparency_data
        wanted = "RGBA" if transparent else "RGB"
        channels = np.asarray(picture if picture.mode == wanted else picture.convert(wanted))
        alpha = np.ascontiguousarray(channels[..., 3]) if transparent else None
        return cls(np.ascontiguousarray(channels[..., :3]), alpha, grey, metadata, source)

    @classmethod
    def _of_samples(cls, samples: deep.Samples, metadata: Metadata, source: Path | None) -> Photo:
        channels = deep.reduced(samples)
        grey, transparent = samples.shape[2] < 3, samples.shape[2] in (2, 4)
        colors = channels[..., [0, 0, 0]] if grey else channels[..., :3]
        alpha = np.ascontiguousarray(channels[..., -1]) if transparent else None
        return cls(np.ascontiguousarray(colors), alpha, grey, metadata, source, samples)

    def with_pixels(self, pixels: Pixels) -> Photo:
        """This photo with other pixels of the same size, everything else kept.

        Args:
            pixels: HWC uint8 RGB.

        Raises:
            PhotoError: another dtype, shape or size.
        """
        photo = dataclasses.replace(self, pixels=pixels)
        if (photo.width, photo.height) != (self.width, self.height):
            raise PhotoError(f"the new pixels are {photo.width}x{photo.height}, the photo {self.width}x{self.height}")
        return photo

    def to_pil(self) -> pil.Image:
        """The photo as a PIL image of mode RGB, RGBA, L or LA, upright; EXIF, XMP and colour profile are in its ``info``."""
        picture = self._picture()
        options, _ = self._renewed(picture, "PNG", "")
        picture.info.update({name: value for name, value in options.items() if name != "pnginfo"})
        return picture

    def to_bytes(self, format: str | None = None, *, quality: int | None = None) -> bytes:
        """The bytes of a file, as :meth:`save` writes it.

        Args:
            format: ``png``, ``jpeg``, ``webp``, ``avif`` or ``heic``; None is the one that the photo came in, else PNG.
            quality: see :meth:`save`.

        Raises:
            PhotoError: an unknown format, transparency into JPEG, or an encoder's limit.
            ToolchainMissing: HEIC, and pillow-heif is not installed.
        """
        own = f".{self.metadata.format.lower()}"
        suffix = (own if own in formats.FORMATS else ".png") if format is None else f".{str(format).lower().removeprefix('.')}"
        if suffix not in formats.FORMATS:
            raise PhotoError(f"unknown format {quoted(format)}: there are {', '.join(one[1:] for one in formats.FORMATS)}")
        _check_quality(quality)
        return bytes(self.encoded(formats.FORMATS[suffix], f"photo{suffix}", quality=quality)[0])

    def filled(self, pixels: Pixels, hole: npt.NDArray[np.bool_], *, keep_alpha: bool = False) -> Photo:
        """This photo with ``pixels`` in the hole, which is opaque afterwards, so that the fill can be seen.

        Args:
            pixels: HWC uint8 RGB, equal to :attr:`pixels` outside the hole.
            hole: HW bool, True = was filled.
            keep_alpha: leave the transparency of the hole as it was.
        """
        alpha = self.alpha
        if alpha is not None and not keep_alpha:
            alpha = np.where(hole, np.uint8(255), alpha)
        samples = None if self.samples is None else deep.filled(self.samples, pixels, hole)
        return dataclasses.replace(self, pixels=pixels, alpha=alpha, samples=samples)

    def check_save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Returns if nothing that is known beforehand keeps :meth:`save` from writing to ``path``; ask before a long fill.

        Raises:
            PhotoError, ToolchainMissing: as :meth:`save`.
        """
        path = Path(path)
        formats.check_target(path)
        if not overwrite and self.source and path.exists() and path.samefile(self.source):
            raise PhotoError(f"{path}: is the photo itself; choose another name, or ask for it with --overwrite")
        self.check_format(formats.format_of(path), str(path))

    def check_format(self, format: str, name: str) -> None:
        """Returns if a file of ``format`` can hold the photo.

        Raises:
            PhotoError: transparency in JPEG, or a side that is too long.
        """
        if format == "JPEG" and self.alpha is not None and not (self.alpha == 255).all():
            count = int(np.count_nonzero(self.alpha < 255))
            raise PhotoError(f"{name}: JPEG has no transparency, and {count:,} pixels have; save as .png or .webp")
        limit = formats.LONGEST_SIDE.get(format)
        if limit is not None and max(self.width, self.height) > limit:
            raise PhotoError(f"{name}: {format} cannot hold this photo (a side is longer than {limit} px); save it as .png")

    def save(self, path: str | Path, *, quality: int | None = None, overwrite: bool = False, mark: str = "") -> tuple[str, ...]:
        """Writes the photo to ``path``, whole or not at all, in the format that the suffix names.

        PNG and lossless WebP keep every bit. A JPEG that was a JPEG gets its quantization tables and chroma sampling again, a
        lossy WebP stays lossy; everything else is written as well as the format can: JPEG at 95 with 4:4:4, WebP lossless,
        AVIF and HEIC at 90. Metadata goes along as far as it is still true: the EXIF thumbnail is made anew, orientation
        is 1, and previews, gain maps, depth maps and what announces them are left out. Metadata never keeps the photo from
        being written: what cannot be read or does not fit the format is left out.

        Args:
            path: the new file.
            quality: 1 to 100 for a lossy format; as described above when None. PNG has none.
            overwrite: whether ``path`` may be the file this photo was opened from.
            mark: what the EXIF block says of this result, nothing if empty; see :mod:`mobile_inpaint.photo.io.marker`.

        Returns:
            a line for the user where metadata was left out because it cannot be read or does not fit, otherwise none.

        Raises:
            PhotoError: no such folder, an unknown suffix, transparency into JPEG, the photo's own file, or an encoder's limit.
            ToolchainMissing: HEIC, and pillow-heif is not installed.
        """
        path = Path(path)
        _check_quality(quality)
        self.check_save(path, overwrite=overwrite)
        encoded, left_out = self.encoded(formats.format_of(path), str(path), quality=quality, mark=mark)
        formats.write_file(path, encoded)
        return left_out

    def encoded(
        self, format: str, name: str, *, quality: int | None = None, mark: str = ""
    ) -> tuple[bytes | memoryview, tuple[str, ...]]:
        """The photo as a file of ``format`` (Pillow's name), and the line for the user; see :meth:`save`.

        Raises:
            PhotoError: the format cannot hold the photo.
        """
        self.check_format(format, name)
        picture = self._picture()
        samples = self.samples
        if format == "PNG" and samples is not None:
            channels = np.asarray(picture)
            samples = deep.changed(samples, channels.reshape(samples.shape))
        if format == "JPEG" and picture.mode in ("LA", "RGBA"):
            picture = picture.convert(picture.mode[:-1])
        kept, lost = self._renewed(picture, format, mark)
        coding = self._coding(format, quality)
        rewrite = None if samples is None or format != "PNG" else lambda png: deep.into_png(png, samples)
        tried, encoded = formats.encode(picture, name, format, [kept | coding, coding, _FRESH[format]], rewrite)
        if tried:
            lost = ("all of it",)
        if not lost:
            return encoded, ()
        return encoded, (f"{name}: saved without metadata that cannot be read or does not fit {format}: {', '.join(lost)}",)

    def losses(self, format: str, name: str) -> tuple[str, ...]:
        """Lines for the user about what a file of ``format`` called ``name`` lacks of what the photo's file held: the pictures
        beside the picture, which would show it as it was, and bits.
        """
        lines = []
        if self.metadata.left_out:
            lines.append(f"{name}: saved without {_and(self.metadata.left_out)} of the photo's file")
        if self.samples is not None and format != "PNG":
            lines.append(f"{name}: saved with 8 bits a channel, as {format} has; save as .png to keep the photo's 16")
        return tuple(lines)

    def _renewed(self, picture: pil.Image, format: str, mark: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What the encoder is told of the metadata, and the names of what it is not told."""
        try:
            readable, unread = self.metadata.renewed(picture)
            fitting, too_large = readable.fitting(format)
            if mark:
                fitting = fitting.marked(format, mark)
            return fitting.options(format), (*unread, *too_large)
        except Exception:  # whatever a damaged or made-up block leads to: the fill is worth more
            return {"exif": marker.marked(b"", mark)} if mark else {}, ("all of it",)

    def _coding(self, format: str, quality: int | None) -> dict[str, Any]:
        """Encoder options: as the file was coded, or afresh; ``quality`` goes before both."""
        same = dict(self.metadata.coding) if self.metadata.format == format else {}
        if quality is None:
            return same or _FRESH[format]
        return {**_FRESH[format], **same, "quality": quality, "qtables": None, "lossless": False}

    def _picture(self) -> pil.Image:
        colours = pil.fromarray(self.pixels)
        if self.grey:
            colours = colours.convert("L")
        if self.alpha is None:
            return colours
        return pil.merge(colours.mode + "A", (*colours.split(), pil.fromarray(self.alpha)))


def _check_quality(quality: int | None) -> None:
    if quality is not None and not 1 <= quality <= 100:
        raise PhotoError(f"quality is {quoted(quality)}: it must be from 1 to 100")


def _described(value: object) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else kind_of(value)


def _and(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
