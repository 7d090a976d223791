from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.workload import load
from mobile_inpaint.errors import BenchError, ManifestError
from mobile_inpaint.targets.external import load_external
from mobile_inpaint.targets.registry import list_targets
from mobile_inpaint.targets.signature import Input

MakeOnnx = Callable[..., Path]


def test_it_is_no_format_of_ours() -> None:
    assert list_targets() == ["coreml", "onnx", "tflite"]


def test_an_onnx_file_runs_on_what_it_is_given(foreign_onnx: MakeOnnx) -> None:
    runner = load_external(foreign_onnx("a.onnx", [2, 3]), threads=1)
    assert runner.inputs == (Input("x", (2, 3), "float32"),)
    given = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(runner.run({"x": given}), given)


def test_a_tflite_file_runs_on_what_it_is_given(toy_tflite: Path) -> None:
    runner = load_external(toy_tflite, threads=1)
    (one,) = runner.inputs
    assert (one.shape, one.dtype, one.free) == ((1, 3, 16, 16), "float32", {})
    outputs = [runner.run({one.name: np.full(one.shape, value, np.float32)}) for value in (0, 1)]
    assert outputs[0].shape == (1, 4, 14, 14) and not np.array_equal(*outputs)


@pytest.mark.parametrize(
    ("dtype", "name", "low", "high"),
    [
        (TensorProto.FLOAT, "float32", 0, 1),
        (TensorProto.FLOAT16, "float16", 0, 1),
        (TensorProto.DOUBLE, "float64", 0, 1),
        (TensorProto.UINT8, "uint8", 0, 255),
        (TensorProto.INT8, "int8", -128, 127),
        (TensorProto.INT64, "int64", 0, 1),
        (TensorProto.BOOL, "bool", 0, 1),
    ],
)
def test_inputs_are_made_up_for_every_dtype(foreign_onnx: MakeOnnx, dtype: int, name: str, low: int, high: int) -> None:
    workload = load(Candidate(foreign_onnx("a.onnx", [1, 5000], dtype)), threads=1)
    first, second, third = (workload.run(i) for i in range(3))
    assert first.dtype == name
    assert first.min() >= low and first.max() <= high
    assert np.ptp(first.astype(float)) > 0.9 * (high - low)
    assert not np.array_equal(first, second) and np.array_equal(first, third)


def test_text_cannot_be_made_up(foreign_onnx: MakeOnnx) -> None:
    with pytest.raises(BenchError, match=r"a\.onnx: input 'x' is of string, which bench cannot make up"):
        load_external(foreign_onnx("a.onnx", [1], TensorProto.STRING))


def test_a_file_that_cannot_run_on_what_was_made_up_says_so(foreign_onnx: MakeOnnx) -> None:
    workload = load(Candidate(foreign_onnx("a.onnx", [1, "n"], op="Det")), threads=1)
    with pytest.raises(BenchError, match=r"a\.onnx: cannot run on these inputs \(.*\)$") as caught:
        workload.run(0)
    assert "\n" not in str(caught.value)


def test_inputs_beyond_all_memory_are_refused(foreign_onnx: MakeOnnx) -> None:
    with pytest.raises(ManifestError, match=r"declared with 400000\.0 GB"):
        load(Candidate(foreign_onnx("a.onnx", [1, 10_000_000, 10_000_000])), threads=1)
    with pytest.raises(BenchError, match=r"input 'x' takes 0\.4 GB; at most 0\.27 GB are made up"):
        load(Candidate(foreign_onnx("a.onnx", [1, 10_000, 10_000])), threads=1)
    with pytest.raises(BenchError, match="input 'x' takes "):
        load(Candidate(foreign_onnx("a.onnx", [1, "a", "b", "c", "d"])), threads=1)


def test_a_free_dimension_of_one_name_has_one_size(foreign_onnx: MakeOnnx) -> None:
    (one,) = load_external(foreign_onnx("a.onnx", ["n", 3, "side", "side"])).inputs
    assert one.shape == (1, 3, 512, 512)
    assert one.free == {"n": 1, "side": 512}
