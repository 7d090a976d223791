"""Checkpoint files, read: a name for each tensor, whatever the container. Nothing in a file is ever executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from mobile_inpaint.checkpoints.compression import restored
from mobile_inpaint.checkpoints.readers import onnx_initializers, torch_files
from mobile_inpaint.checkpoints.readers.containers import State, unwrap
from mobile_inpaint.checkpoints.readers.sniff import check_kind
from mobile_inpaint.checkpoints.store import LARGEST_BYTES, SUFFIXES
from mobile_inpaint.errors import WeightsError
from mobile_inpaint.quoting import quoted

FromOnnx = Callable[[Sequence[tuple[str, str, torch.Tensor]]], State]
"""Takes the constants of an ONNX file, each with its name and the name of the node that first reads it; gives a family's
weights, or nothing where it knows none of them."""
_LONGEST_HEADER = 4_000_000
_MOST_TENSORS, _MOST_DIMENSIONS = 20_000, 8
"""The largest network that we know has 2,000 tensors, of 5 dimensions at most."""
_SAVE_ALONE = "save the network's state_dict() alone"


def read_state(path: Path, *, key: str | None = None, onnx: Sequence[FromOnnx] = (), shown: str | None = None) -> State:
    """The tensors of a checkpoint by name, on the CPU.

    Args:
        path: a file with one of the suffixes of :data:`~mobile_inpaint.checkpoints.store.SUFFIXES`. What ``torch.save`` wrote
            holds a state dict, or a dictionary with one inside.
        key: the entry to take of a file that holds several networks.
        onnx: each family's way to read the constants of an ONNX file.
        shown: the name by which messages call the file; its own when None.

    Raises:
        WeightsError: the file cannot be read, is of another kind, or holds more than tensors.
    """
    shown, suffix = shown or path.name, path.suffix.lower()
    if suffix not in SUFFIXES:
        raise WeightsError(f"{shown}: not a checkpoint: there are {', '.join(SUFFIXES)}")
    if not path.is_file():  # a pipe would be waited for, a device has no end
        raise WeightsError(f"{shown}: no such file")
    if key is not None and suffix in (".safetensors", ".onnx"):
        raise WeightsError(f"{shown}: holds one network: leave --key out")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise WeightsError(f"{shown}: larger than {LARGEST_BYTES / 1e9:g} GB; is it the right file?")
        check_kind(path, shown)
        if suffix == ".safetensors":
            return _read_safetensors(path, shown)
        if suffix == ".onnx":
            return _read_onnx(path, shown, onnx)
        return _read_pickle(path, shown, key)
    except OSError as error:
        raise WeightsError(f"{shown}: it cannot be read ({error.strerror or error})") from error


def read_metadata(path: Path) -> dict[str, str]:
    """What a safetensors file says beside its tensors; empty for any other file, or one that cannot be read."""
    if path.suffix.lower() != ".safetensors":
        return {}
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except Exception:  # the library's own; reading the tensors says what is wrong
        return {}


def _read_safetensors(path: Path, shown: str) -> State:
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if header > _LONGEST_HEADER:
        raise WeightsError(f"{shown}: not a readable safetensors file (a header of {header} bytes); get it again")
    try:
        with safe_open(path, "pt") as opened:
            count = len(opened.keys())
        if count > _MOST_TENSORS:  # before torch makes each of them
            raise ValueError(f"{count} tensors, {_MOST_TENSORS} is the limit")
        state = load_file(path)
    except OSError:
        raise
    except Exception as error:  # the library's own, and whatever torch makes of a type that it does not have
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise WeightsError(f"{shown}: not a readable safetensors file ({reason}); get it again") from error
    try:
        return restored(_plain(state))
    except ValueError as error:
        raise WeightsError(f"{shown}: {error}") from error


def _read_pickle(path: Path, shown: str, key: str | None) -> State:
    try:
        with path.open("rb") as file:
            document = torch_files.read(file, path.stat().st_size)
        return _plain(unwrap(document, shown, key))
    except torch_files.HoldsCode as error:
        raise WeightsError(f"{shown}: {error}; {_SAVE_ALONE}") from error
    except ValueError as error:
        raise WeightsError(f"{shown}: it cannot be read ({error}); get it again") from error


def _plain(state: State) -> State:
    """``state``, whose names are text that can be shown, and whose tensors hold real numbers.

    Raises:
        ValueError: they do not; one line.
    """
    if len(state) > _MOST_TENSORS:
        raise ValueError(f"it holds {len(state)} tensors, {_MOST_TENSORS} is the limit")
    for name, value in state.items():
        if value.ndim > _MOST_DIMENSIONS:
            raise ValueError(f"{quoted(name)} has {value.ndim} dimensions, {_MOST_DIMENSIONS} is the limit")
        if not isinstance(name, str) or not name.isprintable() or len(name) > 1000:
            raise ValueError(f"{quoted(name)} cannot name a tensor")
        if value.dtype not in torch_files.DTYPES.values():
            raise ValueError(f"{quoted(name)} holds {str(value.dtype).removeprefix('torch.')}, not floats or integers")
    return state


def _read_onnx(path: Path, shown: str, readers: Sequence[FromOnnx]) -> State:
    constants = [(one.name, one.used_by, torch.from_numpy(one.values)) for one in onnx_initializers.read(path)]
    for read in readers:
        if state := read(constants):
            return state
    raise WeightsError(f"{shown}: this graph holds the weights of no network of ours")
