"""Pickles of numpy arrays in plain containers, read without executing anything, and kept as safetensors."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from mobile_inpaint.errors import WeightsError

Arrays = dict[str, npt.NDArray[Any]]


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
            return dict(_flattened(_ArraysOnly(file).load(), ""))
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path.name}: {_first_line(error)}") from error
    except Exception as error:  # a damaged pickle raises nearly anything
        raise WeightsError(f"{path.name}: not a readable pickle of arrays ({_first_line(error)}); fetch it again") from error


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}:
            return _empty
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        raise pickle.UnpicklingError(f"it holds {module}.{name}, not arrays alone, and could run code; do not use it")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _empty(*_: object) -> npt.NDArray[Any]:
    """What numpy's own pickles begin with; shape and values are set afterwards."""
    return np.ndarray(0)


def _flattened(value: object, name: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flattened(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield name, np.ascontiguousarray(value)
    else:
        raise pickle.UnpicklingError(f"'{name}' is {type(value).__name__}, not an array of floats; fetch it again")
