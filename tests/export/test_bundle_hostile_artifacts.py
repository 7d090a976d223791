"""bundle, info and verify refuse a damaged or planted artifact in one line, and change nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from app_folder import WEB, Make, tree

from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import Artifact, Manifest, Provenance, manifest_path, sha256_of, size_of
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.registry import get_target


def _plant_link(package: Path, plant: str, target: Path) -> None:
    where = next(path for path in package.rglob("weight.bin")).parent
    if plant == "a file outside":
        (where / "more.bin").symlink_to(target / "file")
    elif plant == "a folder outside":
        (where / "more").symlink_to(target)
    elif plant == "a file inside":
        (where / "more.bin").symlink_to(where / "weight.bin")
    elif plant == "nowhere":
        (where / "more.bin").symlink_to("nowhere")
    else:
        os.mkfifo(where / "more.bin")


@pytest.mark.parametrize("plant", ["a file outside", "a folder outside", "a file inside", "nowhere", "a pipe"])
def test_links_inside_a_package_are_refused(
    small_artifacts: dict[str, Artifact], app: Path, tmp_path: Path, plant: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source = small_artifacts["coreml"].path
    package = tmp_path / source.name
    shutil.copytree(source, package)
    shutil.copyfile(manifest_path(source), manifest_path(package))
    _plant_link(package, plant, app / "keep")
    for read in (sha256_of, size_of, Artifact.open):
        with pytest.raises(ManifestError, match=r"toy-fp32.mlpackage: 'Data/com.apple.CoreML/.*' is "):
            read(package)
    before = tree(app)
    for verb in (["bundle", "--app", "ios", "--into", str(app / "model")], ["info"], ["verify"]):
        assert main([verb[0], str(package), *verb[1:]]) == 1
        assert capfd.readouterr().err.count("\n") == 1
    assert tree(app) == before


def _damaged(path: Path, how: str) -> bytes:
    content = path.read_bytes()
    if how == "cut off":
        return content[: len(content) // 2]
    if how == "empty":
        return b""
    dice = random.Random(how)
    if how == "scrambled":
        return dice.randbytes(len(content))
    place = content.index(b"image")
    return content[:place] + b"imago" + content[place + 5 :]


_DAMAGES = ["cut off", "empty", "scrambled", "another input"]


@pytest.mark.parametrize(
    ("target", "how"),
    [
        *((target, how) for target in ("onnx", "tflite", "coreml") for how in _DAMAGES),
        *(("coreml weights", how) for how in _DAMAGES[:3]),
    ],
)
def test_a_damaged_file_is_refused_even_if_its_manifest_names_its_hash(
    small_artifacts: dict[str, Artifact], app: Path, tmp_path: Path, target: str, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Case 14."""
    target, _, part = target.partition(" ")
    source = small_artifacts[target].path
    path = tmp_path / source.name
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, path)
    inside = next(path.rglob("weight.bin" if part else "model.mlmodel")) if path.is_dir() else path
    inside.write_bytes(_damaged(inside, how))
    manifest = small_artifacts[target].manifest
    dataclasses.replace(manifest, sha256=sha256_of(path), bytes=size_of(path)).save(manifest_path(path))
    into = "ios" if target == "coreml" else "android"
    before = tree(app)
    assert main(["bundle", str(path), "--app", into, "--into", str(app / "model")]) == 1
    captured = capfd.readouterr()
    assert captured.err.startswith(f"mobile-inpaint: {path.name}") and captured.err.count("\n") == 1
    assert tree(app) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"contract.model": "another"},
        {"contract.provenance.licence": "Apache-2.0"},
        {"contract.precision": "fp32"},
        {"ops": {"Add": 2}},
    ],
)
def test_a_manifest_that_says_other_than_the_file(make: Make, app: Path, changes: dict[str, Any]) -> None:
    path = make()
    table = json.loads(manifest_path(path).read_text())
    for key, value in changes.items():
        *steps, last = key.split(".")
        at = table
        for step in steps:
            at = at[step]
        at[last] = value
    manifest_path(path).write_text(json.dumps(table))
    with pytest.raises(ManifestError, match=r"disagree|not the one that its manifest counts"):
        bundling.bundle(Artifact.open(path), WEB, app / "model")
    assert tree(app / "model") == {}


