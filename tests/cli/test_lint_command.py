"""``mobile-inpaint lint`` as it is typed: tables, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A foreign file with a GatherND behind a LeakyRelu."""
    graph = helper.make_graph(
        [helper.make_node("LeakyRelu", ["x"], ["y"]), helper.make_node("GatherND", ["y", "i"], ["z"], name="picked")],
        "faulty",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([[0, 1]]), "i")],
    )
    path = tmp_path / "faulty.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def test_an_error_is_shown_with_its_rewrite_and_exits_1(faulty: Path, capsys: Captured) -> None:
    assert main(["lint", str(faulty), "--for", "webgpu"]) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "1 of 2" in captured.out and "error: webgpu/not-taken: 1 GatherND (picked)" in captured.out
    assert "rewrite: Slice" in captured.out and "source:  onnxruntime" in captured.out
    assert "float16: headroom not measured: its inputs are x, not image and mask" in captured.out
    assert captured.out.splitlines()[-1] == "lint: 1 error, 0 warnings; webgpu 1/2"


def test_what_is_taken_exits_0(faulty: Path, capsys: Captured) -> None:
    assert main(["lint", str(faulty), "--for", "coreml-ep", "--for", "nnapi"]) == 0
    assert "nnapi/not-taken" in capsys.readouterr().out, "warnings are shown all the same"


def test_json_has_all(faulty: Path, capsys: Captured) -> None:
    assert main(["lint", str(faulty), "--json", "--no-photos"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [each["provider"] for each in report["placements"]] == ["nnapi", "coreml-ep", "xnnpack", "qnn", "webgpu"]
    fault = next(each for each in report["findings"] if each["provider"] == "webgpu")
    assert fault["severity"] == "error" and fault["where"] == {"GatherND": 1} and fault["names"] == ["picked"]
    assert report["headroom"]["photos"] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.onnx", "no such file"),
        ("text.onnx", "not an ONNX file"),
        ("photo.jpg", "there are .mlpackage, .onnx, .tflite"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, capsys: Captured, name: str, message: str) -> None:
    path = tmp_path / name
    if name != "nowhere.onnx":
        path.write_text("no model")
    assert main(["lint", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and message in captured.err


def test_a_provider_that_there_is_not(faulty: Path, capsys: Captured) -> None:
    assert main(["lint", str(faulty), "--for", "abacus"]) == 1
    assert "unknown provider 'abacus': there are nnapi" in capsys.readouterr().err
