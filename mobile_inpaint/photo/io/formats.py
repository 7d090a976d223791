"""Pictures in files: opened with every refusal said in one line, written whole or not at all."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from PIL import Image as pil
from PIL import UnidentifiedImageError

from mobile_inpaint import files
from mobile_inpaint.errors import MobileInpaintError, PhotoError, ToolchainMissing
from mobile_inpaint.photo.io import headers
from mobile_inpaint.quoting import shown

MAX_PIXELS = 100_000_000
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 65_535}
"""In pixels, of what the encoders write."""
_READABLE = ["JPEG", "PNG", "WEBP", "AVIF"]
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_UPRIGHT = {
    2: pil.Transpose.FLIP_LEFT_RIGHT,
    3: pil.Transpose.ROTATE_180,
    4: pil.Transpose.FLIP_TOP_BOTTOM,
    5: pil.Transpose.TRANSPOSE,
    6: pil.Transpose.ROTATE_270,
    7: pil.Transpose.TRANSVERSE,
    8: pil.Transpose.ROTATE_90,
}
_BOMB_CHECK = threading.Lock()
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_MOST_PIPED = 1 << 30
_OTHERS = {
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"BM": "a BMP",
    b"GIF8": "a GIF",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"<": "a page or a drawing in XML",
    b"version https://git-lfs": "a pointer of Git LFS",
}
"""How files begin that are no pictures of ours."""

Rewrite: TypeAlias = "Callable[[memoryview], bytes]"
"""What is done to an encoded file before it is written."""


class Openable(Protocol):
    """A file, or a part of one, by whose ``str`` messages name it: a :class:`Path` is one."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


