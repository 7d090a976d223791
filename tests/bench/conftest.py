"""Files small enough to be timed in a moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from mobile_inpaint.artifact import Contract, Manifest, Provenance, manifest_path, sha256_of, size_of
from mobile_inpaint.bench.report.latency_report import ColdStart, LatencyReport, Machine, Pipeline, Subject
from mobile_inpaint.targets.registry import get_target
from mobile_inpaint.targets.suppress_output import silence

SIZE_PX = 32

MakeReport: TypeAlias = Callable[..., LatencyReport]
MakeOnnx: TypeAlias = Callable[..., Path]


class Average(torch.nn.Module):
    """Fills the hole with a blur of what is round it."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = torch.nn.Conv2d(4, 3, 31, padding=15)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        known = image * (1 - mask)
        return known + self.blur(torch.cat([mask, known], 1)).clamp(0, 1) * mask


@pytest.fixture(scope="session")
def toy_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX artifact of 32 px with its manifest."""
    target = get_target("onnx")
    path = tmp_path_factory.mktemp("artifact") / "toy-fp32.onnx"
    inputs, output = target.tensors(SIZE_PX)
    provenance = Provenance("toy", "0" * 64, "none", "none", "none", "nothing")
    contract = Contract("migan-toy", "onnx", "fp32", SIZE_PX, inputs, output, provenance, {})
    torch.manual_seed(0)
    target.convert(Average().eval(), contract, path)
    Manifest(path.name, sha256_of(path), size_of(path), contract, target.ops(path), 1.0, {}).save(manifest_path(path))
    return path


@pytest.fixture(scope="session")
def toy_tflite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A foreign TFLite file."""
    path = tmp_path_factory.mktemp("foreign") / "toy.tflite"
    with silence():
        import litert_torch

        litert_torch.convert(torch.nn.Conv2d(3, 4, 3).eval(), (torch.zeros(1, 3, 16, 16),)).export(str(path))
    return path


@pytest.fixture
def foreign_onnx(tmp_path: Path) -> MakeOnnx:
    """``foreign_onnx(name, shape, dtype, op)``: a file with one input ``x``, one operation and one output."""

    def make(name: str, shape: list[int | str], dtype: int = TensorProto.FLOAT, op: str = "Identity") -> Path:
        node = helper.make_node(op, ["x"], ["y"])
        return _save(tmp_path / name, node, shape, dtype, [])

    return make


@pytest.fixture
def constant_onnx(tmp_path: Path) -> Path:
    """A file whose output is the same whatever goes in."""
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    node = helper.make_node("Mul", ["x", "zero"], ["y"])
    return _save(tmp_path / "constant.onnx", node, [1, 4], TensorProto.FLOAT, [zero])


def _save(path: Path, node: onnx.NodeProto, shape: list[int | str], dtype: int, constants: list[TensorProto]) -> Path:
    ends = [[helper.make_tensor_value_info(name, dtype, shape)] for name in ("x", "y")]
    graph = helper.make_graph([node], "foreign", *ends, constants)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


@pytest.fixture
def report() -> MakeReport:
    """A whole report, with what ``report(...)`` is given changed."""
    return _report


def _report(**changes: object) -> LatencyReport:
    made = LatencyReport(
        subject=Subject("a-fp32.onnx", "ab" * 32, 28_000_000, {"image": "float32 1x3x512x512"}, "migan-512", "a", "fp32", 512),
        machine=Machine("host", "Fast Chip 9", 2, 8000, "Linux 6 x86_64"),
        runtime="onnxruntime 1.31.1",
        accelerator="cpu",
        computes_in="fp32",
        threads=2,
        timed="completion",
        warmup_ms=(300.0,),
        times_ms=(100.0, 110.0, 105.0, 102.0),
        cold_starts=(ColdStart(20.0, 310.0, 400_000_000), ColdStart(30.0, 290.0, 500_000_000), ColdStart(25.0, 300.0, None)),
        pipeline=Pipeline("4000x3000, hole 1.05%", (5.0,), (100.0,), (9.0,)),
        in_turn_with=("published-graph.onnx",),
        date="2026-11-21T06:00:00+00:00",
        load_average=0.1,
        packages={"numpy": "2.4.6"},
        commit="0123456789ab",
        command="mobile-inpaint bench a-fp32.onnx",
        warnings=("one",),
    )
    return dataclasses.replace(made, **changes)
