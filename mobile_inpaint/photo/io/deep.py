"""PNG of 16 bits a channel: read and written whole, which Pillow does for grey alone.

Pillow's decoder can be told to keep the upper or the lower byte of each sample, so two passes give both. A file is written by
putting samples of 16 bits into a PNG of 8 bits that Pillow has written, metadata and all.

Source: PNG (third edition), sections 7.2 (samples), 9 (filters) and 11 (chunks).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as pil

from mobile_inpaint.errors import PhotoError

Samples: TypeAlias = npt.NDArray[np.uint16]
"""HWC uint16: grey, grey and alpha, RGB, or RGB and alpha."""

_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's number of the colour type by the count of channels."""
_SCALE = 257
"""65535 / 255."""
_BYTES_AT_ONCE = 1 << 22
_UPRIGHT: dict[int, Callable[[Samples], Samples]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


def depth(file: BinaryIO) -> int:
    """Bits a channel of the PNG in ``file``."""
    file.seek(24)
    return file.read(1)[0]


def read(picture: pil.Image, file: BinaryIO, identified: Callable[[BinaryIO], pil.Image], orientation: int) -> Samples:
    """The samples of a PNG of 16 bits, upright.

    Args:
        picture: the same file as Pillow reads it.
        file: the file.
        identified: opens it as Pillow does, with its header read alone.
        orientation: EXIF's number.

    Raises:
        PhotoError: a colour key says what is transparent.
    """
    if "transparency" in picture.info:
        raise PhotoError("16 bits a channel with a transparent colour; save it with an alpha channel")
    if picture.mode.startswith("I"):
        samples: Samples = np.asarray(picture)[..., None].astype(np.uint16)
    else:
        file.seek(0)
        with identified(file) as opened:
            other: Any = opened
            (tile,) = other.tile
            if str(tile.args).startswith("LA"):  # grey and alpha: four bytes a pixel, as RGBA of 8 bits has
                samples = _paired(np.asarray(pil.open(io.BytesIO(_as_rgba(file)), formats=["PNG"])))
            else:
                other.tile = [tile._replace(args=str(tile.args).replace("16B", "16L"))]
                high, low = np.asarray(picture), np.asarray(other)
                samples = (high.astype(np.uint16) << 8) | low
    return np.ascontiguousarray(_UPRIGHT[orientation](samples) if orientation in _UPRIGHT else samples)


def reduced(samples: Samples) -> npt.NDArray[np.uint8]:
    """The nearest of 8 bits."""
    return np.asarray((samples.astype(np.uint32) + _SCALE // 2) // _SCALE, np.uint8)


def changed(samples: Samples, wanted: npt.NDArray[np.uint8]) -> Samples:
    """The samples where they are ``wanted`` in 8 bits already, and what is wanted elsewhere."""
    return np.where(reduced(samples) == wanted, samples, wanted.astype(np.uint16) * np.uint16(_SCALE))


def filled(samples: Samples, colors: npt.NDArray[np.uint8], hole: npt.NDArray[np.bool_]) -> Samples:
    """The samples with ``colors`` in the hole, HW3; nothing of what was there stays. Alpha stays as it is."""
    new = samples.copy()
    if samples.shape[2] < 3:
        new[hole, 0] = np.asarray(pil.fromarray(colors).convert("L"), np.uint16)[hole] * _SCALE
    else:
        new[hole, :3] = colors[hole].astype(np.uint16) * _SCALE
    return new


def into_png(png: memoryview, samples: Samples) -> bytes:
    """The PNG with these samples in place of its own, of the same size and channels."""
    out, written = bytearray(png[:8]), False
    at = 8
    while at + 8 <= len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        chunk = png[at : at + 12 + length]
        at += len(chunk)
        if name == b"IHDR":
            width, height = struct.unpack_from(">II", chunk, 8)
            out += _chunk(name, struct.pack(">IIBBBBB", width, height, 16, _KINDS[samples.shape[2]], 0, 0, 0))
        elif name != b"IDAT":
            out += chunk
        elif not written:
            written = True
            for data in _compressed(samples):
                out += _chunk(b"IDAT", data)
    return bytes(out)


def _compressed(samples: Samples) -> Iterator[bytes]:
    """The rows, each with Paeth's filter, as one zlib stream in parts."""
    height, width, channels = samples.shape
    step = 2 * channels
    compressor = zlib.compressobj(6)
    above = np.zeros((1, width * step), np.uint8)
    rows = max(1, _BYTES_AT_ONCE // (width * step))
    for top in range(0, height, rows):
        raw = samples[top : top + rows].astype(">u2").view(np.uint8).reshape(-1, width * step)
        up = np.concatenate([above, raw[:-1]])
        above = raw[-1:]
        left = np.pad(raw, ((0, 0), (step, 0)))[:, :-step]
        corner = np.pad(up, ((0, 0), (step, 0)))[:, :-step]
        coded = np.full((len(raw), width * step + 1), 4, np.uint8)
        coded[:, 1:] = raw - _paeth(left, up, corner)
        if data := compressor.compress(coded.tobytes()):
            yield data
    yield compressor.flush()


def _paeth(left: npt.NDArray[np.uint8], up: npt.NDArray[np.uint8], corner: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    a, b, c = (each.astype(np.int16) for each in (left, up, corner))
    to_left, to_up, to_corner = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    nearest = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
    return np.asarray(nearest, np.uint8)


def _as_rgba(file: BinaryIO) -> bytes:
    """The file with a header that says RGBA of 8 bits."""
    file.seek(0)
    data = file.read()
    header = bytearray(data[16:29])
    header[8:10] = bytes((8, 6))
    return data[:8] + _chunk(b"IHDR", bytes(header)) + data[33:]


def _paired(bytes_of: npt.NDArray[Any]) -> Samples:
    return np.asarray((bytes_of[..., ::2].astype(np.uint16) << 8) | bytes_of[..., 1::2])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