@contextmanager
def decoded(path: Openable, max_pixels: int, shrink: int = 1) -> Iterator[tuple[pil.Image, BinaryIO]]:
    """The decoded picture at ``path`` as it is stored (not yet turned upright), and its open file.

    Args:
        path: the file.
        max_pixels: refuse a larger picture, before decoding it.
        shrink: 2, 4 or 8 decodes a JPEG at that part of its size, which costs less; other formats stay as they are.

    Raises:
        as :func:`opened`.
    """
    with opened(path, max_pixels) as (picture, file):
        if shrink > 1:
            picture.draft(None, (picture.width // shrink, picture.height // shrink))
        picture.load()
        headers.drop_text(picture)
        yield picture, file


@contextmanager
def opened(path: Openable, max_pixels: int) -> Iterator[tuple[pil.Image, BinaryIO]]:
    """The picture at ``path`` with its header read and its pixels not yet, and its open file.

    Raises:
        PhotoError: missing, not a picture, damaged, animated, or larger than ``max_pixels``, which its header tells.
        ToolchainMissing: HEIC, and pillow-heif is not installed.
    """
    try:
        with path.open("rb") as given, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow doubts odd metadata aloud; what matters here is an error
            file = _seekable(given, path)
            width, height = headers.check(file) or (0, 0)
            _check_size(path, width, height, max_pixels)
            with identified(file) as picture:
                _check_size(path, picture.width, picture.height, max_pixels)
                headers.drop_text(picture)
                # The further frames of an MPO are not a film but previews, gain maps and depth maps.
                if picture.format != "MPO" and getattr(picture, "is_animated", False):
                    raise PhotoError(f"{path}: an animation; save the frame you mean as a picture of its own")
                yield picture, file
    except MobileInpaintError:
        raise
    except headers.Absurd as error:
        raise PhotoError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: {_not_there(path)}") from error
    except UnidentifiedImageError as error:
        raise PhotoError(f"{path}: {_not_a_picture(path)}") from error
    except OSError as error:
        if error.errno is None and ("truncated" in str(error) or "broken" in str(error)):
            raise PhotoError(f"{path}: cannot be read: it is cut off ({shown(error)}); get it again") from error
        raise PhotoError(f"{path}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # Pillow's decoders raise whatever they stumble over in a damaged file
        raise PhotoError(f"{path}: damaged or cut off ({shown(error)}); get it again") from error


def _seekable(file: BinaryIO, path: Openable) -> BinaryIO:
    """The file, or what a pipe gives, in memory.

    Raises:
        PhotoError: a pipe that does not end.
    """
    if file.seekable():
        return file
    data = file.read(_MOST_PIPED + 1)
    if len(data) > _MOST_PIPED:
        raise PhotoError(f"{path}: more than {_MOST_PIPED >> 20} MB came through the pipe; save them as a file first")
    return io.BytesIO(data)


def _not_there(path: Openable) -> str:
    if is_url(path):
        return "an address; pictures are not fetched: download it, then name the file"
    return "no such file"


def is_url(path: object) -> bool:
    """Whether what should be a path is an address, such as ``https://``."""
    return _URL.match(str(path)) is not None


def _not_a_picture(path: Openable) -> str:
    """What the file is instead, and what to do."""
    start = b""
    if isinstance(path, Path) and path.is_file():
        with path.open("rb") as file:
            start = file.read(64)
        if not start:
            return "not a picture: the file is empty; get it again"
    kind = next((name for begin, name in _OTHERS.items() if start.startswith(begin)), None)
    what = f"{kind}, not a picture we read" if kind else "not a picture we read"
    if kind == "a TIFF":
        return f"{what}; save it as PNG, which keeps 16 bits a channel as well"
    if start.startswith((b"<", b"version")):
        return f"{what}; get the picture itself"
    return f"{what}; save it as JPEG, PNG, WebP, AVIF or HEIC"


def _check_size(path: Openable, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise PhotoError(
            f"{path}: {width} x {height} pixels are more than the limit of {max_pixels}; "
            f"raise it with --max-pixels {width * height}"
        )


def upright(picture: pil.Image, orientation: int) -> pil.Image:
    """The picture turned as EXIF's ``orientation`` (1 to 8) asks."""
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def check_target(path: Path) -> None:
    """Returns if there is a folder for ``path`` and an encoder for its suffix.

    Raises:
        PhotoError: no such folder, a folder of that name, or an unknown suffix.
        ToolchainMissing: HEIC, and pillow-heif is not installed.
    """
    if is_url(path):
        raise PhotoError(f"{path}: cannot be written: an address; name a file")
    if path.is_dir():
        raise PhotoError(f"{path}: cannot be written: it is a folder; name a file in it, such as {path / 'result.png'}")
    if format_of(path) == "HEIF":
        _register_heif()
    if not path.parent.is_dir():
        raise PhotoError(f"{path.parent}: no such folder; make it first")


def write(picture: pil.Image, path: Path, options: Sequence[Mapping[str, Any]]) -> int:
    """Writes ``picture`` to ``path``, in the format that its suffix names, whole or not at all.

    Returns:
        the position of the ``options`` that the encoder took; see :func:`encode`.

    Raises:
        PhotoError, ToolchainMissing: as :func:`check_target`, :func:`encode` and :func:`write_file`.
    """
    check_target(path)
    position, encoded = encode(picture, str(path), format_of(path), options)
    write_file(path, encoded)
    return position


def write_file(path: Path, encoded: bytes | memoryview) -> None:
    """Writes an encoded picture to ``path``, whole or not at all.

    Raises:
        PhotoError: it cannot be written.
    """
    try:
        files.write_whole(path, encoded)
    except (OSError, ValueError) as error:
        raise PhotoError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error


def encode(
    picture: pil.Image, name: str, format: str, options: Sequence[Mapping[str, Any]], rewrite: Rewrite | None = None
) -> tuple[int, bytes | memoryview]:
    """A picture as a file of ``format``, in memory: Pillow takes a write that a full disk cuts short for a whole one.

    Args:
        picture: in a mode that the format has.
        name: of the file, for messages.
        format: Pillow's name of it.
        options: for the encoder; where it refuses the first, the next are tried.
        rewrite: what is done to the file afterwards.

    Returns:
        the position of the options it took, and the file.

    Raises:
        PhotoError: the encoder refuses all of them.
        ToolchainMissing: HEIC, and pillow-heif is not installed.
    """
    if format == "HEIF":
        _register_heif()
    refusals = list[Exception]()
    for position, each in enumerate(options):
        encoded = io.BytesIO()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture.save(encoded, format, **each)
            return position, rewrite(encoded.getbuffer()) if rewrite else encoded.getbuffer()
        except Exception as error:  # encoders raise whatever they stumble over in metadata
            refusals.append(error)
    raise PhotoError(f"{name}: {format} cannot hold this photo ({shown(refusals[0])}); save it as .png") from refusals[0]


def format_of(path: Path) -> str:
    """Pillow's name of the format that the suffix of ``path`` names.

    Raises:
        PhotoError: it names none.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        example = "" if path.suffix else f"; name a file, such as {path}.png"
        raise PhotoError(f"{path}: the suffix must be one of {', '.join(FORMATS)}{example}") from None


def identified(file: BinaryIO) -> pil.Image:
    """The picture in ``file``, its header read."""
    start = file.read(64)
    file.seek(0)
    readable = list(_READABLE)
    if start[4:8] == b"ftyp" and any(brand in start[8:] for brand in _HEIF_BRANDS):
        _register_heif()
        readable.append("HEIF")
    # Pillow's own limit is a global: it warns at 89 MP and cannot be told ours. A lock keeps threads from restoring each
    # other's half-way state.
    with _BOMB_CHECK:
        limit, pil.MAX_IMAGE_PIXELS = pil.MAX_IMAGE_PIXELS, None
        try:
            return pil.open(file, formats=readable)
        finally:
            pil.MAX_IMAGE_PIXELS = limit


def _register_heif() -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise ToolchainMissing("HEIC needs: pip install pillow-heif") from error
    pillow_heif.register_heif_opener()
