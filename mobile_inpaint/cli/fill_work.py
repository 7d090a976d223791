"""What ``fill`` does with one photo: read it and its mask, fill, and write the result where nothing is lost."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

from mobile_inpaint.cli import console
from mobile_inpaint.errors import ManifestError, MaskError, PhotoError, ToolchainMissing
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.api.engine import Filler
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.photo.image import Photo
    from mobile_inpaint.photo.io.formats import Openable
    from mobile_inpaint.photo.mask import Mask

_DEVICES = ("cpu", "cuda", "mps")
"""What ``--device`` may be for a checkpoint."""

Way = Literal["auto", "off", "on"]


@dataclass(frozen=True)
class Wishes:
    """What was asked of each fill; the options of the command."""

    hole: str
    grow: str
    allow_full: bool
    keep_alpha: bool
    max_pixels: int
    quality: int | None
    overwrite: bool
    format: str | None


@dataclass(frozen=True)
class Engine:
    """By what it is filled; the options of the command."""

    model: str
    artifact: Path | None
    threads: int | None
    device: str
    detail: Way


class Done(NamedTuple):
    """A result that was written."""

    out: str
    width: int
    height: int
    hole_pixels: int
    seconds: float
    runtime: str


class Piped:
    """Standard input, as :func:`mobile_inpaint.photo.io.formats.opened` opens it."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """The bytes that come."""
        return sys.stdin.buffer

    def __str__(self) -> str:
        return "standard input"


def source(path: Path) -> Openable:
    """What is opened for a path that was typed; ``-`` is standard input."""
    return Piped() if str(path) == "-" else path


def is_stream(out: Path) -> bool:
    """Whether OUT is standard output or another pipe, into which the result goes as it is."""
    return str(out) in ("-", "/dev/stdout") or out.is_fifo() or out.is_char_device()


def check_wishes(wishes: Wishes) -> None:
    """Returns if the options fit each other, before anything is read.

    Raises:
        MaskError: ``--grow`` or ``--hole``.
    """
    from mobile_inpaint.photo import marks

    marks.check_polarity(wishes.hole)
    if wishes.grow != "auto" and not re.fullmatch("[0-9]+", wishes.grow):
        raise MaskError(f"--grow is {quoted(wishes.grow)}: it must be auto or a whole number of pixels")


def check_out(out: Path, inputs: dict[str, Path], wishes: Wishes) -> None:
    """Returns if ``out`` can be written without loss.

    Args:
        out: where the result goes.
        inputs: files that the command reads, by what they are.
        wishes: with ``overwrite``, any file may be replaced.

    Raises:
        PhotoError: no folder, no format of that suffix, one of the inputs, another file that is no earlier result, or a
            quality for a format that has none.
    """
    from mobile_inpaint.photo.io import formats, marker

    formats.check_target(out)
    format = formats.format_of(out)
    if wishes.format and wishes.format != format:
        raise PhotoError(f"{out}: its suffix says {format} and --format {wishes.format}; leave --format out")
    check_quality(format, str(out), wishes)
    if wishes.overwrite or not out.exists():
        return
    for what, path in inputs.items():
        if path.exists() and out.samefile(path):
            raise PhotoError(f"{out}: is the {what} itself; choose another name, or ask for it with --overwrite")
    if not out.is_symlink() and marker.of_file(out) is None:  # a link is replaced, and what it leads to stays
        raise PhotoError(
            f"{out}: is there already, and no earlier result of fill; choose another name, or ask for it with --overwrite"
        )


def check_quality(format: str, name: str, wishes: Wishes) -> None:
    """Returns if ``format`` has a quality, where one was asked for."""
    if wishes.quality is not None and format == "PNG":
        raise PhotoError(f"{name}: PNG keeps every bit and has no quality; leave --quality out, or save as .jpg or .webp")


def opened(photo: Path, mask: Path, wishes: Wishes, *, name: str = "") -> tuple[Photo, Mask]:
    """The photo and its mask, grown, checked against each other.

    Args:
        photo: a file, or ``-``.
        mask: a file, or ``-``.
        wishes: the options.
        name: how hints begin, where there are many photos.

    Raises:
        PhotoError, MaskError: one of them cannot be read, or they do not fit.
    """
    from mobile_inpaint.photo.image import Photo
    from mobile_inpaint.photo.mask import Mask

    by_transparency = wishes.hole in ("alpha", "opaque")
    if _is_same(photo, mask) and not by_transparency and not _is_transparent(photo, wishes):
        raise MaskError(f"{mask}: is the photo itself: name the picture that says what to erase")
    read = Photo.open(source(photo), max_pixels=wishes.max_pixels)
    try:
        marked = Mask.open(source(mask), hole=wishes.hole, max_pixels=wishes.max_pixels)
    except MaskError as error:
        raise _swapped(error, read, photo, mask) from error
    return read, _checked(marked, read, wishes, name)


def _is_same(photo: Path, mask: Path) -> bool:
    try:
        return str(photo) != "-" and photo.is_file() and photo.samefile(mask)
    except OSError:
        return False


def _is_transparent(photo: Path, wishes: Wishes) -> bool:
    from mobile_inpaint.photo.io import formats

    with formats.opened(photo, wishes.max_pixels) as (picture, _):
        return picture.has_transparency_data


def _swapped(error: MaskError, photo: Photo, photo_path: Path, mask_path: Path) -> MaskError:
    """The error, or one that says that both were given the wrong way round."""
    from mobile_inpaint.photo import levels, marks

    if isinstance(error, marks.PhotoAsMask) and isinstance(levels.split(photo.pixels), levels.Split):
        return MaskError(
            f"{photo_path}: looks like the mask, and {mask_path} like the photo: swap them (fill PHOTO --mask MASK), "
            "or say --hole white"
        )
    return error


def _checked(mask: Mask, photo: Photo, wishes: Wishes, name: str) -> Mask:
    from mobile_inpaint.photo.mask import edge_hint, polarity_hint

    mask.check(photo.pixels.shape, allow_full=wishes.allow_full)
    hints = [mask.reading.note if mask.reading else None, None if wishes.allow_full else polarity_hint(mask)]
    if wishes.grow == "auto":
        grown = mask.grow_auto()
    else:
        px = _pixels(wishes.grow, mask.diagonal_px)
        grown = mask.grow(px)
        hints.append(None if px else edge_hint(photo.pixels, mask))
    if not wishes.allow_full and (shortage := mask.shortage(grown)):
        raise MaskError(f"--grow {wishes.grow} {shortage}: grow it less, or say --allow-full")
    for hint in filter(None, hints):
        console.note(f"{name}: {hint}" if name else hint)
    return grown


def _pixels(grow: str, most: int) -> int:
    if len(grow.lstrip("0")) > len(str(most)) or int(grow[-len(str(most)) :]) > most:
        raise MaskError(f"--grow is {quoted(grow)}: it must be at most {most}, the diagonal of the photo, or auto")
    return int(grow[-len(str(most)) :])


def fill_one(
    photo: Photo, mask: Mask, out: Path, filler: Filler, wishes: Wishes, mark: str = ""
) -> tuple[Done, tuple[str, ...]]:
    """Fills and writes one photo.

    Args:
        photo: as :func:`opened` gives it.
        mask: of its size.
        out: ``-`` or another stream takes the bytes.
        filler: what fills, as :func:`load` gives it.
        wishes: see there.
        mark: what the marker of the result says beside that it is one.

    Returns:
        what was done, and lines about what the result lacks.

    Raises:
        PhotoError: it cannot be written.
    """
    from mobile_inpaint.photo.io import formats

    stream = is_stream(out)
    format = (wishes.format or _own_format(photo)) if stream else formats.format_of(out)
    name = "standard output" if stream else str(out)
    check_quality(format, name, wishes)
    photo.filled(photo.pixels, mask.hole, keep_alpha=wishes.keep_alpha).check_format(format, name)
    started = time.perf_counter()
    pixels = filler(photo.pixels, mask.hole)
    seconds = time.perf_counter() - started
    result = photo.filled(pixels, mask.hole, keep_alpha=wishes.keep_alpha)
    encoded, lines = result.encoded(format, name, quality=wishes.quality, mark=f"fill {mark}".strip())
    if str(out) in ("-", "/dev/stdout"):
        console.write_bytes(encoded)
    elif stream:
        with out.open("wb") as file:
            file.write(encoded)
    else:
        formats.write_file(out, encoded)
    lines = (*lines, *result.losses(format, name))
    if photo.alpha is not None and wishes.keep_alpha and int((photo.alpha[mask.hole] < 128).sum()):
        lines = (*lines, f"{name}: transparent where it was filled, as --keep-alpha asks: the fill cannot be seen there")
    return Done(name, result.width, result.height, mask.area, seconds, filler.runtime), lines


def _own_format(photo: Photo) -> str:
    return photo.metadata.format or "PNG"


def format_named(name: str | None) -> str | None:
    """Pillow's name of the format that ``--format`` names.

    Raises:
        PhotoError: there is none of that name.
    """
    from mobile_inpaint.photo.io import formats

    if name is None:
        return None
    suffix = f".{name.lower().removeprefix('.')}"
    if suffix not in formats.FORMATS:
        names = ", ".join(suffix[1:] for suffix in formats.FORMATS)
        raise PhotoError(f"--format is {quoted(name)}: it must be one of {names}")
    return formats.FORMATS[suffix]


def digest(wishes: Wishes, engine: Engine, photo: Path, mask: Path) -> str:
    """What tells one result from another: the options and the bytes of everything that was read."""
    told = hashlib.sha256(repr((replace(wishes, overwrite=False), replace(engine, artifact=None, threads=None))).encode())
    for path in (photo, mask, engine.artifact, Path(engine.model)):
        if path is not None and path.is_file():
            with path.open("rb") as file:
                told.update(hashlib.file_digest(file, "sha256").digest())
        elif path is not None and path.is_dir():  # an artifact that is a folder: its manifest holds its sha256
            told.update(path.with_name(f"{path.name}.json").read_bytes() if engine.artifact == path else b"")
    return told.hexdigest()[:16]


def load(engine: Engine, pixels: int, step: Callable[[str], None], stack: ExitStack) -> Filler:
    """What fills photos of up to so many pixels while ``stack`` is open.

    Raises:
        MobileInpaintError: no such network, artifact or device.
    """
    from mobile_inpaint.api.engine import by_artifact, by_model

    if engine.artifact is None:
        _check_device(engine.device)
        return stack.enter_context(by_model(engine.model, engine.detail, engine.threads, engine.device, step))
    from mobile_inpaint.artifact import Artifact

    artifact = Artifact.open(engine.artifact)
    _check_options(artifact, engine)
    return stack.enter_context(by_artifact(artifact, engine.detail, engine.threads, engine.device, pixels))


def _check_device(device: str) -> None:
    """Refuses what torch cannot use here, before weights are fetched for it."""
    import torch

    if device not in _DEVICES:
        raise ToolchainMissing(f"--device {device}: torch runs on {', '.join(_DEVICES)}; others are for --artifact FILE.onnx")
    if (device == "cuda" and not torch.cuda.is_available()) or (device == "mps" and not torch.backends.mps.is_available()):
        raise ToolchainMissing(
            f"--device {device}: torch {torch.__version__} finds none here; leave --device out to run on the CPU"
        )


def _check_options(artifact: Artifact, engine: Engine) -> None:
    """Refuses options that the file has no use for, in the words of the command line."""
    path = artifact.path
    if engine.device != "cpu" and path.suffix != ".onnx":
        raise ManifestError(f"{path}: --device {engine.device} is for .onnx files; leave --device out to run it on the CPU")
    if engine.detail == "on" and artifact.manifest.contract.io == "photo":
        raise ManifestError(
            f"{path}: a one-file pipeline has no detail step: use --detail off, or an artifact without --io photo"
        )
