"""A package outside adds a family and a target without an edit here: the example package, installed as pip leaves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny_training

EXAMPLE = Path(__file__).parents[1] / "examples" / "plugin_package"
GENERATOR = """
variant = "toy-net"
overrides = { size_px = 32, channels = 4 }
"""
ASK = """
import contextlib, io, json, sys
from mobile_inpaint.cli import main

def run(*arguments):
    print("$", *arguments, file=sys.stderr, flush=True)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    assert code == 0, (arguments, code)
    return out.getvalue()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``pip install --target`` leaves it: the package, and the metadata that names its entry points."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(EXAMPLE / "src" / "toy_net", folder / "toy_net", ignore=shutil.ignore_patterns("__pycache__"))
    information = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    named = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (information / "METADATA").write_text(named, encoding="utf-8")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    ]
    (information / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    return folder


def python(site: Path, script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command: Sequence[str] = [sys.executable, "-c", ASK + script]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, check=False)


def test_both_are_listed_and_every_verb_takes_them(site: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(tiny_training.toml(GENERATOR, steps=2), encoding="utf-8")
    done = python(
        site,
        """
import numpy as np
from pathlib import Path
from PIL import Image

model = next(row for row in json.loads(run("models", "--json")) if row["name"] == "toy-net")
assert model["size_px"] == 256, model
target = next(row for row in json.loads(run("targets", "--json")) if row["name"] == "torchscript")
assert target["precisions"] == ["fp32"] and target["capabilities"] == ["contract"] and target["missing"] is None, target
assert "torchscript" in run("targets")

(made,) = json.loads(run("export", "--model", "random:toy-net", "--target", "torchscript", "--precision", "fp32", "--json"))
artifact = made["path"]
assert artifact == "artifacts/random-toy-net-fp32.torchscript"
assert made["manifest"]["verification"]["outside_max_abs_error"] == 0
assert "exact" in run("verify", artifact)
assert "torchscript, fp32" in run("info", artifact)
assert run("lint", artifact) == "lint: no rules for this format\\n"

pixels = np.random.default_rng(0).integers(0, 255, (300, 280, 3), dtype=np.uint8)
hole = np.zeros((300, 280), np.uint8)
hole[100:150, 90:160] = 255
Path("photos").mkdir()
Image.fromarray(pixels).save("photos/p.png")
Image.fromarray(hole).save("m.png")
run("fill", "photos/p.png", "--mask", "m.png", "--artifact", artifact, "--out", "o.png")
filled = np.asarray(Image.open("o.png"))
assert np.array_equal(filled[hole == 0], pixels[hole == 0]) and not np.array_equal(filled, pixels)
run("fill", "photos/p.png", "--mask", "m.png", "--model", "random:toy-net", "--out", "o2.png")

report = json.loads(run("bench", artifact, "--iterations", "1", "--warmup", "0", "--threads", "1", "--json"))
assert "torch " in json.dumps(report)
assert "model.safetensors" in run("train", "--config", "c.toml", "--photos", "photos", "--out", "run")
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


def test_all_targets_make_what_each_can(site: Path, tmp_path: Path) -> None:
    done = python(
        site,
        """
made = run("export", "--model", "random:toy-net", "--target", "all", "--precision", "fp16", "--out", "a", "--json")
names = sorted(row["manifest"]["file"] for row in json.loads(made))
assert names == [f"random-toy-net-fp16.{end}" for end in ("mlpackage", "onnx", "tflite")], names
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "skipped: target 'torchscript' has no precision 'fp16': it has fp32\n" in done.stderr


def test_its_weights_are_read_back(site: Path, tmp_path: Path) -> None:
    done = python(
        site,
        """
from pathlib import Path
import torch
from mobile_inpaint.models.registry import create_model, open_checkpoint, save_model
network, path = create_model("toy-net", seed=3, size_px=32, channels=4), Path("toy.safetensors")
save_model(network, path)
again, _ = open_checkpoint(path)
assert (again.name, again.variant) == ("toy-net", network.variant)
torch.save({"module." + key: value for key, value in network.state_dict().items()}, path.with_suffix(".pt"))
foreign, _ = open_checkpoint(path.with_suffix(".pt"))
assert foreign.name == "toy-net" and all(torch.equal(a, b) for a, b in zip(foreign.parameters(), network.parameters()))
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


def test_a_target_that_cannot_be_used_is_named_in_one_line(site: Path, tmp_path: Path) -> None:
    information = tmp_path / "broken-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n", encoding="utf-8")
    (information / "entry_points.txt").write_text("[mobile_inpaint.targets]\nx = nowhere:TARGET\n", encoding="utf-8")
    done = python(tmp_path, 'sys.exit(main(["targets"]))', tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "mobile-inpaint: entry point 'nowhere:TARGET' of mobile_inpaint.targets cannot be loaded "
        "(No module named 'nowhere'): uninstall its package\n"
    )


def test_nothing_of_this_package_names_it() -> None:
    package = Path(__file__).parents[1] / "mobile_inpaint"
    named = [path for path in package.rglob("*.py") if "toy-net" in path.read_text(encoding="utf-8").lower()]
    named += [path for path in package.rglob("*.toml") if "toy-net" in path.read_text(encoding="utf-8").lower()]
    assert not named
