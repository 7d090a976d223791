"""ONNX files that took gigabytes, never ended, reached out of their folder or ended in a traceback: one line each."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper
from PIL import Image

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cli import main

sys.path.insert(0, str(Path(__file__).parents[1]))
from hostile import Outcome, cheap, command, refused

Captured = pytest.CaptureFixture[str]
SIDE = 64


def save(
    path: Path, nodes: Sequence[NodeProto], constants: dict[str, Any] | None = None, *, side: int = SIDE, inputs: bool = True
) -> Path:
    """A model whose output is the last node's; it takes our image and mask."""
    shapes = {"image": (1, 3, side, side), "mask": (1, 1, side, side)} if inputs else {}
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def multiplied() -> NodeProto:
    return helper.make_node("Mul", ["image", "mask"], ["output"])


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What lint of a sound file costs."""
    outcome = command("lint", save(tmp_path_factory.mktemp("sound") / "sound.onnx", [multiplied()]))
    assert outcome.code == 0, outcome
    return outcome


BOMBS: dict[str, tuple[NodeProto, dict[str, Any]]] = {
    "ConstantOfShape": (helper.make_node("ConstantOfShape", ["s"], ["c"]), {"s": np.array([40000, 40000])}),
    "Tile": (helper.make_node("Tile", ["v", "r"], ["c"]), {"v": np.zeros((1, 1), np.float32), "r": np.array([30000, 30000])}),
    "Expand": (helper.make_node("Expand", ["v", "s"], ["c"]), {"v": np.float32(1), "s": np.array([30000, 30000])}),
    "Range": (
        helper.make_node("Range", ["a", "b", "d"], ["c"]),
        {"a": np.float32(0), "b": np.float32(5e8), "d": np.float32(1)},
    ),
    "RandomNormal": (helper.make_node("RandomNormal", [], ["c"], shape=[30000, 30000]), {}),
    "Pad": (
        helper.make_node("Pad", ["v", "p"], ["c"]),
        {"v": np.zeros((1, 1), np.float32), "p": np.array([0, 0, 30000, 30000])},
    ),
    "OneHot": (
        helper.make_node("OneHot", ["i", "n", "v"], ["c"]),
        {"i": np.zeros(64, np.int64), "n": np.int64(30_000_000), "v": np.array([0, 1], np.float32)},
    ),
    "Resize": (
        helper.make_node("Resize", ["v", "", "", "s"], ["c"], mode="nearest"),
        {"v": np.zeros((1, 1, 1, 1), np.float32), "s": np.array([1, 1, 30000, 30000])},
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_makes_a_large_constant(tmp_path: Path, usual: Outcome, name: str) -> None:
    node, constants = BOMBS[name]
    path = save(tmp_path / "bomb.onnx", [node, multiplied()], constants)
    outcome = command("lint", path, "--no-photos")
    assert "Traceback" not in outcome.err and outcome.code in (0, 1)
    cheap(outcome, usual)
    if name in ("ConstantOfShape", "Tile", "Expand", "RandomNormal"):  # its shape is known without computing it
        refused(outcome, usual, "bomb.onnx: 'c' takes ", " GB")


def test_a_large_constant_that_only_a_runtime_makes(tmp_path: Path, usual: Outcome) -> None:
    """Nothing in the file says how large; the process that runs it may not grow that far."""
    nodes = [
        helper.make_node("Range", ["a", "b", "d"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["t"]),
        helper.make_node("Mul", ["image", "t"], ["n"]),
        helper.make_node("Mul", ["n", "mask"], ["output"]),
    ]
    constants = {"a": np.float32(0), "b": np.float32(1e7), "d": np.float32(0.01)}  # 4 GB
    refused(command("lint", save(tmp_path / "late.onnx", nodes, constants)), usual, "late.onnx")


def test_a_regular_expression_is_not_run(tmp_path: Path, usual: Outcome) -> None:
    nodes = [helper.make_node("RegexFullMatch", ["s"], ["m"], pattern="(a+)+$"), multiplied()]
    path = save(tmp_path / "regex.onnx", nodes, {"s": np.array(["a" * 40 + "b"], dtype=object)})
    outcome = command("lint", path, "--no-photos")
    assert "Traceback" not in outcome.err
    cheap(outcome, usual)


@pytest.mark.parametrize("side", [4097, 6000])
def test_a_large_side_is_not_fed(tmp_path: Path, usual: Outcome, side: int) -> None:
    outcome = command("lint", save(tmp_path / "wide.onnx", [multiplied()], side=side))
    assert (
        outcome.code == 0 and f"headroom not measured: its image is {side} px wide, and at most 4096 px are fed" in outcome.out
    )
    cheap(outcome, usual)


@pytest.mark.parametrize("side", [20_000, 100_000, 2**40])
def test_an_absurd_side_is_refused(tmp_path: Path, capsys: Captured, side: int) -> None:
    assert main(["lint", str(save(tmp_path / "wide.onnx", [multiplied()], side=side))]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "wide.onnx" in captured.err


def test_what_onnx_runtime_cannot_load_or_run(tmp_path: Path, usual: Outcome) -> None:
    unknown = save(tmp_path / "unknown.onnx", [helper.make_node("NoSuchOperation", ["image", "mask"], ["output"])])
    refused(command("lint", unknown), usual, "unknown.onnx: its runtime cannot run it")
    body = helper.make_graph([multiplied()], "b", [], [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)])
    for _ in range(20):
        nested = helper.make_node("If", ["c"], ["output"], then_branch=body, else_branch=body)
        body = helper.make_graph([nested], "b", [], [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)])
        if len(body.SerializeToString()) > 100_000:
            break
    path = save(tmp_path / "deep.onnx", list(body.node), {"c": np.array(True)})
    assert "Traceback" not in command("lint", path).err


def test_external_data_is_read_beside_the_model_or_not_at_all(tmp_path: Path, capsys: Captured, monkeypatch: Any) -> None:
    folder, elsewhere = tmp_path / "model", tmp_path / "cwd"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "secret.bin").write_bytes(bytes(12))
    (folder / "ok.bin").write_bytes(np.ones(3, np.float32).tobytes())
    (folder / "link.bin").symlink_to(elsewhere / "secret.bin")
    inside, outside = external(folder / "inside.onnx", "ok.bin"), external(folder / "outside.onnx", "secret.bin")
    for cwd in (elsewhere, folder, Path("/")):
        monkeypatch.chdir(cwd)
        assert main(["lint", os.path.relpath(inside), "--no-photos"]) == 0
        assert main(["lint", os.path.relpath(outside), "--no-photos"]) == 1
        assert "'secret.bin', in which its tensors lie, is not beside it" in capsys.readouterr().err
    for location in ("../cwd/secret.bin", str(elsewhere / "secret.bin"), "link.bin", ".", "a/b.bin", ""):
        assert main(["lint", str(external(folder / "bad.onnx", location)), "--no-photos"]) == 1
        message = capsys.readouterr().err
        assert message.count("\n") == 1 and ("only files beside it are read" in message or "is a link" in message)


def external(path: Path, location: str) -> Path:
    save(path, [helper.make_node("Mul", ["image", "w"], ["output"])], {"w": np.ones((3, 1, 1), np.float32)})
    model = onnx.load(path)
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    return path


Change = Callable[[onnx.ModelProto], None]


def _smaller(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 32


def _cut_output(model: onnx.ModelProto) -> None:
    """The output is one channel of the picture."""
    last = next(node for node in model.graph.node if "output" in node.output)
    last.output[list(last.output).index("output")] = "whole"
    for name, value in (("start", 0), ("end", 1), ("axis", 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    model.graph.node.append(helper.make_node("Slice", ["whole", "start", "end", "axis"], ["output"]))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1


def _no_numbers(model: onnx.ModelProto) -> None:
    last = next(node for node in model.graph.node if "output" in node.output)
    last.output[list(last.output).index("output")] = "whole"
    model.graph.node.append(helper.make_node("Log", ["negative"], ["nan"]))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(-1), "negative"))
    model.graph.node.append(helper.make_node("Add", ["whole", "nan"], ["output"]))


def _renamed(model: onnx.ModelProto) -> None:
    model.graph.input[0].name = "picture"
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name == "image":
                node.input[i] = "picture"


@pytest.mark.parametrize("change", [_smaller, _cut_output, _no_numbers, _renamed])
def test_an_artifact_that_does_not_do_what_it_says(
    small_artifacts: dict[str, Artifact], small_checkpoint: Path, tmp_path: Path, capsys: Captured, change: Change
) -> None:
    """Its manifest has been made to fit: the bytes, the count of operations."""
    artifact = small_artifacts["onnx"]
    model = onnx.load(artifact.path)
    change(model)
    path = tmp_path / artifact.path.name
    path.write_bytes(model.SerializeToString())
    manifest = json.loads(artifact.path.with_name(path.name + ".json").read_text())
    manifest["sha256"], manifest["bytes"] = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    counted: dict[str, int] = {}
    for node in model.graph.node:
        counted[node.op_type] = counted.get(node.op_type, 0) + 1
    manifest["ops"] = counted
    path.with_name(path.name + ".json").write_text(json.dumps(manifest))
    Image.new("RGB", (80, 80), (90, 120, 30)).save(tmp_path / "photo.png")
    mask = Image.new("L", (80, 80))
    mask.paste(255, (30, 30, 50, 50))
    mask.save(tmp_path / "mask.png")
    out = tmp_path / "filled.png"
    words = ["fill", str(tmp_path / "photo.png"), "--mask", str(tmp_path / "mask.png"), "--out", str(out)]
    assert main([*words, "--artifact", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and path.name in captured.err and not out.exists()
    assert main(["verify", str(path), "--model", str(small_checkpoint)]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and captured.out == ""
