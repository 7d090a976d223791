"""Files of weights that are no weights: one line each that names the file, in little memory, and nothing is waited for."""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.checkpoints.readers import pickled_arrays
from mobile_inpaint.checkpoints.readers.state import read_state
from mobile_inpaint.cli import main
from mobile_inpaint.errors import CheckpointNotFound, WeightsError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import add_checkpoint, create_model, open_checkpoint

KEY = "encoder.blocks.b8.fromrgb.bias"


@pytest.fixture(scope="session")
def tiny() -> Generator:
    return create_model("migan-256", resolution=8, ch_base=32, ch_max=4, tensors=0)


def _safetensors(path: Path, header: object, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def _tensor(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


SAFETENSORS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "a header of exabytes": lambda path: path.write_bytes(b"\xff" * 7 + b"\x7f{}"),
    "a header beyond the file": lambda path: path.write_bytes(struct.pack("<Q", 1_000_000) + b"{}"),
    "an absurd shape": lambda path: _safetensors(path, {KEY: _tensor("F32", [1 << 40], 0, 4)}, b"1234"),
    "a shape whose product overflows": lambda path: _safetensors(path, {KEY: _tensor("F32", [1 << 32, 1 << 32], 0, 0)}),
    "overlapping": lambda path: _safetensors(path, {"a": _tensor("F32", [1], 0, 4), "b": _tensor("F32", [1], 0, 4)}, b"1234"),
    "offsets beyond the file": lambda path: _safetensors(path, {KEY: _tensor("F32", [1], 0, 4)}),
    "offsets that go back": lambda path: _safetensors(path, {KEY: _tensor("F32", [1], 4, 0)}, b"1234"),
    "deep nesting": lambda path: _safetensors(path, b'{"a":' + b"[" * 100_000),
    "no object": lambda path: _safetensors(path, [1]),
    "complex numbers": lambda path: _safetensors(path, {KEY: _tensor("C64", [1], 0, 8)}, b"12345678"),
    "an unknown type": lambda path: _safetensors(path, {KEY: _tensor("F5", [1], 0, 4)}, b"1234"),
    "65 dimensions": lambda path: _safetensors(path, {KEY: _tensor("F32", [1] * 65, 0, 4)}, b"1234"),
    "50,000 tensors": lambda path: _safetensors(path, {f"t{i}": _tensor("F32", [0], 0, 0) for i in range(50_000)}),
    "4-bit numbers": lambda path: _safetensors(path, {KEY: _tensor("F4", [8], 0, 4)}, b"1234"),
    "a name of two lines": lambda path: save_file({"encoder.blocks.b8\nx": torch.ones(1)}, path),
    "scales of nothing": lambda path: save_file({"a.pointwise.weight#scale": torch.ones(1)}, path),
    "scales that repeat a filter": lambda path: save_file(
        {"a": torch.ones(1, 50_000, dtype=torch.int8), "a#scale": torch.ones(50_000).half()}, path
    ),
    "scales of floats": lambda path: save_file({"a": torch.ones(2, 2), "a#scale": torch.ones(2)}, path),
}


def _zip(path: Path, pickled: bytes, method: int = zipfile.ZIP_STORED, **storages: bytes) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/byteorder", "little")
        file.writestr("archive/version", "3\n")
        for key, content in storages.items():
            file.writestr(f"archive/data/{key.removeprefix('s')}", content)


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _long(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _pickled(
    shape: tuple[int, ...] = (1,),
    stride: tuple[int, ...] = (1,),
    offset: int = 0,
    count: int = 1,
    *,
    kind: str = "FloatStorage",
    function: str = "_rebuild_tensor_v2",
    key: bytes = _text("0"),
) -> bytes:
    """A state dict of one tensor, with what its pickle claims."""
    storage = b"(" + _text("storage") + f"ctorch\n{kind}\n".encode() + key + _text("cpu") + _long(count) + b"tQ"
    sizes = [b"(" + b"".join(map(_long, numbers)) + b"t" for numbers in (shape, stride)]
    call = f"ctorch._utils\n{function}\n(".encode() + storage + _long(offset) + b"".join(sizes) + b"\x89}tR"
    return b"\x80\x02}" + _text(KEY) + call + b"s."


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
    _zip(path, b"\x80\x02}q\x00" + _text("a") + b"h\x00s.")


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
        path, b"\x80\x02}" + _text(KEY) + b"\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000 + b"s."
    ),
    "a number of 5,000 digits": lambda path: _zip(path, b"}" + _text(KEY) + b"I" + b"9" * 5000 + b"\ns."),
    "deep tuples": lambda path: _zip(path, b"\x80\x02}" + _text(KEY) + b")" + b"\x85" * 120_000 + b"s."),
    "a deep tuple as a key": lambda path: _zip(path, b"\x80\x02})" + b"\x85" * 120_000 + b"Ns."),
    "deep lists": lambda path: _zip(path, b"\x80\x02" + b"(" * 120_000 + b"l" * 120_000 + b"."),
    "itself": _itself,
    "shared to death": _shared_to_death,
    "a memory of gigabytes": lambda path: _zip(path, b"\x80\x02}r\xff\xff\xff\x7f."),
    "bytes of exabytes": lambda path: _zip(path, b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f."),
    "a frame of exabytes": lambda path: _zip(path, b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f}."),
    "an array of bytes": lambda path: _zip(path, b"\x80\x02cbuiltins\nbytearray\n" + _long(10**11) + b"\x85R."),
    "an unknown class": lambda path: _zip(path, b"\x80\x02cos\nsystem\n" + _text("true") + b"\x85R."),
    "a class alone": lambda path: _zip(path, b"\x80\x02}" + _text(KEY) + b"cos\nsystem\ns."),
    "another reference": lambda path: _zip(path, b"\x80\x02}" + _text(KEY) + _text("x") + b"Qs."),
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


def _refused(act: Callable[[], object], name: str) -> str:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightsError) as caught:
        act()
    message = str(caught.value)
    assert name in message and message.isprintable() and len(message) < 600, message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000
    return message


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_safetensors(kind: str, tmp_path: Path) -> None:
    SAFETENSORS[kind](tmp_path / "a.safetensors")
    _refused(lambda: open_checkpoint(tmp_path / "a.safetensors"), "a.safetensors")


@pytest.mark.parametrize("kind", PICKLES)
def test_files_of_torch(kind: str, tmp_path: Path) -> None:
    PICKLES[kind](tmp_path / "a.pt")
    _refused(lambda: open_checkpoint(tmp_path / "a.pt"), "a.pt")


@pytest.mark.parametrize("kind", STATES)
def test_names_and_shapes_that_no_network_has(kind: str, tiny: Generator, tmp_path: Path) -> None:
    state = dict(tiny.state_dict())
    STATES[kind](state)
    save_file(state, tmp_path / "a.safetensors")
    _refused(lambda: open_checkpoint(tmp_path / "a.safetensors"), "a.safetensors")


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


@pytest.mark.parametrize("suffix", weights.SUFFIXES)
def test_what_is_no_file_is_not_waited_for(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    for make in (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to(path.name)):
        make()
        _refused(lambda: open_checkpoint(path), path.name)
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    path.touch()
    os.truncate(path, 1 << 40)
    assert "larger than 1 GB" in _refused(lambda: open_checkpoint(path), path.name)
    assert "larger than 1 GB" in _refused(lambda: read_state(path), path.name)


def test_a_link_to_weights_is_followed(tiny: Generator, tmp_path: Path) -> None:
    save_file(tiny.state_dict(), tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").symlink_to("a.safetensors")
    assert open_checkpoint(tmp_path / "b.safetensors")[0].resolution == 8


def _dtype(kind: str, order: str = "<") -> bytes:
    state = b"(K\x03" + _text(order) + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00t"
    return b"cnumpy\ndtype\n(" + _text(kind) + b"\x89\x88tR" + state + b"b"


def _array(shape: bytes, content: bytes, kind: str = "f4", order: str = "<") -> bytes:
    start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    return b"\x80\x03" + start + b"(K\x01" + shape + _dtype(kind, order) + b"\x89" + content + b"tb."


ARRAYS: dict[str, bytes] = {
    "a huge item": _array(b"K\x01\x85", b"C\x041234", "V2000000000"),
    "text of gigabytes": _array(b"K\x01\x85", b"C\x041234", "U500000000"),
    "objects": _array(b"K\x01\x85", b"](Ke", "O8", "|"),
    "complex numbers": _array(b"K\x01\x85", b"C\x0812345678", "c8"),
    "a type of fields": pickle.dumps({"a": np.zeros(2, [("x", "f4")])}),
    "an absurd shape": _array(_long(1 << 60) + b"\x85", b"C\x041234"),
    "a shape whose product overflows": _array(_long(1 << 32) + _long(1 << 32) + b"\x86", b"C\x00"),
    "a negative shape": _array(_long(-1) + b"\x85", b"C\x041234"),
    "a shape of text": _array(_text("x") + b"\x85", b"C\x041234"),
    "a shape that is none": _array(b"N", b"C\x041234"),
    "content that is none": _array(b"K\x01\x85", b"N"),
    "content that is short": _array(b"K\x02\x85", b"C\x041234"),
    "no content": _array(b"K\x01\x85", b"C\x041234")[:-2] + b"0.",
    "forty dimensions": _array(b"(" + b"K\x01" * 40 + b"t", b"C\x041234"),
    "an array that is asked for alone": b"\x80\x03cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
    + _long(10**11)
    + b"\x85C\x01btR.",
    "numpy's own calls": b"\x80\x03cnumpy\nndarray\n" + _long(10**11) + b"\x85R.",
    "a reference": b"\x80\x02" + _text("x") + b"Q.",
    "itself": b"\x80\x02}q\x00" + _text("a") + b"h\x00s.",
    "deep tuples": b"\x80\x02})" + b"\x85" * 120_000 + b"Ns.",
    "a memory of gigabytes": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "bytes of exabytes": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
}


def _same_array_often() -> bytes:
    """A dictionary of two of a dictionary of two of …, and in the end one array."""
    array = _array(_long(100_000) + b"\x85", b"B" + struct.pack("<I", 400_000) + bytes(400_000))[:-1]
    inner = array + b"q\x00"
    for level in range(30):
        names = [_text(name) + b"h" + bytes([level]) for name in ("a", "b")]
        inner += b"}(" + b"".join(names) + b"uq" + bytes([level + 1])
    return inner + b"."


ARRAYS["one array, often"] = _same_array_often()


@pytest.mark.parametrize("kind", ARRAYS)
def test_pickles_of_arrays(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net.ckpt"
    path.write_bytes(ARRAYS[kind])
    _refused(lambda: pickled_arrays.read(path), "net.ckpt")


def test_arrays_of_every_order_come_back(tmp_path: Path) -> None:
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    stored = {
        "a": grid,
        "b": np.asfortranarray(grid),
        "c": grid.astype(">f8"),
        "d": grid[:, ::2],
        "e": np.array(1.0),
    }
    for protocol in (3, 4):
        (tmp_path / "net.ckpt").write_bytes(pickle.dumps(stored, protocol))
        found = pickled_arrays.read(tmp_path / "net.ckpt")
        assert all(np.array_equal(found[name], stored[name]) and found[name].flags.c_contiguous for name in stored)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_what_is_added_is_named_as_the_user_names_it(store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, make in {"mine.pt": PICKLES["text"], "mine.safetensors": SAFETENSORS["overlapping"]}.items():
        make(tmp_path / name)
        assert main(["weights", "add", "own", str(tmp_path / name)]) == 1
        (line,) = capfd.readouterr().err.splitlines()
        assert f"{name} cannot be added: " in line and str(store) not in line and "added." not in line, line
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pt")
    assert main(["weights", "add", "own", str(tmp_path / "other.pt")]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert "other.pt holds the weights of no network" in line and "added." not in line
    os.truncate(tmp_path / "other.pt", 1 << 40)
    with pytest.raises(WeightsError, match="larger than 1 GB"):
        add_checkpoint("own", tmp_path / "other.pt")
    assert not list((store / "tmp").iterdir()) and not (store / "weights").exists()


CARDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a name outside": lambda card: card.update(name="../../x"),
    "another name": lambda card: card.update(name="lpips"),
    "a digest outside": lambda card: card.update(sha256="../../../etc/passwd"),
    "a file outside": lambda card: card.update(file="../../x.pt"),
    "a file without a name": lambda card: card.update(file=".."),
    "part of the package": lambda card: card.update(embedded=True, file="migan-lite.safetensors"),
    "a list": lambda card: card.update(licence=[1]),
    "a number of text": lambda card: card.update(resolution="64"),
    "a key less": lambda card: card.pop("sha256"),
    "a key more": lambda card: card.update(extra=1),
    "half a pair": lambda card: card.update(licence="\ud800"),
    "a number of 400 digits": lambda card: card.update(resolution=10**400),
}


@pytest.mark.parametrize("kind", CARDS)
def test_a_damaged_card_is_one_line(
    kind: str, store: Path, tiny: Generator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_file(tiny.state_dict(), tmp_path / "a.safetensors")
    add_checkpoint("own", tmp_path / "a.safetensors")
    record = store / "weights/own/card.json"
    card = json.loads(record.read_text())
    CARDS[kind](card)
    record.write_text(json.dumps(card))
    for arguments in (["weights", "list"], ["export", "onnx", "--checkpoint", "own"]):
        assert main(arguments) == 1
        (line,) = capfd.readouterr().err.splitlines()
        if arguments[0] == "weights":
            assert "card.json is damaged" in line and "weights remove own" in line, line
    assert main(["weights", "remove", "own"]) == 0
    assert not record.exists()


def test_folders_that_are_not_the_stores_are_not_listed(store: Path) -> None:
    for name in ("Not a name", "ours"):
        (store / "weights" / name / "card.json").mkdir(parents=True)
    (store / "weights/a").mkdir()
    os.mkfifo(store / "weights/a/card.json")
    assert not {"Not a name", "ours", "a"} & {card.name for card in weights.list_checkpoints()}
    with pytest.raises(CheckpointNotFound):
        weights.card("ours")


def test_a_yardstick_is_the_published_one_or_none(store: Path, tmp_path: Path) -> None:
    folder = store / "weights/lpips"
    folder.mkdir(parents=True)
    published, content = weights.card("lpips"), io.BytesIO()
    torch.save({}, content)
    digest = "0" * 64
    (folder / f"{digest[:12]}.safetensors").write_bytes(content.getvalue())
    table = {key: value for key, value in vars(published).items() if key not in ("npm", "pypi")}
    (folder / "card.json").write_text(json.dumps({**table, "sha256": digest}))
    with pytest.raises(WeightsError, match=r"lpips is not the published file: mobile-inpaint weights remove lpips"):
        weights.find("lpips", kind="yardstick")
