"""The table "To add" is true: what it says to touch is enough, for a family, a target and a kind of device.

Each is planted in a copy of the package, which is made of links, exactly as docs/architecture.md says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOY = ROOT / "examples" / "plugin_package" / "src" / "toy_net"
TARGET = """
from mobile_inpaint.targets.base import Runner, Target


class PlantedTarget(Target):
    name = "planted-format"
    suffix = ".planted"

    def convert(self, network, contract, out):
        import torch

        side = contract.size_px
        inputs = torch.zeros(1, 3, side, side), torch.zeros(1, 1, side, side)
        torch.jit.trace(network, inputs).save(str(out))

    def load(self, path, *, threads=None):
        import torch

        network = torch.jit.load(str(path))

        def fill(image, mask):
            with torch.inference_mode():
                return network(torch.from_numpy(image), torch.from_numpy(mask)).numpy()

        return Runner(fill, "planted 1", "fp32")


TARGET = PlantedTarget()
"""
DEVICE = """
from dataclasses import replace

from mobile_inpaint.bench.devices.host import Host
from mobile_inpaint.bench.devices.registry import Attached
from mobile_inpaint.bench.measure.sensors import Sensors


class Planted(Host):
    def measure(self, candidates, plan, scene, advance):
        reports = super().measure(candidates, plan, scene, advance)
        return tuple(replace(report, machine=replace(report.machine, device="planted")) for report in reports)


def connect(name, row):
    return Planted(Sensors())


def attached():
    return (Attached("planted", "planted", "a planted one"),)
"""
ROWS = """
[kinds.planted]
target = "planted-format"
precision = "fp32"
reached_by = "being planted"

[devices.planted]
name = "Planted"
kind = "planted"
"""
SCRIPT = """
import contextlib, io, json, sys
from mobile_inpaint.cli import main

def run(*arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    assert code == 0, (arguments, code)
    return json.loads(out.getvalue())

assert "planted-net" in [row["name"] for row in run("models", "--json")]
(target,) = [row for row in run("targets", "--json") if row["name"] == "planted-format"]
assert (target["precisions"], target["capabilities"]) == (["fp32"], []), target
assert "planted" in json.dumps(run("devices", "--json"))
(made,) = run("export", "--model", "random:planted-net", "--target", "planted-format", "--precision", "fp32", "--json")
assert made["path"] == "artifacts/random-planted-net-fp32.planted"
assert run("verify", made["path"], "--json")[0]["manifest"]["verification"]["runtime"] == "planted 1"
options = ["--iterations", "1", "--warmup", "0", "--threads", "1", "--json"]
print(json.dumps(run("bench", made["path"], "--device", "planted", *options)))
"""


def table(page: str) -> dict[str, str]:
    """What a page's table "To add" says to touch, by what is added."""
    rows = re.findall(r"^\| (a [^|]+?) \| (.+) \|$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert rows, page
    return dict(rows)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package, each file a link; what is planted are files of their own."""
    copy = tmp_path / "copy" / "mobile_inpaint"
    shutil.copytree(
        ROOT / "mobile_inpaint", copy, copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__", "page")
    )
    (copy / "bench/browser/page").symlink_to(ROOT / "mobile_inpaint/bench/browser/page")
    return copy


def test_one_of_each_is_planted_by_touching_what_the_table_says(package: Path, tmp_path: Path) -> None:
    says = table("docs/architecture.md")
    assert "1 folder `models/<family>/` with `family.py`, which holds `FAMILY`" in says["a model family"]
    (package / "models/planted").mkdir()
    (package / "models/planted/__init__.py").write_text("")
    for name in ("family.py", "network.py"):
        source = (TOY / name).read_text(encoding="utf-8").replace("toy_net.", "mobile_inpaint.models.planted.")
        (package / "models/planted" / name).write_text(source.replace("toy-net", "planted-net"), encoding="utf-8")

    assert "1 folder `targets/<name>/` with `target.py`, which holds `TARGET`" in says["a target"]
    (package / "targets/planted").mkdir()
    (package / "targets/planted/__init__.py").write_text("")
    (package / "targets/planted/target.py").write_text(TARGET, encoding="utf-8")

    kind = says["a kind of device"]
    assert (
        "1 file in `bench/devices/` with `connect`" in kind and "1 row `[kinds.<name>]` in `bench/devices/devices.toml`" in kind
    )
    assert says["a phone"] == "1 row in `bench/devices/devices.toml`"
    (package / "bench/devices/planted.py").write_text(DEVICE, encoding="utf-8")
    rows = package / "bench/devices/devices.toml"
    known = rows.read_text(encoding="utf-8")
    rows.unlink()
    rows.write_text(known + ROWS, encoding="utf-8")

    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert '"device": "planted"' in json.dumps(json.loads(done.stdout))


def test_who_contributes_finds_the_table() -> None:
    assert "](docs/architecture.md#to-add)" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_file_that_the_table_names_is_there() -> None:
    says = table("docs/architecture.md")
    named = [name for touch in says.values() for name in re.findall(r"`([\w./-]+/[\w./-]*)`", touch)]
    assert len(named) > 5
    for name in named:
        assert (ROOT / "mobile_inpaint" / name).exists() or (ROOT / name).exists(), name
