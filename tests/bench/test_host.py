from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint.bench.devices.host import Host
from mobile_inpaint.bench.devices.registry import connect
from mobile_inpaint.bench.measure import cold_start
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.pipeline import synthetic_scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.sensors import Sensors
from mobile_inpaint.bench.measure.workload import example, load
from mobile_inpaint.bench.record import store as record
from mobile_inpaint.bench.report.latency_report import LatencyReport, Thermal
from mobile_inpaint.errors import BenchError, DeviceUnavailable, ManifestError

PLAN = Plan(threads=1, warmup=1, iterations=4, cold_starts=1, command="mobile-inpaint bench")


def measure(*files: Path, plan: Plan = PLAN) -> tuple[LatencyReport, ...]:
    return connect("host").measure([Candidate(file) for file in files], plan, None, lambda done, total: None)


def test_an_artifact_and_a_foreign_file_in_turn(toy_artifact: Path, toy_tflite: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    ours, theirs = connect("host").measure(
        [Candidate(toy_artifact), Candidate(toy_tflite)], PLAN, None, lambda done, total: steps.append((done, total))
    )
    assert steps == [(i + 1, 7) for i in range(7)]
    assert (ours.subject.network, ours.subject.precision, ours.subject.size_px) == ("migan-toy", "fp32", 32)
    assert ours.subject.inputs == {"image": "float32 1x3x32x32", "mask": "float32 1x1x32x32"}
    assert (theirs.subject.network, theirs.subject.size_px) == (None, None)
    assert list(theirs.subject.inputs.values()) == ["float32 1x3x16x16"]
    assert ours.in_turn_with == ("toy.tflite",) and theirs.in_turn_with == ("toy-fp32.onnx",)
    assert ours.date == theirs.date
    assert ours.runtime.startswith("onnxruntime ") and theirs.runtime.startswith("ai-edge-litert ")
    for report in (ours, theirs):
        assert (len(report.warmup_ms), len(report.times_ms), len(report.cold_starts)) == (1, 4, 1)
        assert min(report.times_ms) > 0
        assert report.timed == "completion"
        assert report.threads == 1 and report.accelerator == "cpu"
        assert report.machine.device == "host" and report.machine.cores >= 1 and report.machine.chip
        assert report.packages["python"] == sys.version.split()[0]
        assert report.command == "mobile-inpaint bench"
        (start,) = report.cold_starts
        assert start.load_ms > 0 and start.first_ms > 0
        if sys.platform == "linux":
            assert start.peak_bytes is not None and 100_000 < start.peak_bytes < 500_000_000
            assert start.retained_bytes is not None and start.retained_bytes <= start.peak_bytes
        assert start.compile_ms is None
        assert report.thermal is not None and report.thermal.waited_s < 300


def test_one_file_by_two_runtimes(toy_artifact: Path, tmp_path: Path) -> None:
    candidates = [Candidate(toy_artifact), Candidate(toy_artifact, "openvino")]
    own, other = connect("host").measure(candidates, PLAN, None, lambda done, total: None)
    assert (own.subject.name, other.subject.name) == ("toy-fp32.onnx", "toy-fp32.onnx@openvino")
    assert own.subject.sha256 == other.subject.sha256 and other.in_turn_with == ("toy-fp32.onnx",)
    assert own.runtime.startswith("onnxruntime ") and other.runtime.startswith("openvino ")
    assert other.computes_in == "fp32" and other.timed == "completion" and other.packages["openvino"]
    assert len({path.name for path in record.add(tmp_path, (own, other))}) == 2
    outputs = [load(one, 1).run(0) for one in candidates]
    assert np.allclose(*outputs, atol=1e-5)


def test_memory_is_that_of_the_file_and_not_of_this_process(foreign_onnx: Callable[..., Path]) -> None:
    held = np.ones(300_000_000, np.uint8)  # inherited by getrusage in a child, which is why it is not asked
    small = foreign_onnx("small.onnx", [1, 3, 8, 8])
    large = foreign_onnx("large.onnx", [1, 4, 1024, 1024])
    little, much = measure(small, large)
    assert held.any()
    if sys.platform == "linux":
        assert little.peak_mb is not None and much.peak_mb is not None
        assert little.peak_mb < 60
        assert much.peak_mb - little.peak_mb > 2 * 16.7  # input and output of 16.8 MB each


def test_an_output_that_never_changes_is_called_a_dispatch(constant_onnx: Path) -> None:
    (report,) = measure(constant_onnx)
    assert report.timed == "dispatch"
    assert any("did not change" in warning for warning in report.warnings)


def test_free_dimensions_are_settled_and_said(foreign_onnx: Callable[..., Path]) -> None:
    (report,) = measure(foreign_onnx("free.onnx", ["batch", 1, "height", "width"]))
    assert report.subject.inputs == {"x": "float32 1x1x512x512"}
    assert "dimensions that the file leaves free were set: batch = 1, height = 512, width = 512" in report.warnings


def test_a_foreign_file_has_no_pipeline_and_says_why(foreign_onnx: Callable[..., Path]) -> None:
    path = foreign_onnx("x.onnx", [1, 2])
    (report,) = connect("host").measure([Candidate(path)], PLAN, synthetic_scene(64, 48, 8), lambda done, total: None)
    assert report.pipeline is None
    assert any(warning.startswith("no pipeline") for warning in report.warnings)


def test_a_damaged_artifact_is_refused(toy_artifact: Path, tmp_path: Path) -> None:
    for file in (toy_artifact, toy_artifact.with_name(toy_artifact.name + ".json")):
        shutil.copy(file, tmp_path)
    damaged = tmp_path / toy_artifact.name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    with pytest.raises(ManifestError, match="its bytes are not those"):
        measure(damaged)


@pytest.mark.parametrize("name", ["a.onnx", "a.tflite"])
def test_a_damaged_foreign_file_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not a model" * 100)
    with pytest.raises(ManifestError, match=rf"{name}: (not an? \w+ file|.* cannot read it)") as caught:
        measure(path)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_run_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no such file"):
        measure(tmp_path / "absent.onnx")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(BenchError, match=r"\.onnx, \.tflite"):
        measure(tmp_path / "a.txt")
    (tmp_path / "a.mlpackage").mkdir()
    if sys.platform != "darwin":
        with pytest.raises(DeviceUnavailable, match="only macOS runs Core ML"):
            measure(tmp_path / "a.mlpackage")


def test_more_threads_are_given_to_the_runtime(toy_artifact: Path) -> None:
    one, two = load(Candidate(toy_artifact), 1).run(0), load(Candidate(toy_artifact), 2).run(0)
    assert np.allclose(one, two, atol=1e-5)


@pytest.mark.parametrize("size_px", [8, 31, 64])
def test_example_images_differ_and_stay_in_range(size_px: int) -> None:
    first, second = example(size_px, 0), example(size_px, 1)
    assert first.shape == (1, 3, size_px, size_px) and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1
    assert not np.array_equal(first, second) and np.array_equal(first, example(size_px, 0))


def test_it_begins_when_the_machine_is_cool_and_says_how_warm_it_was(toy_tflite: Path, tmp_path: Path) -> None:
    for name, text in (
        ("class/thermal/thermal_zone0/temp", "81000"),
        ("devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5"),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    hot = Host(Sensors(tmp_path))
    plan = replace(PLAN, cold_starts=0, cooldown_s=0)
    (report,) = hot.measure([Candidate(toy_tflite)], plan, None, lambda done, total: None)
    assert report.thermal == Thermal(81.0, 81.0, 75.0, report.thermal.waited_s if report.thermal else 0, throttled=0)
    assert any(warning.startswith("warm: 81 °C after 0 s") for warning in report.warnings)
    (report,) = hot.measure([Candidate(toy_tflite)], replace(plan, max_temp_c=90), None, lambda done, total: None)
    assert report.thermal is not None and report.thermal.limit_c == 90
    assert not any(warning.startswith("warm") for warning in report.warnings)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_does_not_reach_a_process_that_is_still_importing() -> None:
    with cold_start._born_without_interrupts():
        process = subprocess.Popen(["sleep", "60"])
    try:
        blocked = re.search(r"^SigBlk:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text(), re.M)
        assert blocked and int(blocked[1], 16) & 1 << (signal.SIGINT - 1)
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        process.kill()
        process.wait()
