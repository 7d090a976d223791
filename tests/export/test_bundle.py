"""bundle puts what is verified into an app, whole, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Manifest,
    Provenance,
    TensorSpec,
    Verification,
    manifest_path,
    sha256_of,
    size_of,
)
from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.bench.candidate import Candidate
from mobile_inpaint.bench.workload import subject_of
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ExportError, ManifestError, ModelNotFound
from mobile_inpaint.export import bundle as bundling
from mobile_inpaint.models import open_checkpoint
from mobile_inpaint.photo.compositor import Compositor

Make = Callable[..., Path]
WEB = bundling.get_app("web")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes an artifact of bytes that nothing can run."""

    toy = Provenance("toy", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "a paper", "nothing")

    def write(
        name: str = "toy-fp16.onnx", target: str = "onnx", content: bytes = b"network", of: Provenance = toy, **changes: Any
    ) -> Path:
        path = tmp_path / "artifacts" / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".mlpackage":
            (path / "Data").mkdir(parents=True)
            (path / "Data" / "weights.bin").write_bytes(content)
        else:
            path.write_bytes(content)
        image = TensorSpec("image", "NCHW", (1, 3, 16, 16), "float32", 0.0, 1.0, "RGB")
        contract = Contract("toy", target, "fp16", 16, (image,), image, of, {})
        verification = Verification("a runtime", "fp32", ("photo",), (70.0,), 55.0, 0.01, 0.0, 5.0)
        numbers = Compositor(16).numbers()
        manifest = Manifest(path.name, sha256_of(path), size_of(path), contract, {}, 1.0, numbers, verification)
        dataclasses.replace(manifest, **changes).save(manifest_path(path))
        return path

    return write


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_artifact_manifest_notices_and_index(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    files = bundling.bundle(Artifact.open(make()), WEB, folder)
    assert (
        _names(folder) == {file.name for file in files} == {"toy-fp16.onnx", "toy-fp16.onnx.json", "NOTICES.txt", "bundle.json"}
    )
    assert Artifact.open(folder / "toy-fp16.onnx").manifest.contract.model == "toy"
    assert json.loads((folder / "bundle.json").read_text()) == {"artifact": "toy-fp16.onnx"}
    notices = (folder / "NOTICES.txt").read_text()
    assert all(part in notices for part in ("Copyright (c) 2026 nobody", "Permission is hereby granted", "Microsoft", "Apache"))
    assert bundling.bundled(folder) == folder / "toy-fp16.onnx"


def test_the_one_before_goes_and_all_else_stays(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "README.md").write_text("mine")
    bundling.bundle(Artifact.open(make("old-fp16.onnx")), WEB, folder)
    bundling.bundle(Artifact.open(make("new-fp16.onnx", content=b"other")), WEB, folder)
    assert _names(folder) == {"README.md", "new-fp16.onnx", "new-fp16.onnx.json", "NOTICES.txt", "bundle.json"}


def test_a_folder_is_an_artifact_too(make: Make, tmp_path: Path) -> None:
    ios, folder = bundling.get_app("ios"), tmp_path / "app"
    package = make("toy-fp16.mlpackage", "coreml")
    for _ in range(2):
        bundling.bundle(Artifact.open(package), ios, folder)
    assert (folder / "toy-fp16.mlpackage" / "Data" / "weights.bin").read_bytes() == b"network"
    assert "Microsoft" not in (folder / "NOTICES.txt").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verification": None}, "toy-fp16.onnx: it is not verified"),
        ({"compositor": {}}, "its compositor is for another size"),
        ({"sha256": "f" * 64}, "its bytes are not those its manifest describes"),
        ({"file": "other.onnx"}, "describes 'other.onnx'"),
    ],
)
def test_what_is_refused_leaves_nothing(make: Make, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        bundling.bundle(Artifact.open(make(**changes)), WEB, tmp_path / "app")
    assert not (tmp_path / "app").exists()


def test_random_weights_are_timed_and_never_bundled(make: Make, tmp_path: Path) -> None:
    generator, provenance = open_checkpoint("random:migan-256")
    assert generator.resolution == 256 and provenance.timing_only
    with pytest.raises(ModelNotFound, match="migan-257"):
        open_checkpoint("random:migan-257")
    artifact = Artifact.open(make(of=provenance))
    assert subject_of(Candidate(artifact.path), artifact.manifest).timing_only
    with pytest.raises(ManifestError, match="its weights are random, and may be timed but not carried by an app"):
        bundling.bundle(artifact, WEB, tmp_path / "app")
    assert not (tmp_path / "app").exists()


def test_a_format_that_the_app_does_not_run(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="this app runs onnx, not tflite"):
        bundling.bundle(Artifact.open(make("toy.tflite", "tflite")), WEB, tmp_path / "app")


def test_a_damaged_copy_replaces_nothing(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "app"
    bundling.bundle(Artifact.open(make()), WEB, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    fresh = Artifact.open(make(content=b"fresh"))
    monkeypatch.setattr(bundling.shutil, "copyfile", lambda source, place: place.write_bytes(b"cut off"))
    with pytest.raises(ExportError, match="the copy differs"):
        bundling.bundle(fresh, WEB, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_picking(make: Make) -> None:
    half, full = make(), make("toy-fp32.onnx", content=b"larger")
    make("toy-fp16.tflite", "tflite", content=b"lite")
    (half.parent / "notes.json").write_text("{}")
    assert bundling.pick(half.parent, WEB).path == half
    digests = [sha256_of(half.parent / "toy-fp16.tflite"), sha256_of(full), sha256_of(half)]
    assert bundling.pick(half.parent, WEB, digests).path == full, "the first that the app runs"
    assert bundling.pick(half.parent, bundling.get_app("android"), digests).path.suffix == ".tflite"
    with pytest.raises(ManifestError, match="no coreml artifact that was measured"):
        bundling.pick(half.parent, bundling.get_app("ios"), digests)
    with pytest.raises(ManifestError, match="no fp16 coreml artifact"):
        bundling.pick(half.parent, bundling.get_app("ios"))


def test_the_command(make: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, folder = make(), tmp_path / "app" / "model"
    arguments = ["bundle", str(path), "--app", "android", "--into", str(folder), "--json"]
    assert main(arguments) == 0
    assert json.loads(capfd.readouterr().out)["artifact"] == "toy-fp16.onnx"
    for wrong, message in (
        (["--app", "windows"], "unknown app 'windows': there are android, ios, web"),
        (["--app", "ios", "--into", str(folder)], "this app runs coreml, not onnx"),
        (["--app", "android", "--device-class", "phone-mid"], "picks out of a folder"),
    ):
        assert main(["bundle", str(path), *wrong]) == 1
        captured = capfd.readouterr()
        assert message in captured.err and captured.err.count("\n") == 1
    if runtimes.are_here():
        assert main(["bundle", str(path), "--app", "web", "--into", str(folder)]) == 0
        assert (folder.parent / "runtimes" / runtimes.ONNX_FILES[0]).is_file()
