from __future__ import annotations

import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import load_file

from mobile_inpaint.checkpoints.readers import pickled_arrays
from mobile_inpaint.errors import WeightsError

FLOATS = npst.arrays(st.sampled_from([np.float32, np.float64]), npst.array_shapes(max_dims=4, max_side=3))


@given(tree=st.recursive(FLOATS, lambda inner: st.dictionaries(st.text("abc", min_size=1), inner, min_size=1), max_leaves=4))
def test_arrays_come_back_by_their_path(tree: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("pickle") / "net.ckpt"
    path.write_bytes(pickle.dumps({"top": tree}))
    kept = load_file(pickled_arrays.to_safetensors([path], path.with_suffix(".safetensors")))
    expected = dict(_walk(tree, "net.top"))
    assert kept.keys() == expected.keys()
    for name, array in expected.items():
        assert kept[name].dtype == array.dtype
        np.testing.assert_array_equal(kept[name], array)


def _walk(tree: object, name: str) -> list[tuple[str, np.ndarray]]:
    if isinstance(tree, np.ndarray):
        return [(name, tree)]
    assert isinstance(tree, dict)
    return [pair for key, value in tree.items() for pair in _walk(value, f"{name}.{key}")]


class Hostile:
    """Unpickling it as Python does would make a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_nothing_in_a_pickle_runs(tmp_path: Path) -> None:
    path, trace = tmp_path / "net.ckpt", tmp_path / "trace"
    for hostile in (Hostile(str(trace)), {"kernel": np.array([Hostile(str(trace))], dtype=object)}):
        path.write_bytes(pickle.dumps(hostile))
        with pytest.raises(WeightsError, match=r"net\.ckpt: it holds posix\.mkdir, not arrays alone"):
            pickled_arrays.read(path)
    assert not trace.exists()


def test_an_array_that_holds_itself_is_refused(tmp_path: Path) -> None:
    endless = np.empty(1, dtype=object)
    endless[0] = endless
    (tmp_path / "net.ckpt").write_bytes(pickle.dumps({"kernel": endless}))
    with pytest.raises(WeightsError, match=r"^net\.ckpt: it is nested deeper than 32.*; fetch it again$"):
        pickled_arrays.read(tmp_path / "net.ckpt")


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"<html>", pickle.dumps({"kernel": "text"}), pickle.dumps({"n": np.arange(3)})]
)
def test_what_is_no_pickle_of_float_arrays(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.ckpt: ") as caught:
        pickled_arrays.read(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_pickle_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path, dice = tmp_path / "net.ckpt", random.Random(4)
    whole = pickle.dumps({"conv": {"kernel": np.ones((3, 3, 2, 4), np.float32), "bias": np.zeros(4, np.float32)}})
    for _ in range(2000):
        content = bytearray(whole)
        for _ in range(dice.choice([1, 4, 40])):
            content[dice.randrange(len(content))] = dice.randrange(256)
        path.write_bytes(bytes(content[: dice.choice([len(content), dice.randrange(len(content))])]))
        try:
            pickled_arrays.read(path)
        except WeightsError as error:
            assert "\n" not in str(error)
