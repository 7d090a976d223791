"""Pickles of numpy arrays in plain containers, read without executing anything, and kept as safetensors."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from mobile_inpaint.checkpoints.readers import plain_pickles
from mobile_inpaint.checkpoints.readers.plain_pickles import Call, Name
from mobile_inpaint.errors import WeightsError
from mobile_inpaint.quoting import quoted

Arrays = dict[str, npt.NDArray[Any]]

_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_DEEPEST, _MOST, _MOST_DIMENSIONS = 32, 100_000, 8


def to_safetensors(pickles: Sequence[Path], out: Path) -> Path:
    """``out``, with every array of the pickles under the name ``<file's stem>.<key>.<key>…``.

    Raises:
        WeightsError: one of them cannot be read, or holds anything else.
    """
    arrays = {f"{path.stem}.{name}": array for path in pickles for name, array in read(path).items()}
    save_file(arrays, out)
    return out


def read(path: Path) -> Arrays:
    """The arrays of the pickle at ``path``, by the keys that lead to them, joined by dots.

    Raises:
        WeightsError: it cannot be read, or holds more than dictionaries of float arrays.
    """
    try:
        with path.open("rb") as file:
            content = io.BytesIO(file.read())
    except OSError as error:
        raise WeightsError(f"{path.name}: it cannot be read ({error.strerror or error}); fetch it again") from error
    found = _Found(2 * len(content.getbuffer()) + 1_000_000)
    try:
        found.gather(plain_pickles.read(content), "", 0)
    except ValueError as error:
        raise WeightsError(f"{path.name}: {error}; fetch it again") from error
    return found.arrays


class _Found:
    """The arrays of a pickle, by name.

    Args:
        most_bytes: of them together; a pickle may name one array often, in containers that are shared.
    """

    def __init__(self, most_bytes: int) -> None:
        self.arrays: Arrays = {}
        self._left = most_bytes

    def gather(self, value: Any, name: str, depth: int) -> None:
        """Adds the arrays in ``value``."""
        if depth > _DEEPEST or len(self.arrays) > _MOST:
            raise ValueError(f"it is nested deeper than {_DEEPEST}, or holds more than {_MOST} arrays")
        if isinstance(value, dict):
            if not value and depth:
                raise ValueError(f"{quoted(name)} is empty")
            for key, item in value.items():
                self.gather(item, f"{name}.{key}" if name else str(key), depth + 1)
        elif isinstance(value, Call) and value.function in _RECONSTRUCT:
            self._add(value, name, depth)
        elif isinstance(value, Call | Name):
            named = value.function if isinstance(value, Call) else value.text
            raise ValueError(f"it holds {quoted(named)[1:-1]}, not arrays alone, and could run code; do not use it")
        else:
            raise ValueError(f"{quoted(name)} is {type(value).__name__}, not an array of floats")

    def _add(self, call: Call, name: str, depth: int) -> None:
        """The array that numpy's own pickles describe: version, shape, dtype, whether it is in Fortran's order, content."""
        match call.state:
            case (int(), tuple() as shape, Call() as kind, bool() as fortran, bytes() as content):
                values = _array(content, shape, _dtype(kind, name), "F" if fortran else "C", name)
            case (int(), tuple(), Call(), bool(), list() as items):
                for item in items:  # what an array of objects holds
                    self.gather(item, name, depth + 1)
                raise ValueError(f"{quoted(name)} is not an array of floats")
            case _:
                raise ValueError(f"{quoted(name)} is not an array of floats")
        self._left -= values.nbytes
        if name in self.arrays or self._left < 0:
            raise ValueError(f"{quoted(name)} is in it twice")
        self.arrays[name] = values


def _array(
    content: bytes, shape: tuple[Any, ...], dtype: np.dtype[Any], order: Literal["C", "F"], name: str
) -> npt.NDArray[Any]:
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"{quoted(name)} has {len(shape)} dimensions, more than {_MOST_DIMENSIONS}")
    if not all(type(side) is int and side >= 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"{quoted(name)} is damaged: {len(content)} bytes are not an array of shape {quoted(shape)}")
    values = np.frombuffer(content, dtype).reshape(shape, order=order)
    return np.ascontiguousarray(values, dtype.newbyteorder("=")).reshape(shape)


def _dtype(call: Call, name: str) -> np.dtype[Any]:
    match call.function, call.arguments, call.state:
        case "numpy.dtype", ("f2" | "f4" | "f8" as kind, *_), (int(), "<" | ">" | "=" as order, None, *_):
            return np.dtype(f"{order}{kind}")
    raise ValueError(f"{quoted(name)} is not an array of floats")
