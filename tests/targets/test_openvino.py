from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mobile_inpaint import load_artifact
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import BenchError, DeviceUnavailable, ManifestError
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.targets.onnx import openvino

HAS_BF16 = Path("/proc/cpuinfo").exists() and " avx512_bf16 " in Path("/proc/cpuinfo").read_text()


@pytest.fixture(scope="module", params=["fp32", "fp16"])
def artifact(request: pytest.FixtureRequest, small_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return ExportSession(small_prepared).export("onnx", request.param, tmp_path_factory.mktemp("openvino"))


def _psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((one.astype(np.float64) - other) ** 2)))


def _scene(size_px: int = 64) -> dict[str, np.ndarray]:
    mask = np.zeros((1, 1, size_px, size_px), np.float32)
    mask[..., size_px // 4 : -size_px // 4, size_px // 4 : -size_px // 4] = 1
    return {"image": np.random.default_rng(5).random((1, 3, size_px, size_px), np.float32), "mask": mask}


def test_it_fills_as_onnx_runtime_does(artifact: Artifact) -> None:
    runner = openvino.load(artifact.path, "openvino", threads=1)
    assert runner.runtime.startswith("openvino 20") and runner.computes_in == "fp32"
    assert {one.name: one.shape for one in runner.inputs} == {"image": (1, 3, 64, 64), "mask": (1, 1, 64, 64)}
    scene = _scene()
    hole = np.broadcast_to(scene["mask"] > 0, scene["image"].shape)
    output, expected = runner.run(scene), load_artifact(artifact.path)(scene["image"], scene["mask"])
    assert _psnr_db(output[hole], expected[hole]) > 100
    assert np.array_equal(output[~hole], scene["image"][~hole])
    again = runner.run(scene | {"mask": 1 - scene["mask"]})
    assert not np.array_equal(again, output), "the first output lies in memory that the second run wrote to"


_FILL_IN_BF16 = """
import sys, numpy as np
from pathlib import Path
from mobile_inpaint.errors import DeviceUnavailable
from mobile_inpaint.targets.onnx import openvino
try:
    runner = openvino.load(Path(sys.argv[1]), "openvino-bf16", threads=1)
except DeviceUnavailable as error:
    sys.exit(str(error))
assert runner.computes_in == "bf16"
np.save(sys.argv[3], runner.run(dict(np.load(sys.argv[2]))))
"""


def test_bf16_stays_close_to_fp32(artifact: Artifact, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    scene, given, filled = _scene(), tmp_path / "scene.npz", tmp_path / "filled.npy"
    np.savez(given, **scene)
    # without AMX, which some virtual machines announce and cannot run; in a process of its own, for it is read once
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}
    command = [sys.executable, "-c", _FILL_IN_BF16, str(artifact.path), str(given), str(filled)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not HAS_BF16:
        assert (answer.returncode, answer.stderr) == (1, f"{openvino.NO_BF16}\n")
        return
    assert answer.returncode == 0, answer.stderr
    expected = openvino.load(artifact.path, "openvino", threads=1).run(scene)
    hole = np.broadcast_to(scene["mask"] > 0, expected.shape)
    psnr_db = _psnr_db(np.load(filled)[hole], expected[hole])
    record_property("bf16_in_hole_psnr_db", round(psnr_db, 1))
    assert 35 < psnr_db < 90  # more than 90 dB would be float32


def test_bf16_runs_or_says_in_one_line_why_not(artifact: Artifact) -> None:
    try:
        runner = openvino.load(artifact.path, "openvino-bf16", threads=1)
    except DeviceUnavailable as error:
        assert str(error).startswith("openvino-bf16: ") and str(error).endswith("@openvino") and "\n" not in str(error)
    else:
        assert runner.computes_in == "bf16" and np.isfinite(runner.run(_scene())).all()


def _save(path: Path, shape: list[int | str], op: str = "Identity") -> Path:
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"])], "foreign", *ends)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def test_importing_it_tells_nobody() -> None:
    script = (
        "import os, sys\nfrom mobile_inpaint.targets.onnx.openvino import import_quietly\n"
        "os.register_at_fork(before=sys.exit)\n"
    )
    script += "import_quietly()\nassert not any(name.startswith('openvino_telemetry.') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_foreign_file_with_free_dimensions(tmp_path: Path) -> None:
    runner = openvino.load(_save(tmp_path / "a.onnx", ["n", 2, "side", "side"], "Relu"), "openvino", threads=1)
    (one,) = runner.inputs
    assert (one.shape, one.dtype, one.free) == (
        (1, 2, 512, 512),
        "float32",
        {"x[0]": 1, "x[2]": 512, "x[3]": 512},
    )
    given = np.random.default_rng(0).standard_normal(one.shape, np.float32)
    assert np.array_equal(runner.run({"x": given}), given.clip(0))


def test_what_openvino_cannot_read_or_run_is_said_in_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    with pytest.raises(ManifestError, match=r"^damaged\.onnx: not an ONNX file"):
        openvino.load(damaged, "openvino")
    _save(damaged, [1, 8], "NoSuchOperation")
    with pytest.raises(ManifestError, match=r"^damaged\.onnx: OpenVINO cannot read it \(.*\)$"):
        openvino.load(damaged, "openvino")
    runner = openvino.load(_save(tmp_path / "a.onnx", [1, 8]), "openvino", threads=1)
    with pytest.raises(BenchError, match=r"^a\.onnx: cannot run on these inputs \(.*\)$"):
        runner.run({"x": np.zeros((2, 2, 2), np.float32)})
