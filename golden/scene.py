"""A photo and a network made of whole numbers, so that every language makes them alike; README.md has the formulas."""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]
Runs: TypeAlias = list[list[int]]


def mix(x: Any, y: Any, c: Any, seed: int) -> npt.NDArray[np.uint32]:
    """32 bits that look like noise; all arithmetic wraps."""
    x, y, c = (np.asarray(value).astype(np.uint32) for value in (x, y, c))
    h = x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77) ^ c * np.uint32(0xC2B2AE3D) ^ np.uint32(seed * 0x27D4EB2F % 2**32)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(h ^ (h >> np.uint32(16)))


def photo(height: int, width: int, seed: int) -> Pixels:
    """[H, W, 3]: a zigzag gradient, edges, and grain in every second seed."""
    y, x, c = np.mgrid[:height, :width, :3]
    zigzag = (x * (2 + c) + y * (4 - c)) % 256
    edges = np.where((x // 24 + y // 16) % 3 == 0, 40, 0)
    grain = mix(x, y, c, seed) % (16 if seed % 2 else 1)
    return np.asarray(32 + np.minimum(zigzag, 255 - zigzag) + edges + grain, np.uint8)


def network(image: npt.NDArray[np.float32], mask: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Answers k / 4096, -384 <= k < 4976: the opposite pixel, a quarter more where the opposite mask is 1, and noise."""
    size = image.shape[2]
    y, x, c = np.mgrid[:size, :size, :3]
    byte = np.floor(image[0].transpose(1, 2, 0) * np.float32(255) + np.float32(0.5)).astype(np.int32)[::-1, ::-1]
    opposite = mask[0, 0].astype(np.int32)[::-1, ::-1, None]
    k = byte * 16 + opposite * 1024 + (mix(x, y, c, size) % 1280).astype(np.int32) - 384
    return np.asarray((k / 4096).astype(np.float32).transpose(2, 0, 1)[None])


def runs(hole: Flags) -> Runs:
    """The hole as [y, first column, column behind the last]."""
    found = []
    for y, row in enumerate(hole):
        ends = np.flatnonzero(np.diff(np.pad(row, 1)))
        found += [[y, int(start), int(end)] for start, end in zip(ends[::2], ends[1::2], strict=True)]
    return found


def coded(values: Pixels) -> str:
    """The bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def checksum(values: Pixels) -> int:
    """Sum of ``value * (position % 65521 + 1)``."""
    flat = values.reshape(-1).astype(np.int64)
    return int((flat * (np.arange(flat.size) % 65521 + 1)).sum())
