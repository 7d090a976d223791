from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint import create_model
from mobile_inpaint.bench.measure.flops import BILINEAR, Work, work
from mobile_inpaint.errors import BenchError
from mobile_inpaint.export.prepared import prepare
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.targets.registry import read_graph
from mobile_inpaint.targets.suppress_output import silence

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FLOAT = 4


def _onnx(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str],
    constants: dict[str, np.ndarray],
    out: Sequence[int],
) -> Path:
    ends = [
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
    ]
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "g", *ends, initializers)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("weight", "group", "stride", "kind", "multiply_adds"),
    [
        ((8, 4, 1, 1), 1, 1, "1×1 convolution", 4 * 8 * 36),
        ((8, 4, 3, 3), 1, 1, "convolution", 4 * 9 * 8 * 36),
        ((8, 2, 3, 3), 2, 1, "convolution", 2 * 9 * 8 * 36),
        ((4, 1, 3, 3), 4, 2, "depthwise convolution", 9 * 4 * 9),
    ],
)
def test_convolutions(tmp_path: Path, weight: tuple[int, ...], group: int, stride: int, kind: str, multiply_adds: int) -> None:
    pad = [weight[2] // 2] * 4
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], name="c", group=group, strides=[stride] * 2, pads=pad)
    side = 6 // stride
    constants = {"w": _noise(*weight), "b": _noise(weight[0])}
    (one,) = work(read_graph(_onnx(tmp_path / "a.onnx", [node], [1, 4, 6, 6], constants, [1, weight[0], side, side])))
    values = 4 * 36 + np.prod(weight) + weight[0] + weight[0] * side * side
    assert one == Work("c", kind, 2 * multiply_adds, FLOAT * values)


def test_halving_and_spreading(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MaxPool", ["x"], ["m"], name="max", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("ConvTranspose", ["m", "w"], ["y"], name="spread", strides=[2, 2]),
    ]
    path = _onnx(tmp_path / "a.onnx", nodes, [1, 12, 4, 4], {"w": _noise(12, 3, 2, 2)}, [1, 3, 4, 4])
    assert work(read_graph(path)) == (
        Work("max", "resizing", 4 * 48, FLOAT * (192 + 48)),
        Work("spread", "convolution", 2 * 12 * 3 * 4 * 4, FLOAT * (48 + 144 + 48)),
    )


def test_the_rest_of_our_graphs(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["r"], name="up", mode="linear"),
        helper.make_node("LeakyRelu", ["r"], ["l"], name="act"),
        helper.make_node("Mul", ["l", "border"], ["m"], name="border"),
        helper.make_node("Concat", ["m", "m"], ["y"], name="cat", axis=1),
    ]
    constants = {"scales": np.array([1, 1, 2, 2], np.float32), "border": _noise(1, 1, 8, 8)}
    path = _onnx(tmp_path / "a.onnx", nodes, [1, 2, 4, 4], constants, [1, 4, 8, 8])
    assert work(read_graph(path)) == (
        Work("up", "resizing", BILINEAR * 128, FLOAT * (32 + 4 + 128)),
        Work("act", "pointwise", 128, FLOAT * 256),
        Work("border", "pointwise", 128, FLOAT * (128 + 64 + 128)),
        Work("cat", "moving", 0, FLOAT * (128 + 128 + 256)),
    )


def test_integers_take_a_byte_and_quantizing_operations_are_no_work(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "s", "wz"], ["wd"]),
        helper.make_node("Conv", ["xd", "wd"], ["c"], name="c"),
        helper.make_node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "s", "z"], ["y"]),
    ]
    weight = np.ones((8, 4, 1, 1), np.int8)
    constants = {"s": np.float32(0.1), "z": np.uint8(128), "wz": np.int8(0), "w": weight}
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    path = _onnx(tmp_path / "a.onnx", nodes, [1, 4, 6, 6], arrays, [1, 8, 6, 6])
    assert work(read_graph(path)) == (Work("c", "1×1 convolution", 2 * 4 * 8 * 36, 4 * 36 + 32 + 8 * 36),)


def test_the_same_network_is_the_same_work_in_both_formats(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(16, 16, 3, padding=1, groups=16), torch.nn.LeakyReLU(0.2), torch.nn.Conv2d(16, 8, 1)
    ).eval()
    given = (torch.zeros(1, 16, 12, 12),)
    with silence():
        import litert_torch

        torch.onnx.export(network, given, str(tmp_path / "a.onnx"), dynamo=True, opset_version=18, external_data=False)
        litert_torch.convert(network, given).export(str(tmp_path / "a.tflite"))
    found = [[one for one in work(read_graph(tmp_path / name)) if one.operations] for name in ("a.onnx", "a.tflite")]
    expected = {"depthwise convolution": 2 * 9 * 16 * 144, "pointwise": 16 * 144, "1×1 convolution": 2 * 16 * 8 * 144}
    for steps in found:
        assert {one.kind: one.operations for one in steps} == expected
    assert [one.bytes for one in found[0]] == [one.bytes for one in found[1]]


def test_a_network_that_sees_squares_is_the_same_work_in_both_formats_but_for_spreading_them(tmp_path: Path) -> None:
    save_model(
        create_model("migan-lite", "random", resolution=64, ch_base=512, ch_max=16, tensors=0), tmp_path / "toy.safetensors"
    )
    prepared, totals, spreading = prepare(tmp_path / "toy.safetensors"), [], []
    for target, spread in (("onnx", "ConvTranspose"), ("tflite", "DEPTH_TO_SPACE")):
        graph = read_graph(ExportSession(prepared).export(target, "fp32", tmp_path).path)
        steps = dict(zip((op.outputs[0] for op in graph.run), work(graph), strict=True))
        spreading += [steps.pop(op.outputs[0]) for op in graph.run if op.type == spread]
        totals.append(sum(one.operations for one in steps.values() if "convolution" in one.kind))
    assert totals[0] == totals[1] > 1e6
    assert [(one.kind, one.operations) for one in spreading] == [("convolution", 2 * 12 * 12 * 32 * 32), ("moving", 0)]


def test_what_cannot_be_counted_is_named(tmp_path: Path) -> None:
    path = _onnx(tmp_path / "a.onnx", [helper.make_node("Erf", ["x"], ["y"], name="e")], [1, 4], {}, [1, 4])
    with pytest.raises(BenchError, match=r"^Erf \(e\): what it computes is not counted yet$"):
        work(read_graph(path))
    path = _onnx(tmp_path / "b.onnx", [helper.make_node("Relu", ["x"], ["y"])], ["n", 4], {}, ["n", 4])
    with pytest.raises(BenchError, match="its shape is not in the file"):
        work(read_graph(path))


def test_the_roofline_is_what_its_measurement_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    roofline = importlib.import_module("roofline")
    document = json.loads((BENCHMARKS / "roofline.json").read_text(encoding="utf-8"))
    assert roofline.report(document) == (BENCHMARKS / "roofline.md").read_text(encoding="utf-8")
    for name in ("roofline", "peaks", "profiles"):
        sys.modules.pop(name)
