"""Which files a command opens when a model's weights lie in a file beside it: none outside its folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.checkpoints.store import home

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace")
_ROOT = Path(__file__).parents[2]
_SYSTEM = ("/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/opt/", "/bin/")


def with_weights_beside(folder: Path) -> Path:
    """A model whose weights lie in ``weights.bin``."""
    tensor = numpy_helper.from_array(np.ones((3, 1, 1), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    shapes = {"image": (1, 3, 64, 64), "mask": (1, 1, 64, 64)}
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "w"], ["m"]), helper.make_node("Mul", ["m", "mask"], ["output"])],
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 3, 64, 64))],
        [tensor],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    folder.mkdir()
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    (folder / "weights.bin").write_bytes(np.ones(3, np.float32).tobytes())
    return path


def opened(cwd: Path, log: Path, *words: str | Path) -> tuple[subprocess.CompletedProcess[str], set[Path]]:
    """What was opened with success, beside the system's files, Python's and ours; and what the command said."""
    program = [sys.executable, "-B", "-m", "mobile_inpaint", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    trace = ["strace", "-f", "-y", "-qq", "-e", "trace=open,openat,openat2,creat", "-o", str(log)]
    done = subprocess.run([*trace, *program], capture_output=True, text=True, cwd=cwd, env=environment, timeout=300)
    known = (sys.prefix + "/", sys.base_prefix + "/", str(_ROOT) + "/", *_SYSTEM)
    paths = (Path(match[1]) for match in re.finditer(r" = \d+<([^>]*)>$", log.read_text(errors="replace"), re.MULTILINE))
    return done, {path for path in paths if not str(path).startswith(known) and not path.is_dir()}


@pytest.mark.parametrize("verb", [("lint",), ("bench", "--iterations", "2", "--warmup", "1")])
def test_a_foreign_file(tmp_path: Path, verb: tuple[str, ...]) -> None:
    path, cwd = with_weights_beside(tmp_path / "model"), tmp_path / "cwd"
    cwd.mkdir()
    (cwd / "weights.bin").write_bytes(bytes(12))
    done, found = opened(cwd, tmp_path / "trace.txt", verb[0], path, *verb[1:])
    assert done.returncode == 0, done.stderr
    assert path in found and path.with_name("weights.bin") in found, "the trace sees files"
    assert outside(found, path.parent) <= _ours()


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_an_artifact(small_artifacts: dict[str, Artifact], small_checkpoint: Path, tmp_path: Path, verb: str) -> None:
    """Its weights have been put into a file beside it."""
    folder, cwd = tmp_path / "model", tmp_path / "cwd"
    folder.mkdir()
    cwd.mkdir()
    source = small_artifacts["onnx"].path
    path = folder / source.name
    model = onnx.load(source)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=64)
    manifest = source.with_name(source.name + ".json").read_text()
    table = json.loads(manifest)
    table["sha256"], table["bytes"] = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    path.with_name(path.name + ".json").write_text(json.dumps(table))
    words = ["--model", str(small_checkpoint)] if verb == "verify" else []
    done, found = opened(cwd, tmp_path / "trace.txt", verb, path, *words)
    assert done.returncode == 0, done.stderr
    assert path in found
    assert outside(found, folder) <= {*_ours(), small_checkpoint}


def outside(found: set[Path], folder: Path) -> set[Path]:
    """What lies neither in the folder nor in the repository of this checkout, which bench asks for its commit."""
    git = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True, cwd=_ROOT, check=False)
    repository = (_ROOT / git.stdout.strip()).resolve() if git.returncode == 0 else folder
    return {each for each in found if not each.is_relative_to(folder) and not each.is_relative_to(repository)}


def _ours() -> set[Path]:
    """What the weights store holds."""
    return {each for each in home().rglob("*") if each.is_file()}
