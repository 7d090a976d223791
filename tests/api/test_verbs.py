"""``export``, ``verify``, ``bench`` and ``evaluate`` from Python, and the names that the package offers."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mobile_inpaint as mi
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ArgumentError, ManifestError, MobileInpaintError, TargetNotFound, VerificationError
from mobile_inpaint.models.base import Generator


@pytest.fixture(scope="module")
def artifact(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    out = tmp_path_factory.mktemp("exported")
    [made] = mi.export(small_checkpoint, target="onnx", precision="fp32", out=str(out))
    return made


def test_an_export_is_verified_again_and_fills_as_its_network_does(
    artifact: Artifact, small_checkpoint: Path, small: Generator
) -> None:
    assert artifact.path.name == "toy-fp32.onnx"
    assert not {"ReduceMax", "ReduceMin", "If"} & set(artifact.manifest.ops)  # what a Generator checks is not in its graph
    verified = mi.verify(artifact.path, model=small_checkpoint)
    assert verified.manifest.verification is not None
    assert verified.manifest.verification.worst_psnr_db >= 90
    pixels = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    hole = np.zeros((80, 90), np.bool_)
    hole[20:50, 30:60] = True
    ours, theirs = (mi.fill(pixels, hole, **{kind: what}) for kind, what in (("artifact", artifact), ("model", small)))  # type: ignore[arg-type]
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    with pytest.raises(MobileInpaintError):
        mi.verify(artifact.path)  # its weights are in no store
    with pytest.raises(VerificationError, match="inverted"):
        mi.verify(_planted(artifact), model=small_checkpoint)


def _planted(artifact: Artifact) -> Path:
    """The same file, but that it reads its mask the other way round."""
    import dataclasses

    import onnx

    from mobile_inpaint.artifact import manifest_path, sha256_of, size_of
    from mobile_inpaint.targets.registry import get_target

    model = onnx.load(artifact.path)
    one = onnx.numpy_helper.from_array(np.float32(1), "planted_one")
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == "mask":
                node.input[place] = "planted"
    model.graph.initializer.append(one)
    model.graph.node.insert(0, onnx.helper.make_node("Sub", ["planted_one", "mask"], ["planted"]))
    folder = artifact.path.parent / "planted"
    folder.mkdir(exist_ok=True)
    path = folder / artifact.path.name
    onnx.save(model, path)
    changed = dataclasses.replace(
        artifact.manifest, sha256=sha256_of(path), bytes=size_of(path), ops=get_target("onnx").ops(path)
    )
    changed.save(manifest_path(path))
    return path


def test_an_export_that_cannot_work_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(TargetNotFound, match="unknown target 'tensorrt'"):
        mi.export(target="tensorrt", out=tmp_path)
    with pytest.raises(MobileInpaintError, match="no precision 'int8'"):
        mi.export(target="onnx", precision="int8", out=tmp_path)
    with pytest.raises(MobileInpaintError, match="io"):
        mi.export(target="onnx", hole="black", out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_bench_measures_and_keeps_nothing_unless_told(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    measured = mi.bench([artifact, artifact.path], threads=1, warmup=1, iterations=2)
    assert [report.subject.name for report in measured.reports] == ["toy-fp32.onnx"] * 2
    assert measured.reports[0].statistics.p50_ms > 0
    assert "toy-fp32.onnx: " in repr(measured)
    assert not list(tmp_path.iterdir())
    kept = mi.bench(artifact.path, threads=1, warmup=0, iterations=1, record=tmp_path / "kept").kept
    assert json.loads(kept[0].read_text())["subject"]["name"] == "toy-fp32.onnx"


@pytest.mark.parametrize(
    ("files", "options"),
    [([], {}), ("a.onnx", {"photo": "a.jpg"}), ("a.onnx", {"threads": 0}), ("a.onnx", {"iterations": 0})],
)
def test_bench_refuses_what_cannot_be_measured(files: Any, options: Any) -> None:
    with pytest.raises(ArgumentError):
        mi.bench(files, **options)
    with pytest.raises(MobileInpaintError):
        mi.bench("nowhere.onnx")


def test_evaluate_compares_a_generator_an_artifact_and_a_baseline(small: Generator, artifact: Artifact, tmp_path: Path) -> None:
    scores = mi.evaluate([small, artifact, "patches"], holes="object", limit=2, out=tmp_path / "report")
    assert scores.evaluation.names == ["migan-256", "toy-fp32.onnx", "patches"]
    ours, theirs = (scores.evaluation.mean("object", name, "lpips").mean for name in scores.evaluation.names[:2])
    assert ours == pytest.approx(theirs, abs=1e-3)
    assert {"evaluation.json", "index.html"} <= {file.name for file in scores.files}


def test_evaluate_refuses_what_cannot_be_judged(small: Generator) -> None:
    for what, options in (([], {}), (small, {"limit": 1}), (5, {"limit": 2})):
        with pytest.raises(ArgumentError):
            mi.evaluate(what, **options)  # type: ignore[arg-type]
    with pytest.raises(ManifestError):
        mi.verify("nowhere.onnx")


def test_two_names_are_functions_and_packages_in_any_order_of_imports() -> None:
    script = """
import inspect
import mobile_inpaint as mi
from mobile_inpaint import bench, export
first = inspect.signature(export)
import mobile_inpaint.export.recipe, mobile_inpaint.bench.devices.registry as registry
from mobile_inpaint.export.recipe import Recipe
assert mi.export.recipe.Recipe is Recipe and mi.bench.devices.registry is registry
assert inspect.signature(mi.export) == first and "target" in first.parameters
assert "latency" not in (mi.export.__doc__ or "") and "Makes artifacts" in mi.export.__doc__
for function in (export, mi.export, bench, mi.bench):
    assert callable(function)
    try:
        function(target="nothing") if function in (export, mi.export) else function([])
    except mi.errors.MobileInpaintError:
        pass
    else:
        raise AssertionError(function)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_scripts_beside_the_package_call_it_and_not_its_command_line() -> None:
    root = Path(__file__).parents[2]
    for script in (*root.glob("demo/*.py"), *root.glob("benchmarks/*.py"), *root.glob("golden/*.py")):
        assert "mobile_inpaint.cli" not in script.read_text(encoding="utf-8"), script


def test_every_public_function_says_what_it_takes_returns_and_raises() -> None:
    for name in ("fill", "export", "verify", "bench", "evaluate", "create_model", "open_checkpoint", "load_artifact"):
        function = getattr(mi, name)
        text = function.__doc__ or ""
        assert "Args:" in text and "Raises:" in text, name
        for parameter in inspect.signature(function).parameters:
            assert f"{parameter}:" in text or f"{parameter}, " in text or f", {parameter}" in text, f"{name}: {parameter}"
    assert "get_target" not in (mi.list_targets.__doc__ or "")
