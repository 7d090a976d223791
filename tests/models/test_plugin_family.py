"""A family in a package outside this one works without an edit here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "examples" / "plugin_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip leaves it: the package, and the metadata that names its entry points."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE / "src" / "toy_net", site / "toy_net")
    information = site / "mobile_inpaint_toy_net-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: mobile-inpaint-toy-net\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[mobile_inpaint.models]\ntoy-net = toy_net.family:FAMILY\n")
    return site


def run(site: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=cwd, check=False)


def test_the_entry_point_is_the_one_of_the_example() -> None:
    assert (
        '[project.entry-points."mobile_inpaint.models"]\ntoy-net = "toy_net.family:FAMILY"'
        in (PACKAGE / "pyproject.toml").read_text()
    )


def test_it_is_listed_exported_verified_and_read_back(installed: Path, tmp_path: Path) -> None:
    listed = run(installed, "-m", "mobile_inpaint", "models", "--json")
    assert listed.returncode == 0, listed.stderr
    (row,) = [row for row in json.loads(listed.stdout) if row["name"] == "toy-net"]
    assert row["size_px"] == 256

    made = run(
        installed,
        *("-m", "mobile_inpaint", "export", "--model", "random:toy-net", "--target", "onnx", "--precision", "fp32"),
        *("--out", str(tmp_path)),
    )
    assert made.returncode == 0, made.stderr
    assert "exact" in made.stdout

    script = f"""
from pathlib import Path
import torch
from mobile_inpaint.models.registry import create_model, open_checkpoint, save_model
network = create_model("toy-net", seed=3, size_px=32, channels=4)
path = Path({str(tmp_path)!r}) / "toy.safetensors"
save_model(network, path)
again, _ = open_checkpoint(path)
assert (again.name, again.variant) == ("toy-net", network.variant)
torch.save({{"module." + key: value for key, value in network.state_dict().items()}}, path.with_suffix(".pt"))
foreign, _ = open_checkpoint(path.with_suffix(".pt"))
assert foreign.name == "toy-net" and all(torch.equal(a, b) for a, b in zip(foreign.parameters(), network.parameters()))
"""
    read = run(installed, "-c", script)
    assert read.returncode == 0, read.stderr


def test_nothing_of_this_package_names_it() -> None:
    package = Path(__file__).parents[2] / "mobile_inpaint"
    assert not [path for path in package.rglob("*.py") if "toy-net" in path.read_text(encoding="utf-8")]
