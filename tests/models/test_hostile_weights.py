"""Files of weights that are no weights: one line each that names the file, in little memory, and nothing is waited for."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hostile_weights import KEY, refused, tensor, write_safetensors
from safetensors.torch import save_file

from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.checkpoints.readers.state import read_state
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import open_checkpoint

SAFETENSORS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "a header of exabytes": lambda path: path.write_bytes(b"\xff" * 7 + b"\x7f{}"),
    "a header beyond the file": lambda path: path.write_bytes(struct.pack("<Q", 1_000_000) + b"{}"),
    "an absurd shape": lambda path: write_safetensors(path, {KEY: tensor("F32", [1 << 40], 0, 4)}, b"1234"),
    "a shape whose product overflows": lambda path: write_safetensors(path, {KEY: tensor("F32", [1 << 32, 1 << 32], 0, 0)}),
    "overlapping": lambda path: write_safetensors(
        path, {"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 0, 4)}, b"1234"
    ),
    "offsets beyond the file": lambda path: write_safetensors(path, {KEY: tensor("F32", [1], 0, 4)}),
    "offsets that go back": lambda path: write_safetensors(path, {KEY: tensor("F32", [1], 4, 0)}, b"1234"),
    "deep nesting": lambda path: write_safetensors(path, b'{"a":' + b"[" * 100_000),
    "no object": lambda path: write_safetensors(path, [1]),
    "complex numbers": lambda path: write_safetensors(path, {KEY: tensor("C64", [1], 0, 8)}, b"12345678"),
    "an unknown type": lambda path: write_safetensors(path, {KEY: tensor("F5", [1], 0, 4)}, b"1234"),
    "65 dimensions": lambda path: write_safetensors(path, {KEY: tensor("F32", [1] * 65, 0, 4)}, b"1234"),
    "50,000 tensors": lambda path: write_safetensors(path, {f"t{i}": tensor("F32", [0], 0, 0) for i in range(50_000)}),
    "4-bit numbers": lambda path: write_safetensors(path, {KEY: tensor("F4", [8], 0, 4)}, b"1234"),
    "a name of two lines": lambda path: save_file({"encoder.blocks.b8\nx": torch.ones(1)}, path),
    "scales of nothing": lambda path: save_file({"a.pointwise.weight#scale": torch.ones(1)}, path),
    "scales that repeat a filter": lambda path: save_file(
        {"a": torch.ones(1, 50_000, dtype=torch.int8), "a#scale": torch.ones(50_000).half()}, path
    ),
    "scales of floats": lambda path: save_file({"a": torch.ones(2, 2), "a#scale": torch.ones(2)}, path),
}


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_safetensors(kind: str, tmp_path: Path) -> None:
    SAFETENSORS[kind](tmp_path / "a.safetensors")
    refused(lambda: open_checkpoint(tmp_path / "a.safetensors"), "a.safetensors")


STATES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a side of 65,536": lambda state: state.update({"encoder.blocks.b65536.fromrgb.weight": torch.ones(1)}),
    "a side of 2^29": lambda state: state.update({f"encoder.blocks.b{2**29}.fromrgb.weight": torch.ones(1, 4, 1, 1)}),
    "a side of 100 digits": lambda state: state.update({f"encoder.blocks.b{'9' * 100}.fromrgb.weight": torch.ones(1)}),
    "a side of nothing": lambda state: state.update({"encoder.blocks.b1000.fromrgb.weight": torch.ones(1)}),
    "no side": lambda state: [state.pop(key) for key in list(state) if "fromrgb" in key],
    "no channels": lambda state: state.update({"encoder.blocks.b8.fromrgb.bias": torch.ones(0)}),
    "single numbers": lambda state: state.update({key: torch.ones(()) for key in state}),
    "a million tensors a convolution": lambda state: state.update({"a.pointwise.tensors": torch.ones(1_000_000)}),
    "squares of no side": lambda state: state.update({"synthesis.detail.bias": torch.ones(0)}),
    "squares of a large side": lambda state: state.update({"synthesis.detail.bias": torch.ones(3 * 1000**2)}),
    "a kernel of a large side": lambda state: state.update({"encoder.blocks.b8.fromrgb.weight": torch.ones(4, 4, 1, 9)}),
    "a long name": lambda state: state.update({"encoder.blocks." + "x" * 900: torch.ones(1)}),
    "ours and published": lambda state: state.update({"encoder.b8.conv1.conv1.w0": torch.ones(1)}),
    "published alone": lambda state: (state.clear(), state.update({"encoder.b8.conv1.conv1.w7": torch.ones(1)})),
    "published, of two shapes": lambda state: (
        state.clear(),
        state.update({"encoder.b8.fromrgb.w0": torch.ones(1), "encoder.b8.fromrgb.w1": torch.ones(2)}),
    ),
    "a fixed filter of no shape": lambda state: (
        state.clear(),
        state.update({"encoder.b8.fromrgb.bias": torch.ones(1), "encoder.b8.x.filter_const": torch.ones(3)}),
    ),
    "a fixed filter of three taps": lambda state: (
        state.clear(),
        state.update({"encoder.b8.fromrgb.bias": torch.ones(1), "encoder.b8.x.filter.weight": torch.ones(1, 1, 3, 3)}),
    ),
}


@pytest.mark.parametrize("kind", STATES)
def test_names_and_shapes_that_no_network_has(kind: str, tiny: Generator, tmp_path: Path) -> None:
    state = dict(tiny.state_dict())
    STATES[kind](state)
    save_file(state, tmp_path / "a.safetensors")
    refused(lambda: open_checkpoint(tmp_path / "a.safetensors"), "a.safetensors")


@pytest.mark.parametrize("suffix", weights.SUFFIXES)
def test_what_is_no_file_is_not_waited_for(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    for make in (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to(path.name)):
        make()
        refused(lambda: open_checkpoint(path), path.name)
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    path.touch()
    os.truncate(path, 1 << 40)
    assert "larger than 1 GB" in refused(lambda: open_checkpoint(path), path.name)
    assert "larger than 1 GB" in refused(lambda: read_state(path), path.name)


def test_a_link_to_weights_is_followed(tiny: Generator, tmp_path: Path) -> None:
    save_file(tiny.state_dict(), tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").symlink_to("a.safetensors")
    assert open_checkpoint(tmp_path / "b.safetensors")[0].resolution == 8
