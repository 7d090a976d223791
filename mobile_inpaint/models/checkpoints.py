"""Checkpoint files, read: a name for each tensor, whatever the container. Nothing in a file is ever executed."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mobile_inpaint.errors import WeightsError
from mobile_inpaint.models import onnx_initializers
from mobile_inpaint.models.small_weights import restored

_PARAMETER = re.compile(r"(?:.*[./])?((?:encoder|synthesis)[./]b\d+[./].+)")
"""Where a parameter's name begins inside the graph's: exporters put the wrapper's before it."""


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
    if not path.is_file():
        raise WeightsError(f"{path}: no such file")
    return readers[path.suffix](path)


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        return restored(load_file(path))
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path.name}: not a readable safetensors file ({error}); get it again") from error


def _read_pickle(path: Path) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises nearly anything
        message = str(error) or type(error).__name__
        if "weights_only" in message or "Weights only" in message:
            reason = "it holds Python objects, which could run code; save its state_dict() alone"
        else:
            reason = f"it cannot be read ({message.splitlines()[0][:120]}); get it again"
        raise WeightsError(f"{path.name}: {reason}") from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise WeightsError(f"{path.name}: not a state dict of tensors; save the network's state_dict() alone")
    return dict(state)


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
