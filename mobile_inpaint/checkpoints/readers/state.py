"""Checkpoint files, read: a name for each tensor, whatever the container. Nothing in a file is ever executed."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import load_file

from mobile_inpaint.checkpoints.compression import restored
from mobile_inpaint.checkpoints.readers import onnx_initializers, torch_files
from mobile_inpaint.checkpoints.store import LARGEST_BYTES
from mobile_inpaint.errors import WeightsError
from mobile_inpaint.quoting import quoted

_PARAMETER = re.compile(r"(?:.*[./])?((?:encoder|synthesis)[./]b\d+[./].+)")
"""Where a parameter's name begins inside the graph's: exporters put the wrapper's before it."""
_LONGEST_HEADER = 16_000_000
_SAVE_ALONE = "save the network's state_dict() alone"


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name, on the CPU.

    Of an ``.onnx`` file, MI-GAN's parameters under the names of the published inference layout. There the exporter has
    multiplied each noise map by its strength, so that ``noise_strength`` comes back as 1; the fixed filters, which it has
    merged, are left out.

    Args:
        path: ``.safetensors``; ``.pt`` or ``.pth`` with a state dict; ``.onnx``.

    Raises:
        WeightsError: the file cannot be read, is of another kind, or holds more than tensors.
    """
    readers = {".safetensors": _read_safetensors, ".pt": _read_pickle, ".pth": _read_pickle, ".onnx": _read_onnx}
    if path.suffix not in readers:
        raise WeightsError(f"{path.name}: not a checkpoint: there are {', '.join(readers)}")
    if not path.is_file():  # a pipe would be waited for, a device has no end
        raise WeightsError(f"{path}: no such file")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise WeightsError(f"{path.name}: larger than {LARGEST_BYTES / 1e9:g} GB; is it the right file?")
        return readers[path.suffix](path)
    except OSError as error:
        raise WeightsError(f"{path.name}: it cannot be read ({error.strerror or error})") from error


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if header > _LONGEST_HEADER:
        raise WeightsError(f"{path.name}: not a readable safetensors file (a header of {header} bytes); get it again")
    try:
        state = load_file(path)
    except OSError:
        raise
    except Exception as error:  # the library's own, and whatever torch makes of a type that it does not have
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise WeightsError(f"{path.name}: not a readable safetensors file ({reason}); get it again") from error
    try:
        return restored(_plain(state))
    except ValueError as error:
        raise WeightsError(f"{path.name}: {error}") from error


def _read_pickle(path: Path) -> dict[str, torch.Tensor]:
    try:
        with path.open("rb") as file:
            state = torch_files.read(file, path.stat().st_size)
        if not isinstance(state, dict) or not all(
            isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
        ):
            raise WeightsError(f"{path.name}: not a state dict of tensors; {_SAVE_ALONE}")
        return _plain(state)
    except torch_files.HoldsCode as error:
        raise WeightsError(f"{path.name}: {error}; {_SAVE_ALONE}") from error
    except ValueError as error:
        raise WeightsError(f"{path.name}: it cannot be read ({error}); get it again") from error


def _plain(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """``state``, whose names are text that can be shown, and whose tensors hold real numbers.

    Raises:
        ValueError: they do not; one line.
    """
    for name, value in state.items():
        if not isinstance(name, str) or not name.isprintable() or len(name) > 1000:
            raise ValueError(f"{quoted(name)} cannot name a tensor")
        if value.dtype not in torch_files.DTYPES.values():
            raise ValueError(f"{quoted(name)} holds {str(value.dtype).removeprefix('torch.')}, not floats or integers")
    return state


def _read_onnx(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = {}
    for initializer in onnx_initializers.read(path):
        tensor = torch.from_numpy(initializer.values)
        if match := _PARAMETER.fullmatch(initializer.name):
            if not re.search(r"\.filter(\.weight|_const)$", match[1]):
                state[match[1]] = tensor
        elif (match := _PARAMETER.fullmatch(initializer.used_by)) and match[1].endswith("/Add"):
            block = match[1].removesuffix("/Add").replace("/", ".")
            state[f"{block}.noise_const"] = tensor
            state[f"{block}.noise_strength"] = torch.ones(())
    if not state:
        raise WeightsError(f"{path.name}: this graph holds no weights of MI-GAN")
    return state
