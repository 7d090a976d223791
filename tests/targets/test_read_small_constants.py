from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.targets.registry import read_graph


def test_a_small_tensor_computed_of_constants_is_described(tmp_path: Path) -> None:
    """As the published graph's filters are: an Identity of another one's weight."""
    nodes = [helper.make_node("Identity", ["a"], ["w"]), helper.make_node("Conv", ["x", "w"], ["y"])]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4])] for name in ("x", "y")]
    weight = numpy_helper.from_array(np.ones((3, 3, 1, 1), np.float32), "a")
    graph = helper.make_graph(nodes, "g", *ends, [weight])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "a.onnx")
    found = read_graph(tmp_path / "a.onnx")
    assert (found.tensors["w"].shape, found.tensors["w"].dtype) == ((3, 3, 1, 1), "float32")
    assert "w" in found.constants
