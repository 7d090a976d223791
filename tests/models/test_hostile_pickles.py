"""PyTorch's files that are damaged or made to harm: one line each, in little memory; good ones are read whole."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hostile_weights import KEY, pickled_number, pickled_text, refused

from mobile_inpaint.checkpoints.readers.state import read_state
from mobile_inpaint.models.registry import open_checkpoint


def _zip(path: Path, pickled: bytes, method: int = zipfile.ZIP_STORED, **storages: bytes) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/byteorder", "little")
        file.writestr("archive/version", "3\n")
        for key, content in storages.items():
            file.writestr(f"archive/data/{key.removeprefix('s')}", content)


def _pickled(
    shape: tuple[int, ...] = (1,),
    stride: tuple[int, ...] = (1,),
    offset: int = 0,
    count: int = 1,
    key: bytes = pickled_text("0"),
) -> bytes:
    """A state dict of one tensor, with what its pickle claims."""
    kind = pickled_text("storage") + b"ctorch\nFloatStorage\n"
    storage = b"(" + kind + key + pickled_text("cpu") + pickled_number(count) + b"tQ"
    sizes = [b"(" + b"".join(map(pickled_number, numbers)) + b"t" for numbers in (shape, stride)]
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickled_number(offset) + b"".join(sizes) + b"\x89}tR"
    return b"\x80\x02}" + pickled_text(KEY) + call + b"s."


def _torch(value: object) -> Callable[[Path], object]:
    return lambda path: torch.save(value, path)


def _quantized(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({KEY: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, path)


def _shared_to_death(path: Path) -> None:
    """A list of two of a list of two of …: 2^40 values in a few hundred bytes."""
    inner = b"]q\x00"
    for level in range(40):
        inner += b"](h" + bytes([level]) + b"h" + bytes([level]) + b"eq" + bytes([level + 1])
    _zip(path, b"\x80\x02" + inner + b".")


def _itself(path: Path) -> None:
    _zip(path, b"\x80\x02}q\x00" + pickled_text("a") + b"h\x00s.")


def _two_claims(path: Path) -> None:
    """A thousand tensors that are each the whole of one storage."""
    storage = torch.ones(250_000)
    torch.save({f"{KEY}{number}": storage.view(250_000) for number in range(1000)}, path)


def _lying_directory(path: Path) -> None:
    _zip(path, _pickled(count=1 << 28, shape=(1 << 28,)), s0=b"1234")
    content = path.read_bytes()
    place = content.rfind(b"PK\x01\x02", 0, content.rfind(b"archive/data/0"))
    sizes = struct.pack("<II", 1 << 30, 1 << 30)
    path.write_bytes(content[: place + 20] + sizes + content[place + 28 :])


PICKLES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>"),
    "a bomb of zeros": lambda path: _zip(path, b"\0" * 200_000_000, zipfile.ZIP_DEFLATED),
    "a compressed storage": lambda path: _zip(
        path, _pickled((1 << 25,), count=1 << 25), zipfile.ZIP_DEFLATED, s0=bytes(1 << 27)
    ),
    "a directory that lies": _lying_directory,
    "an archive of something else": lambda path: zipfile.ZipFile(path, "w").writestr("a.txt", "a"),
    "a shape larger than its storage": lambda path: _zip(path, _pickled((1 << 40,)), s0=b"1234"),
    "one number, repeated": lambda path: _zip(path, _pickled((1 << 20, 1 << 20), (0, 0)), s0=b"1234"),
    "an offset beyond its storage": lambda path: _zip(path, _pickled(offset=5), s0=b"1234"),
    "a negative shape": lambda path: _zip(path, _pickled((-1,)), s0=b"1234"),
    "a negative stride": lambda path: _zip(path, _pickled((1,), (-1,)), s0=b"1234"),
    "a shape beyond 64 bits": lambda path: _zip(path, _pickled((1 << 900,)), s0=b"1234"),
    "zero times infinity": lambda path: _zip(path, _pickled((0, 1 << 61, 1 << 61), (1, 1, 1)), s0=b"1234"),
    "a count beyond its storage": lambda path: _zip(path, _pickled(count=1 << 40), s0=b"1234"),
    "no storage": lambda path: _zip(path, _pickled()),
    "a storage that is no text": lambda path: _zip(path, _pickled(key=b"N"), s0=b"1234"),
    "forty dimensions": lambda path: _zip(path, _pickled((1,) * 40, (1,) * 40), s0=b"1234"),
    "complex numbers": _torch({KEY: torch.ones(2, dtype=torch.complex64)}),
    "quantized": _quantized,
    "sparse": _torch({KEY: torch.ones(2).to_sparse()}),
    "on no device": _torch({KEY: torch.empty(1 << 50, device="meta")}),
    "8-bit floats": _torch({KEY: torch.ones(2).to(torch.float8_e4m3fn)}),
    "no tensor": _torch({KEY: 5}),
    "a huge number": lambda path: _zip(
        path, b"\x80\x02}" + pickled_text(KEY) + b"\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000 + b"s."
    ),
    "a number of 5,000 digits": lambda path: _zip(path, b"}" + pickled_text(KEY) + b"I" + b"9" * 5000 + b"\ns."),
    "deep tuples": lambda path: _zip(path, b"\x80\x02}" + pickled_text(KEY) + b")" + b"\x85" * 120_000 + b"s."),
    "a deep tuple as a key": lambda path: _zip(path, b"\x80\x02})" + b"\x85" * 120_000 + b"Ns."),
    "deep lists": lambda path: _zip(path, b"\x80\x02" + b"(" * 120_000 + b"l" * 120_000 + b"."),
    "itself": _itself,
    "shared to death": _shared_to_death,
    "a memory of gigabytes": lambda path: _zip(path, b"\x80\x02}r\xff\xff\xff\x7f."),
    "bytes of exabytes": lambda path: _zip(path, b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f."),
    "a frame of exabytes": lambda path: _zip(path, b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f}."),
    "an array of bytes": lambda path: _zip(path, b"\x80\x02cbuiltins\nbytearray\n" + pickled_number(10**11) + b"\x85R."),
    "an unknown class": lambda path: _zip(path, b"\x80\x02cos\nsystem\n" + pickled_text("true") + b"\x85R."),
    "a class alone": lambda path: _zip(path, b"\x80\x02}" + pickled_text(KEY) + b"cos\nsystem\ns."),
    "another reference": lambda path: _zip(path, b"\x80\x02}" + pickled_text(KEY) + pickled_text("x") + b"Qs."),
    "an extension": lambda path: _zip(path, b"\x80\x02\x82\x01."),
    "a million values": lambda path: _zip(path, b"\x80\x02" + b"N" * 3_000_000 + b"."),
    "an old file that is cut": lambda path: path.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2)),
    "a pickle alone": lambda path: path.write_bytes(pickle.dumps({KEY: 1.0})),
    "a thousand names for one storage": _two_claims,
    "not numbers": _torch({KEY: torch.tensor([float("nan")])}),
    "infinite": _torch({KEY: torch.tensor([float("inf")])}),
    "beyond single precision": _torch({KEY: torch.tensor([1e300], dtype=torch.float64)}),
    "integers": _torch({KEY: torch.tensor([1])}),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_files_of_torch(kind: str, tmp_path: Path) -> None:
    PICKLES[kind](tmp_path / "a.pt")
    refused(lambda: open_checkpoint(tmp_path / "a.pt"), "a.pt")


def test_a_view_of_a_larger_storage_is_read(tmp_path: Path) -> None:
    whole = torch.arange(1000.0).reshape(10, 100)
    torch.save(
        {"a": whole[3:5, 7:9], "b": whole.T, "c": torch.nn.Parameter(whole[0]), "d": torch.zeros(0, 3)}, tmp_path / "a.pt"
    )
    state = read_state(tmp_path / "a.pt")
    assert torch.equal(state["a"], whole[3:5, 7:9]) and torch.equal(state["b"], whole.T) and state["b"].stride() == (1, 100)
    assert torch.equal(state["c"], whole[0]) and state["d"].shape == (0, 3)


@pytest.mark.parametrize("legacy", [False, True])
def test_every_type_of_number_comes_back(legacy: bool, tmp_path: Path) -> None:
    kinds = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
    stored = {kind: (torch.arange(6).reshape(2, 3) - 3).to(getattr(torch, kind)) for kind in kinds}
    torch.save(stored, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    state = read_state(tmp_path / "a.pt")
    assert all(state[kind].dtype == stored[kind].dtype and torch.equal(state[kind], stored[kind]) for kind in kinds)
