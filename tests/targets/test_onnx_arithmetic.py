"""ONNX Runtime computes our integers as their file says, whatever the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.targets.onnx.target import OPSET, _cuts_sums, open_session

CHANNELS, STEP = 8, 2048.0


def test_sums_of_large_products_are_whole(tmp_path: Path) -> None:
    """255 · 127 + 255 · 127 is beyond 16 bits, at which an x86 without VNNI cuts it off unless told otherwise."""
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "weight": np.full((16, CHANNELS, 1, 1), 127, np.int8),
        "zeros": np.zeros(16, np.int8),
        "ones": np.ones(16, np.float32),
        "step": np.float32(STEP),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["image", "one", "zero"], ["levels"]),
        helper.make_node(
            "QLinearConv", ["levels", "one", "zero", "weight", "ones", "zeros", "step", "zero"], ["sums"], kernel_shape=[1, 1]
        ),
        helper.make_node("DequantizeLinear", ["sums", "step", "zero"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, CHANNELS, 4, 4])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 16, 4, 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    path = tmp_path / "sums.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8), path)
    (output,) = open_session(path, threads=1, integers=True).run(
        ["output"], {"image": np.full((1, CHANNELS, 4, 4), 255, np.float32)}
    )
    np.testing.assert_allclose(output, 255 * 127 * CHANNELS, atol=STEP / 2)


@pytest.mark.parametrize(
    ("machine", "flags", "cuts"),
    [
        ("x86_64", "flags : avx2 avx512_vnni", False),
        ("AMD64", "flags : avx2 avx_vnni", False),
        ("x86_64", "flags : avx2 fma", True),
        ("x86_64", None, True),
        ("aarch64", None, False),
    ],
)
def test_whole_sums_are_asked_for_where_they_would_be_cut_off_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, flags: str | None, cuts: bool
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(flags)
    assert _cuts_sums(tmp_path / "cpuinfo") is cuts
