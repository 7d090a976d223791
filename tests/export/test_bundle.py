"""bundle puts what is verified into an app, whole, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from planted import onnx_file

from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Manifest,
    Precision,
    Provenance,
    Verification,
    manifest_path,
    sha256_of,
    size_of,
)
from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.workload import subject_of
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ExportError, ManifestError, ModelNotFound
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.registry import get_target

Make = Callable[..., Path]
WEB = bundling.get_app("web")
SIDE = 64


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes an artifact that fills with grey; only an ``.onnx`` file can be run, others are bytes to be told apart."""

    toy = Provenance("toy", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "a paper", "nothing")

    def write(
        name: str = "toy-fp16.onnx",
        target: str = "onnx",
        content: bytes = b"network",
        of: Provenance = toy,
        side: int = SIDE,
        **changes: Any,
    ) -> Path:
        path = tmp_path / "artifacts" / name
        path.parent.mkdir(exist_ok=True)
        precision: Precision = "fp32" if "fp32" in name else "fp16"
        contract = Contract("toy", target, precision, side, *get_target(target).tensors(side), of, {})
        ops: dict[str, int] = {}
        if target == "onnx":
            nodes = [("Sub", ["one", "mask"], "known"), ("Mul", ["image", "known"], "holed")]
            nodes += [("Mul", ["mask", "half"], "grey"), ("Add", ["holed", "grey"], "output")]
            constants = {"one": np.float32(1), "half": np.float32(0.5)}
            onnx_file(path, nodes, {"image": (1, 3, side, side), "mask": (1, 1, side, side)}, constants)
            model = onnx.load(path)
            model.doc_string = content.decode()
            onnx.helper.set_model_props(model, {"mobile_inpaint": contract.to_json()})
            onnx.save(model, path)
            ops = get_target(target).ops(path)
        else:
            path.write_bytes(content)
        verification = Verification("a runtime", "fp32", ("photo",), (70.0,), 55.0, 0.01, 0.0, 5.0)
        numbers = Compositor(side).numbers()
        manifest = Manifest(path.name, sha256_of(path), size_of(path), contract, ops, 1.0, numbers, verification)
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


def test_a_folder_is_an_artifact_too(small_artifacts: dict[str, Artifact], tmp_path: Path) -> None:
    ios, folder, package = bundling.get_app("ios"), tmp_path / "app", small_artifacts["coreml"]
    for _ in range(2):
        bundling.bundle(package, ios, folder)
    assert _names(folder) == {"toy-fp32.mlpackage", "toy-fp32.mlpackage.json", "NOTICES.txt", "bundle.json"}
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


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """``app/model`` in an app with a file of the user's."""
    (tmp_path / "app" / "keep").mkdir(parents=True)
    (tmp_path / "app" / "keep" / "file").write_text("precious")
    (tmp_path / "app" / "model").mkdir()
    return tmp_path / "app"


def _tree(folder: Path) -> dict[str, bytes | str | None]:
    """Everything under ``folder``, links as what they point to."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = content
    return found


_BUNDLED = {"toy-fp16.onnx", "toy-fp16.onnx.json", "NOTICES.txt", "bundle.json"}


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
    before = _tree(app)
    assert main(["bundle", str(make()), "--app", "android", "--into", str(model)]) == 0
    after = _tree(app)
    assert {name: after.get(name) for name in before if name != "model/bundle.json"} == {
        name: content for name, content in before.items() if name != "model/bundle.json"
    }
    assert set(after) - set(before) == {f"model/{name}" for name in _BUNDLED - {"bundle.json"}}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '"toy.onnx"', "null", "[" * 100_000, '{"artifact": 1e999}', "9" * 5000, '{"replaces": 3}', "\xff"]
)
def test_an_index_that_is_none(make: Make, app: Path, text: str) -> None:
    (app / "model" / "bundle.json").write_bytes(text.encode("latin-1"))
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert _names(app / "model") == _BUNDLED


def test_an_index_that_is_a_link_or_a_folder(make: Make, app: Path) -> None:
    (app / "model" / "bundle.json").symlink_to(app / "keep" / "file")
    bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert (app / "keep" / "file").read_text() == "precious"
    (app / "model" / "bundle.json").unlink()
    (app / "model" / "bundle.json").mkdir()
    with pytest.raises(ExportError, match=r"bundle\.json: a folder of that name is there; move it away"):
        bundling.bundle(Artifact.open(make()), WEB, app / "model")
    assert _names(app / "model") == _BUNDLED


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
    assert _names(app / "model") == _BUNDLED


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
    before = _tree(app)
    for verb in (["bundle", "--app", "ios", "--into", str(app / "model")], ["info"], ["verify"]):
        assert main([verb[0], str(package), *verb[1:]]) == 1
        assert capfd.readouterr().err.count("\n") == 1
    assert _tree(app) == before


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
    before = _tree(app)
    assert main(["bundle", str(path), "--app", into, "--into", str(app / "model")]) == 1
    captured = capfd.readouterr()
    assert captured.err.startswith(f"mobile-inpaint: {path.name}") and captured.err.count("\n") == 1
    assert _tree(app) == before


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
    assert _tree(app / "model") == {}


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
    assert _tree(app / "model") == {}


@pytest.mark.parametrize("name", ["..", "../toy.onnx", "/etc/passwd", "a\\b", "C:x", "a\nb", ""])
def test_a_manifest_names_a_file_and_no_path(make: Make, app: Path, name: str) -> None:
    path = make()
    table = json.loads(manifest_path(path).read_text())
    manifest_path(path).write_text(json.dumps({**table, "file": name}))
    with pytest.raises(ManifestError, match="'file' must be a file's name, not"):
        Artifact.open(path)
    with pytest.raises(ManifestError, match="holds no fp16 onnx artifact"):
        bundling.pick(path.parent, WEB)


def test_picking_ignores_what_lies_in_the_wrong_place(make: Make, tmp_path: Path) -> None:
    path = make()
    path.with_name("other.json").write_bytes(manifest_path(path).read_bytes())
    os.mkfifo(path.with_name("pipe.json"))
    path.with_name("link.json").symlink_to("nowhere")
    path.with_name("folder.json").mkdir()
    assert bundling.pick(path.parent, WEB).path == path


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
