"""Pickles of NumPy's arrays that are damaged or made to harm: one line each, in little memory; good ones are read whole."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hostile_weights import pickled_number, pickled_text, refused

from mobile_inpaint.checkpoints.readers import pickled_arrays


def _dtype(kind: str, order: str = "<") -> bytes:
    state = b"(K\x03" + pickled_text(order) + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00t"
    return b"cnumpy\ndtype\n(" + pickled_text(kind) + b"\x89\x88tR" + state + b"b"


def _array(shape: bytes, content: bytes, kind: str = "f4", order: str = "<") -> bytes:
    start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    return b"\x80\x03" + start + b"(K\x01" + shape + _dtype(kind, order) + b"\x89" + content + b"tb."


def _same_array_often() -> bytes:
    """A dictionary of two of a dictionary of two of …, and in the end one array."""
    array = _array(pickled_number(100_000) + b"\x85", b"B" + struct.pack("<I", 400_000) + bytes(400_000))[:-1]
    inner = array + b"q\x00"
    for level in range(30):
        names = [pickled_text(name) + b"h" + bytes([level]) for name in ("a", "b")]
        inner += b"}(" + b"".join(names) + b"uq" + bytes([level + 1])
    return inner + b"."


ARRAYS: dict[str, bytes] = {
    "a huge item": _array(b"K\x01\x85", b"C\x041234", "V2000000000"),
    "text of gigabytes": _array(b"K\x01\x85", b"C\x041234", "U500000000"),
    "objects": _array(b"K\x01\x85", b"](Ke", "O8", "|"),
    "complex numbers": _array(b"K\x01\x85", b"C\x0812345678", "c8"),
    "a type of fields": pickle.dumps({"a": np.zeros(2, [("x", "f4")])}),
    "an absurd shape": _array(pickled_number(1 << 60) + b"\x85", b"C\x041234"),
    "a shape whose product overflows": _array(pickled_number(1 << 32) + pickled_number(1 << 32) + b"\x86", b"C\x00"),
    "a negative shape": _array(pickled_number(-1) + b"\x85", b"C\x041234"),
    "a shape of text": _array(pickled_text("x") + b"\x85", b"C\x041234"),
    "a shape that is none": _array(b"N", b"C\x041234"),
    "content that is none": _array(b"K\x01\x85", b"N"),
    "content that is short": _array(b"K\x02\x85", b"C\x041234"),
    "no content": _array(b"K\x01\x85", b"C\x041234")[:-2] + b"0.",
    "forty dimensions": _array(b"(" + b"K\x01" * 40 + b"t", b"C\x041234"),
    "an array that is asked for alone": b"\x80\x03cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
    + pickled_number(10**11)
    + b"\x85C\x01btR.",
    "numpy's own calls": b"\x80\x03cnumpy\nndarray\n" + pickled_number(10**11) + b"\x85R.",
    "a reference": b"\x80\x02" + pickled_text("x") + b"Q.",
    "itself": b"\x80\x02}q\x00" + pickled_text("a") + b"h\x00s.",
    "deep tuples": b"\x80\x02})" + b"\x85" * 120_000 + b"Ns.",
    "a memory of gigabytes": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "bytes of exabytes": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
    "one array, often": _same_array_often(),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_pickles_of_arrays(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net.ckpt"
    path.write_bytes(ARRAYS[kind])
    refused(lambda: pickled_arrays.read(path), "net.ckpt")


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
