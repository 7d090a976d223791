"""bundle removes nothing that it did not bundle, whatever ``bundle.json`` and the app's folder hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from app_folder import BUNDLED, WEB, Make, names, tree

from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ExportError


@pytest.mark.parametrize(
    "named",
    [
        "..",
        ".",
        "",
        "/",
        "../keep",
        "../keep/file",
        "ABSOLUTE",
        "keep/../../keep",
        "..\\keep",
        "C:keep",
        "notes.txt",
        "folder",
        "link.onnx",
        "link.mlpackage",
        "bundle.json\n",
        "\ud800",
        "x" * 300,
        3,
        None,
        True,
        ["notes.txt"],
        {"artifact": "notes.txt"},
    ],
)
@pytest.mark.parametrize("key", ["artifact", "replaces"])
def test_an_index_cannot_make_it_remove_anything(make: Make, app: Path, key: str, named: object) -> None:
    """Case 01, in both places where a name may stand."""
    model = app / "model"
    (model / "notes.txt").write_text("mine")
    (model / "folder").mkdir()
    (model / "folder" / "file").write_text("mine")
    (model / "link.onnx").symlink_to(app / "keep" / "file")
    (model / "link.mlpackage").symlink_to(app / "keep")
    for name in ("notes.txt", "folder", "link.onnx", "link.mlpackage"):  # manifests that claim them
        shutil.copyfile(make().with_name("toy-fp16.onnx.json"), model / f"{name}.json")
        table = json.loads((model / f"{name}.json").read_text())
        (model / f"{name}.json").write_text(json.dumps({**table, "file": name}))
    named = str(app / "keep") if named == "ABSOLUTE" else named
    index = {"artifact": named} if key == "artifact" else {"artifact": "gone.onnx", "replaces": [named]}
    (model / "bundle.json").write_text(json.dumps(index))
    before = tree(app)
    assert main(["bundle", str(make()), "--app", "android", "--into", str(model)]) == 0
    after = tree(app)
    assert {name: after.get(name) for name in before if name != "model/bundle.json"} == {
        name: content for name, content in before.items() if name != "model/bundle.json"
    }
    assert set(after) - set(before) == {f"model/{name}" for name in BUNDLED - {"bundle.json"}}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '"toy.onnx"', "null", "[" * 100_000, '{"artifact": 1e999}', "9" * 5000, '{"replaces": 3}', "\xff"]
)
def test_an_index_that_is_none(make: Make, app: Path, text: str) -> None:
    (app / "model" / "bundle.json").write_bytes(text.encode("latin-1"))
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert names(app / "model") == BUNDLED


def test_an_index_that_is_a_link_or_a_folder(make: Make, app: Path) -> None:
    (app / "model" / "bundle.json").symlink_to(app / "keep" / "file")
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert (app / "keep" / "file").read_text() == "precious"
    (app / "model" / "bundle.json").unlink()
    (app / "model" / "bundle.json").mkdir()
    with pytest.raises(ExportError, match=r"bundle\.json: a folder of that name is there; move it away"):
        bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert names(app / "model") == BUNDLED


def test_a_file_of_the_user_is_not_the_artifact_that_its_manifest_describes(make: Make, app: Path) -> None:
    bundling.bundle(Artifact.open(make("old-fp16.onnx")), WEB, app / "model")
    (app / "model" / "old-fp16.onnx").write_bytes(b"changed by hand")
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert (app / "model" / "old-fp16.onnx").read_bytes() == b"changed by hand"


def test_what_a_kill_left_of_older_artifacts_goes_with_the_next_call(make: Make, app: Path) -> None:
    bundling.bundle(Artifact.open(make("old-fp16.onnx")), WEB, app / "model")
    bundling.bundle(Artifact.open(make("older-fp16.onnx")), WEB, app / "model")
    for name in ("old-fp16.onnx", "old-fp16.onnx.json"):
        shutil.copyfile(make("old-fp16.onnx").with_name(name), app / "model" / name)
    (app / "model" / "older-fp16.onnx").unlink()  # killed between an artifact and its manifest
    index = {"artifact": "older-fp16.onnx", "replaces": ["old-fp16.onnx", "older-fp16.onnx"]}
    (app / "model" / "bundle.json").write_text(json.dumps(index))
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert names(app / "model") == BUNDLED
