"""Faults planted in small real files are found, and our own files pass; the rules agree with the code that they speak of."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto
from planted import SIDE, coreml_file, onnx_file, tflite_file

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ManifestError, ProviderNotFound
from mobile_inpaint.lint.linter import Finding, Report, lint_artifact
from mobile_inpaint.lint.rules import rulebook
from mobile_inpaint.targets.registry import get_target, list_targets, read_graph

PHOTO, MASK = (1, SIDE, SIDE, 3), (1, SIDE, SIDE, 1)
PLANES, HOLE = (1, 3, SIDE, SIDE), (1, 1, SIDE, SIDE)


def found(report: Report, provider: str) -> dict[str, Finding]:
    return {finding.rule: finding for finding in report.findings if finding.provider == provider}


def test_tflite_gather_nd(tmp_path: Path) -> None:
    path = tflite_file(
        tmp_path / "planted.tflite",
        [("LEAKY_RELU", ["x"], "y", schema.LeakyReluOptionsT()), ("GATHER_ND", ["y", "at"], "z", schema.GatherNdOptionsT())],
        {"x": ("float32", PHOTO), "y": ("float32", PHOTO), "z": ("float32", (2, SIDE, 3))},
        {"at": np.array([[0, 3], [0, 1]], np.int32)},
        inputs=["x"],
    )
    report = lint_artifact(path)
    fault = found(report, "gpu")["not-taken"]
    assert (fault.severity, fault.where, fault.names) == ("error", {"GATHER_ND": 1}, ("z",))
    assert "slice" in fault.rewrite and "model_builder.cc" in fault.source
    assert "not-taken" not in found(report, "qnn"), "Qualcomm's compiler has it"
    gpu = next(placement for placement in report.placements if placement.provider == "gpu")
    assert (gpu.ops, gpu.placed, gpu.segments) == (2, 1, 1)
    assert report.headroom.unmeasured == "its inputs are x, not image and mask"
    assert "GATHER_ND" in _analyzer(path), "LiteRT's own analyzer sees it as well"


def test_tflite_int64(tmp_path: Path) -> None:
    path = tflite_file(
        tmp_path / "planted.tflite",
        [("ADD", ["x", "x"], "y", schema.AddOptionsT())],
        {"x": ("int64", PHOTO), "y": ("int64", PHOTO)},
        inputs=["x"],
    )
    report = lint_artifact(path)
    assert found(report, "gpu")["dtype"].severity == "error"
    assert {"dtype"} == set(found(report, "xnnpack")) == set(found(report, "nnapi"))


def test_tflite_five_dimensions(tmp_path: Path) -> None:
    path = tflite_file(
        tmp_path / "planted.tflite",
        [("RESHAPE", ["x", "shape"], "y", schema.ReshapeOptionsT())],
        {"x": ("float32", PHOTO), "y": ("float32", (1, SIDE, 4, 4, 3))},
        {"shape": np.array([1, SIDE, 4, 4, 3], np.int32)},
        inputs=["x"],
    )
    report = lint_artifact(path, ["gpu"])
    assert found(report, "gpu")["rank"].severity == "error"
    assert [placement.provider for placement in report.placements] == ["gpu"]


def test_tflite_free_dimension(tmp_path: Path) -> None:
    path = tflite_file(
        tmp_path / "planted.tflite",
        [("LEAKY_RELU", ["x"], "y", schema.LeakyReluOptionsT())],
        {"x": ("float32", (1, 1, SIDE, 3)), "y": ("float32", (1, 1, SIDE, 3))},
        inputs=["x"],
        free=["x", "y"],
    )
    report = lint_artifact(path)
    assert found(report, "gpu")["dynamic"].severity == "error"
    placed = {placement.provider: placement.placed for placement in report.placements}
    assert placed["gpu"] == 0 and placed["xnnpack"] == 1, "the GPU delegate is lost as a whole, XNNPACK is not"


def test_tflite_activation_beyond_float16(tmp_path: Path) -> None:
    path = tflite_file(
        tmp_path / "planted.tflite",
        [
            ("MUL", ["image", "gain"], "bright", schema.MulOptionsT()),
            ("MUL", ["bright", "back"], "dim", schema.MulOptionsT()),
            ("MUL", ["dim", "mask"], "output", schema.MulOptionsT()),
        ],
        {
            "image": ("float32", PHOTO),
            "mask": ("float32", MASK),
            **dict.fromkeys(("bright", "dim", "output"), ("float32", PHOTO)),
        },
        {"gain": np.array([6e4], np.float32), "back": np.array([1 / 6e4], np.float32)},
    )
    fault = found(lint_artifact(path), "float16")
    assert fault["headroom"].names[0] == "gain" and "bright" in fault["headroom"].names, "6e4 is within a factor of ten"
    louder = tflite_file(
        tmp_path / "louder.tflite",
        [
            ("MUL", ["image", "gain"], "half", schema.MulOptionsT()),
            ("ADD", ["half", "half"], "bright", schema.AddOptionsT()),
            ("MUL", ["bright", "mask"], "output", schema.MulOptionsT()),
        ],
        {
            "image": ("float32", PHOTO),
            "mask": ("float32", MASK),
            **dict.fromkeys(("half", "bright", "output"), ("float32", PHOTO)),
        },
        {"gain": np.array([5e4], np.float32)},
    )
    report = lint_artifact(louder)
    fault = found(report, "float16")
    assert fault["overflow"].severity == "error" and "bright" in fault["overflow"].names
    assert "half" not in fault["overflow"].names
    assert report.headroom.photos == 6 and report.headroom.largest["bright"] == pytest.approx(1e5, rel=0.05)
    assert not found(lint_artifact(louder, run=False), "float16").get("overflow"), "nothing in the file itself is that large"


def test_onnx_activation_beyond_float16(tmp_path: Path) -> None:
    path = onnx_file(
        tmp_path / "planted.onnx",
        [("Mul", ["image", "gain"], "half"), ("Add", ["half", "half"], "bright"), ("Mul", ["bright", "mask"], "output")],
        {"image": PLANES, "mask": HOLE},
        {"gain": np.float32(5e4)},
    )
    fault = found(lint_artifact(path), "float16")["overflow"]
    assert fault.severity == "error" and "bright" in fault.names and "half" not in fault.names


def test_coreml_activation_beyond_float16(tmp_path: Path) -> None:
    def build(image: Any, mask: Any) -> Any:
        from coremltools.converters.mil import Builder as mb

        half = mb.mul(x=image, y=np.float32(300), name="half")
        return mb.mul(x=mb.mul(x=half, y=np.float32(2), name="bright"), y=mask, name="output")

    path = coreml_file(tmp_path / "planted.mlpackage", build, PLANES, HOLE)  # fed with grey levels to 255
    fault = found(lint_artifact(path), "float16")["overflow"]
    assert fault.severity == "error" and any("bright" in name for name in fault.names)


def test_onnx_constants_that_float16_cannot_hold(tmp_path: Path) -> None:
    path = onnx_file(
        tmp_path / "planted.onnx",
        [("Mul", ["x", "huge"], "y"), ("Mul", ["y", "tiny"], "z")],
        {"x": PLANES},
        {"huge": np.full((1, 3, 1, 1), 1e5, np.float32), "tiny": np.full((1, 3, 1, 1), 1e-8, np.float32)},
    )
    fault = found(lint_artifact(path), "float16")
    assert fault["overflow"].names == ("huge",) and fault["underflow"].names == ("tiny",)


def test_onnx_gather_int64_rank_and_freedom(tmp_path: Path) -> None:
    gather = onnx_file(tmp_path / "g.onnx", [("GatherND", ["x", "i"], "y")], {"x": PLANES}, {"i": np.array([[0, 1]])})
    report = lint_artifact(gather)
    assert found(report, "webgpu")["not-taken"].where == {"GatherND": 1}
    assert found(report, "webgpu")["not-taken"].severity == "error"
    assert not found(report, "coreml-ep"), "the CoreML EP has it"

    counted = onnx_file(tmp_path / "i.onnx", [("Add", ["x", "x"], "y")], {"x": (4,)}, dtype=TensorProto.INT64)
    report = lint_artifact(counted)
    assert found(report, "webgpu")["int64"].severity == "error" and "dtype" in found(report, "nnapi")

    deep = onnx_file(tmp_path / "r.onnx", [("Reshape", ["x", "s"], "y")], {"x": PLANES}, {"s": np.array([1, 3, 4, 4, SIDE])})
    assert set(found(lint_artifact(deep), "nnapi")) == {"rank"}

    free = onnx_file(tmp_path / "f.onnx", [("LeakyRelu", ["x"], "y")], {"x": (1, 3, "height", SIDE)})
    report = lint_artifact(free)
    assert found(report, "qnn")["dynamic"].severity == "error"
    assert {placement.provider: placement.placed for placement in report.placements}["qnn"] == 0


def test_onnx_attributes_and_run_time_weights(tmp_path: Path) -> None:
    sizes = {"roi": np.zeros(0, np.float32), "scales": np.array([1, 1, 2, 2], np.float32)}
    cubic = onnx_file(tmp_path / "c.onnx", [("Resize", ["x", "roi", "scales"], "y")], {"x": PLANES}, sizes, mode="cubic")
    assert "resize-mode" in found(lint_artifact(cubic), "nnapi")
    linear = onnx_file(tmp_path / "l.onnx", [("Resize", ["x", "roi", "scales"], "y")], {"x": PLANES}, sizes, mode="linear")
    assert not lint_artifact(linear).findings, "the default coordinate transformation is taken"
    computed = onnx_file(tmp_path / "w.onnx", [("Conv", ["x", "w"], "y")], {"x": PLANES, "w": (8, 3, 3, 3)})
    assert "static-weights" in found(lint_artifact(computed), "nnapi")


def test_a_shape_computed_of_constants_is_no_free_dimension(tmp_path: Path) -> None:
    """As older exporters write a Pad: the pads are put together by nodes."""
    path = onnx_file(
        tmp_path / "padded.onnx",
        [("Concat", ["before", "after"], "pads"), ("Pad", ["x", "pads"], "wide"), ("LeakyRelu", ["wide"], "y")],
        {"x": PLANES},
        {"before": np.array([0, 0, 1, 1]), "after": np.array([0, 0, 1, 1])},
        axis=0,
    )
    assert read_graph(path).tensors["y"].shape == (1, 3, SIDE + 2, SIDE + 2)
    assert not found(lint_artifact(path), "qnn")


def test_what_is_computed_of_constants_is_not_counted(tmp_path: Path) -> None:
    """A Cast behind a float16 weight, as in our fp16 files: every runtime folds it."""
    path = onnx_file(
        tmp_path / "halved.onnx",
        [("Cast", ["half"], "w"), ("Conv", ["x", "w"], "y")],
        {"x": PLANES},
        {"half": np.ones((8, 3, 3, 3), np.float16)},
        to=TensorProto.FLOAT,
    )
    graph = read_graph(path)
    assert [op.type for op in graph.ops] == ["Cast", "Conv"] and [op.type for op in graph.run] == ["Conv"]
    assert not found(lint_artifact(path), "xnnpack"), "and the weight is a constant"


def test_coreml_faults(tmp_path: Path) -> None:
    from coremltools.converters.mil import Builder as mb
    from coremltools.converters.mil.mil import get_new_symbol

    def gather(x: Any) -> Any:
        return mb.gather_nd(x=x, indices=np.array([[0, 1]], np.int32))

    def deep(x: Any) -> Any:
        return mb.reshape(x=mb.leaky_relu(x=x, alpha=0.2), shape=(1, 3, 4, 4, SIDE))

    def plain(x: Any) -> Any:
        return mb.leaky_relu(x=x, alpha=0.2)

    report = lint_artifact(coreml_file(tmp_path / "gather.mlpackage", gather, PLANES))
    assert found(report, "ane")["no-hardware-path"].severity == "error"
    assert "rank" in found(lint_artifact(coreml_file(tmp_path / "deep.mlpackage", deep, PLANES)), "ane")
    single = lint_artifact(coreml_file(tmp_path / "single.mlpackage", plain, PLANES, half=False))
    assert found(single, "ane")["float32"].severity == "warning" and single.placements[0].placed == 0
    free = coreml_file(tmp_path / "free.mlpackage", plain, (1, 3, get_new_symbol(), SIDE))
    assert found(lint_artifact(free), "ane")["dynamic"].severity == "error"


@pytest.mark.parametrize("target", list_targets())
def test_our_files_pass(small_artifacts: dict[str, Artifact], target: str) -> None:
    report = lint_artifact(small_artifacts[target].path)
    assert report.errors == 0, report.findings
    assert report.headroom.photos == 6
    assert all(value < 6550 for value in report.headroom.largest.values())
    assert report.summary.startswith("lint: 0 errors, ")
    count = sum(small_artifacts[target].manifest.ops.values())
    assert {placement.ops for placement in report.placements} == {count}


def test_xnnpack_segments_are_those_of_the_runtime(small_artifacts: dict[str, Artifact]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    path = small_artifacts["tflite"].path
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    delegated = [op for op in interpreter._get_ops_details() if op["op_name"] == "DELEGATE"]
    (placement,) = lint_artifact(path, ["xnnpack"], run=False).placements
    assert placement.segments == len(delegated)


def test_the_gpu_rules_agree_with_literts_analyzer(small_artifacts: dict[str, Artifact]) -> None:
    path = small_artifacts["tflite"].path
    assert "looks compatible with GPU delegate" in _analyzer(path)
    (placement,) = lint_artifact(path, ["gpu"], run=False).placements
    assert placement.placed == placement.ops


@pytest.mark.parametrize(
    ("provider", "file"), [("nnapi", "nnapi_supported_ops.md"), ("coreml-ep", "coreml_supported_mlprogram_ops.md")]
)
def test_operations_are_those_that_the_installed_onnx_runtime_lists(provider: str, file: str) -> None:
    text = (resources.files("onnxruntime.tools.mobile_helpers") / file).read_text()
    listed = re.findall(r"^\|([a-z.]+):(\w+)\|", text, re.MULTILINE)
    names = {name if domain == "ai.onnx" else f"{domain}:{name}" for domain, name in listed}
    names = {"ArgMax" if name == "Argmax" else name for name in names}  # misspelt there
    (rules,) = (each for each in rulebook(get_target("onnx")).providers if each.name == provider)
    assert set(rules.ops) == names


@pytest.mark.parametrize("target", list_targets())
def test_every_rule_says_where_it_is_from(target: str) -> None:
    keys = set()
    for provider in rulebook(get_target(target)).providers:
        keys.add(provider.name)
        assert provider.source and len(provider.ops) == len(set(provider.ops))
        names = [rule.name for rule in provider.rules]
        assert len(names) == len(set(names)) and "not-taken" not in names
        for rule in provider.rules:
            assert rule.reason and rule.rewrite and rule.source, (provider.name, rule.name)
            unknown = {kind for kind in (*rule.ops, *rule.but) if provider.ops and kind not in provider.ops}
            assert not unknown or rule.name in ("integers",), (provider.name, rule.name, unknown)
    assert len(keys) == len(rulebook(get_target(target)).providers) > 0


@pytest.mark.parametrize("name", ["cut.onnx", "cut.tflite", "text.onnx", "empty.tflite", "bare.mlpackage", "nowhere.tflite"])
def test_what_is_no_model_is_said_in_one_line(small_artifacts: dict[str, Artifact], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("cut"):
        path.write_bytes(small_artifacts[path.suffix[1:]].path.read_bytes()[:2000])
    elif name.startswith(("text", "empty")):
        path.write_bytes(b"no model" * name.startswith("text"))
    elif name.startswith("bare"):
        path.mkdir()
    with pytest.raises(ManifestError, match=re.escape(name)) as caught:
        lint_artifact(path)
    assert "\n" not in str(caught.value)


def test_a_provider_of_another_format_is_refused(small_artifacts: dict[str, Artifact]) -> None:
    with pytest.raises(ProviderNotFound, match="'ane': there are nnapi, coreml-ep, xnnpack, qnn, webgpu"):
        lint_artifact(small_artifacts["onnx"].path, ["ane"])


def _analyzer(path: Path) -> str:
    from ai_edge_litert import _pywrap_analyzer_wrapper

    return str(_pywrap_analyzer_wrapper.ModelAnalyzer(str(path), True, True))