def test_a_network_that_changes_known_pixels_or_gives_no_numbers(make: Make, app: Path) -> None:
    path = make()
    for constant, value in (("one", 0.5), ("half", float("nan"))):
        model = onnx.load(path)
        place = next(tensor for tensor in model.graph.initializer if tensor.name == constant)
        place.CopyFrom(onnx.numpy_helper.from_array(np.float32(value), constant))
        onnx.save(model, path)
        manifest = Manifest.load(manifest_path(path))
        dataclasses.replace(manifest, sha256=sha256_of(path), bytes=size_of(path)).save(manifest_path(path))
        with pytest.raises(ManifestError, match=r"does not give back the known pixels|values that are no numbers"):
            bundling.bundle(Artifact.open(path), WEB, app / "model")


def test_a_network_that_never_ends(make: Make, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 2.0)
    path, info, number = make(), onnx.helper.make_tensor_value_info, onnx.TensorProto
    nodes = [onnx.helper.make_node("Identity", [a], [b]) for a, b in (("again", "still"), ("before", "after"))]
    taken = [info("turn", number.INT64, []), info("again", number.BOOL, []), info("before", number.FLOAT, None)]
    body = onnx.helper.make_graph(nodes, "body", taken, [info("still", number.BOOL, []), info("after", number.FLOAT, None)])
    model = onnx.load(path)
    turns, always = (onnx.numpy_helper.from_array(np.array(v), name) for v, name in ((2**62, "turns"), (True, "always")))
    model.graph.initializer.extend([turns, always])
    model.graph.node[-1].output[0] = "filled"
    model.graph.node.append(onnx.helper.make_node("Loop", ["turns", "always", "filled"], ["output"], body=body))
    onnx.save(model, path)
    manifest, ops = Manifest.load(manifest_path(path)), get_target("onnx").ops(path)
    dataclasses.replace(manifest, sha256=sha256_of(path), bytes=size_of(path), ops=ops).save(manifest_path(path))
    with pytest.raises(ManifestError, match=r"not done after 2 s, which is the limit"):
        bundling.bundle(Artifact.open(path), WEB, app / "model")
    assert tree(app / "model") == {}


@pytest.mark.parametrize("name", ["..", "../toy.onnx", "/etc/passwd", "a\\b", "C:x", "a\nb", ""])
def test_a_manifest_names_a_file_and_no_path(make: Make, app: Path, name: str) -> None:
    path = make()
    table = json.loads(manifest_path(path).read_text())
    manifest_path(path).write_text(json.dumps({**table, "file": name}))
    with pytest.raises(ManifestError, match="'file' must be a file's name, not"):
        Artifact.open(path)
    with pytest.raises(ManifestError, match="holds no fp16 onnx artifact"):
        bundling.pick(path.parent, WEB)


@pytest.mark.parametrize("verb", ["bundle", "info", "verify"])
@pytest.mark.parametrize("text", ["\\ud800", "a\\udfffb"])
def test_half_a_surrogate_pair_in_a_manifest_is_one_line(
    make: Make, app: Path, verb: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Case 16."""
    path = make()
    manifest_path(path).write_text(manifest_path(path).read_text().replace("Copyright (c) 2026 nobody", text))
    arguments = ["--app", "android", "--into", str(app / "model")] if verb == "bundle" else []
    assert main([verb, str(path), *arguments]) == 1
    captured = capfd.readouterr()
    assert captured.err.startswith("mobile-inpaint: toy-fp16.onnx.json: ") and captured.err.count("\n") == 1
    assert captured.err[:-1].isprintable()


def test_control_characters_do_not_reach_the_terminal(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    whose = "evil\x1b[2J\x9b\r\u202e\n(c)"
    path = make(of=Provenance("toy", "0" * 64, "MIT", whose, "a paper", "nothing"))
    assert main(["info", str(path)]) == 0
    captured = capfd.readouterr()
    assert not set("\x1b\x9b\r\u202e") & set(captured.out)
    assert "evil\\x1b[2J\\x9b\\r\\u202e" in captured.out
    assert main(["info", str(path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["manifest"]["contract"]["provenance"]["copyright"] == whose
