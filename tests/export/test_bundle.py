"""bundle puts what is verified into an app, whole, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from app_folder import WEB, Make, names

from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import Artifact, manifest_path, sha256_of
from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.workload import subject_of
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ExportError, ManifestError, ModelNotFound
from mobile_inpaint.models.registry import open_checkpoint


def test_artifact_manifest_notices_and_index(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    files = bundling.bundle(Artifact.open(make()), WEB, folder)
    assert (
        names(folder) == {file.name for file in files} == {"toy-fp16.onnx", "toy-fp16.onnx.json", "NOTICES.txt", "bundle.json"}
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
    assert names(folder) == {"README.md", "new-fp16.onnx", "new-fp16.onnx.json", "NOTICES.txt", "bundle.json"}


def test_a_folder_is_an_artifact_too(small_artifacts: dict[str, Artifact], tmp_path: Path) -> None:
    ios, folder, package = bundling.get_app("ios"), tmp_path / "app", small_artifacts["coreml"]
    for _ in range(2):
        bundling.bundle(package, ios, folder)
    assert names(folder) == {"toy-fp32.mlpackage", "toy-fp32.mlpackage.json", "NOTICES.txt", "bundle.json"}
    assert sha256_of(folder / "toy-fp32.mlpackage") == package.manifest.sha256
    assert "Microsoft" not in (folder / "NOTICES.txt").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verification": None}, "toy-fp16.onnx: it is not verified"),
        ({"compositor": {}}, "its compositor is for another size"),
        ({"side": 48}, "its network takes 48 pixels a side, not 64 to 4096"),
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


def test_picking_ignores_what_lies_in_the_wrong_place(make: Make, tmp_path: Path) -> None:
    path = make()
    path.with_name("other.json").write_bytes(manifest_path(path).read_bytes())
    os.mkfifo(path.with_name("pipe.json"))
    path.with_name("link.json").symlink_to("nowhere")
    path.with_name("folder.json").mkdir()
    assert bundling.pick(path.parent, WEB).path == path


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


def test_only_a_folder_of_runtime_files_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "runtimes"
    runtimes.check_place(place)
    (place / runtimes.ONNX_FILES[0]).parent.mkdir(parents=True)
    (place / runtimes.ONNX_FILES[0]).write_text("an older one")
    runtimes.check_place(place)
    (place / "mine.txt").write_text("precious")
    with pytest.raises(ExportError, match=r"mine\.txt: not a file of the web app's runtime"):
        runtimes.check_place(place)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ExportError, match="link: not a folder"):
        runtimes.check_place(tmp_path / "link")
