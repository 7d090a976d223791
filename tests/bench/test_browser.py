"""With the real Chromium and the real runtimes; without either, skipped with the reason."""

from __future__ import annotations

import dataclasses
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mobile_inpaint.artifact import Contract, Manifest, Provenance, manifest_path, sha256_of, size_of
from mobile_inpaint.bench.browser import chromium, job, runtimes
from mobile_inpaint.bench.devices import browser
from mobile_inpaint.bench.devices.registry import attached, connect, find_device, kind_of
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.pipeline import synthetic_scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.record import store as record
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.targets.registry import get_target

SIZE_PX = 64
PLAN = Plan(threads=2, warmup=1, iterations=4, cold_starts=1, command="mobile-inpaint bench")

needs_runtimes = pytest.mark.skipif(not runtimes.are_here(), reason=f"the page's runtimes are not here: {runtimes.FETCH}")
needs_chromium = pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed")


class Blur(torch.nn.Module):
    """Fills the hole with a blur of what is round it."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = torch.nn.Conv2d(4, 3, 7, padding=3)

    def predict(self, holed: torch.Tensor) -> torch.Tensor:
        return self.blur(holed)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        known = image * (1 - mask)
        return known + self.predict(torch.cat([mask, known], 1)).clamp(0, 1) * mask


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One network of 64 px as an ONNX and a TFLite artifact."""
    folder = tmp_path_factory.mktemp("browser")
    torch.manual_seed(0)
    network = Blur().eval()
    onnx, tflite = (_convert(network, name, folder) for name in ("onnx", "tflite"))
    return onnx, tflite


def _convert(network: torch.nn.Module, name: str, folder: Path) -> Path:
    target = get_target(name)
    path = folder / f"blur-fp32{target.suffix}"
    inputs, output = target.tensors(SIZE_PX)
    provenance = Provenance("blur", "0" * 64, "none", "none", "none", "nothing")
    contract = Contract("migan-toy", name, "fp32", SIZE_PX, inputs, output, provenance, {})
    target.convert(network, contract, path)
    Manifest(path.name, sha256_of(path), size_of(path), contract, target.ops(path), 1.0, {}).save(manifest_path(path))
    return path


def measure(*candidates: Candidate, device: str = "browser", plan: Plan = PLAN) -> tuple[LatencyReport, ...]:
    return connect(device).measure(candidates, plan, None, lambda done, total: None)


@needs_runtimes
@needs_chromium
def test_both_runtimes_in_turn_right_and_reported(artifacts: tuple[Path, Path], tmp_path: Path) -> None:
    onnx, tflite = artifacts
    assert [(one.name, one.trouble) for one in attached("browser")] == [("browser", None)]
    steps: list[tuple[int, int | None]] = []
    candidates = [Candidate(onnx), Candidate(tflite), Candidate(onnx, "wasm-1")]
    scene = synthetic_scene(64, 48, 8)
    reports = connect("browser").measure(candidates, PLAN, scene, lambda done, total: steps.append((done, total)))
    assert steps == [(i + 1, 8) for i in range(8)]
    assert [report.subject.name for report in reports] == ["blur-fp32.onnx", "blur-fp32.tflite", "blur-fp32.onnx@wasm-1"]
    assert [report.runtime.split()[0] for report in reports] == ["onnxruntime-web", "@litertjs/core", "onnxruntime-web"]
    assert [report.threads for report in reports] == [2, 2, 1]
    assert len({report.date for report in reports}) == 1 and reports[0].in_turn_with == (
        "blur-fp32.tflite",
        "blur-fp32.onnx@wasm-1",
    )
    for report in reports:
        assert (len(report.warmup_ms), len(report.times_ms), len(report.cold_starts)) == (1, 4, 1)
        assert report.timed == "completion" and report.accelerator == "wasm" and report.dispatch_ms == ()
        assert report.agreement is not None and report.agreement.holds and report.agreement.psnr_db > 100
        assert report.cold_starts[0].load_ms > 0 and report.cold_starts[0].first_ms > 0
        assert report.machine.device == "browser" and "Chrome" in report.machine.os and report.machine.emulated_by is None
        assert report.subject.sha256 and report.subject.network == "migan-toy"
        assert report.packages["onnxruntime-web"] == runtimes.versions()["onnxruntime-web"]
        assert any(warning.startswith("no pipeline") for warning in report.warnings)
        assert not any("thread" in warning or "coarse" in warning for warning in report.warnings)
    paths = record.add(tmp_path, reports)
    assert [LatencyReport.load(path) for path in paths] == list(reports)


@needs_runtimes
@needs_chromium
def test_webgpu_is_timed_until_its_output_is_read_and_software_is_called_software(artifacts: tuple[Path, Path]) -> None:
    plan = dataclasses.replace(PLAN, warmup=0, iterations=2, cold_starts=3)
    for report in measure(*(Candidate(file, "webgpu") for file in artifacts), device="browser:swiftshader", plan=plan):
        assert report.accelerator == "gpu" and report.timed == "completion" and report.threads == 1
        assert len(report.dispatch_ms) == 2
        assert all(dispatch < done for dispatch, done in zip(report.dispatch_ms, report.times_ms, strict=True))
        assert report.agreement is not None and report.agreement.psnr_db > 80
        assert report.machine.emulated_by == "SwiftShader" and report.cold_starts[0].peak_bytes is None
        assert len(report.cold_starts) == 1, "its times mean nothing"


@needs_runtimes
@needs_chromium
def test_wrong_outputs_stop_the_measurement(artifacts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    original = job.task

    def expects_something_else(candidate: Candidate, threads: int) -> job.Task:
        right = original(candidate, threads)
        even, odd = right.expected
        return dataclasses.replace(right, expected=(even, odd + np.float32(0.1)))

    monkeypatch.setattr(job, "task", expects_something_else)
    with pytest.raises(BenchError, match=r"blur-fp32.onnx: its output is wrong here: 20\.\d dB, at least 50 are needed"):
        measure(Candidate(artifacts[0]))


@needs_runtimes
@needs_chromium
def test_any_browser_may_open_the_link(artifacts: tuple[Path, Path], foreign_onnx: Callable[..., Path]) -> None:
    said: list[str] = []
    link_said = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        link_said.set()

    found: list[LatencyReport] = []
    device = browser.Browser(("link",), say)
    foreign = Candidate(foreign_onnx("theirs.onnx", ["batch", 3, 8, 8]))
    bench = threading.Thread(target=lambda: found.extend(device.measure([foreign], PLAN, None, lambda done, total: None)))
    bench.start()
    assert link_said.wait(20)
    link = said[0].split()[2]
    assert link.startswith("http://127.0.0.1:") and "adb reverse tcp:" in said[0]
    with chromium.opened(link) as process:
        bench.join(40)
    assert process.returncode is not None
    (report,) = found
    assert report.subject.network is None and any("batch = 1" in warning for warning in report.warnings)
    host, _, port = link.split("/")[2].partition(":")
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(host, int(port), timeout=2).request("GET", "/")


@needs_runtimes
def test_a_page_that_is_closed_or_never_opened(artifacts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def open_and_close(text: str) -> None:
        link = text.split()[2]
        host, path = link.removeprefix("http://").split("/")
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("GET", "/" + path)
        cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
        connection.close()
        connection.request("POST", "/closed", b"{}", {"Cookie": cookie})
        connection.close()

    with pytest.raises(DeviceUnavailable, match="the page was closed before it was done"):
        browser.Browser(("link",), open_and_close).measure([Candidate(artifacts[0])], PLAN, None, lambda done, total: None)
    monkeypatch.setattr(browser, "LINK_OPENED_WITHIN_S", 0.3)
    with pytest.raises(DeviceUnavailable, match="nobody opened the page within"):
        measure(Candidate(artifacts[0]), device="browser:link")


@needs_chromium
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_chromium_does_not_outlive_a_bench_that_is_killed(tmp_path: Path) -> None:
    code = """
import os, signal
from mobile_inpaint.bench.browser import chromium
with chromium.opened("about:blank") as process:
    print(process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    bench = [sys.executable, "-c", code]
    killed = subprocess.run(bench, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    pid, until = killed.stdout.strip(), time.monotonic() + 15
    while Path("/proc", pid).exists() and "Z" not in Path("/proc", pid, "stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < until
        time.sleep(0.1)


@needs_runtimes
def test_a_browser_that_ends_or_does_not_start(
    artifacts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHROME_PATH", "/bin/false")
    with pytest.raises(DeviceUnavailable, match=r"Chromium ended by itself \(exit 1\)"):
        measure(Candidate(artifacts[0]))
    monkeypatch.setenv("CHROME_PATH", str(tmp_path / "none"))
    with pytest.raises(DeviceUnavailable, match=r"no Chromium found \(install chromium, or name it in CHROME_PATH\)"):
        measure(Candidate(artifacts[0]))


def test_what_is_missing_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="no 'lnik': behind browser: may stand link, network, swiftshader"):
        connect("browser:lnik")
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match=r"runtimes are not here yet; .*python -m mobile_inpaint.bench.browser"):
        connect("browser")
    runtimes.folder().mkdir(parents=True)
    monkeypatch.delenv("CHROME_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert attached("browser") == ()
    with pytest.raises(DeviceUnavailable, match=r"no Chromium found .*--device browser:link"):
        connect("browser")
    assert connect("browser:link")


def test_files_that_no_page_runs(tmp_path: Path, foreign_onnx: Callable[..., Path]) -> None:
    with pytest.raises(BenchError, match=r"a browser runs \.onnx and \.tflite files"):
        job.task(Candidate(tmp_path / "a.mlpackage"), 1)
    with pytest.raises(BenchError, match="no such file"):
        job.task(Candidate(tmp_path / "a.onnx"), 1)
    with pytest.raises(BenchError, match="onnxruntime-web takes no float64"):
        job.task(Candidate(foreign_onnx("double.onnx", [1, 4], 11)), 1)


def test_the_kind_offers_what_a_page_can_do() -> None:
    assert set(kind_of(find_device("browser")).runtimes) == {"wasm", "wasm-1", "webgpu"}


def test_runtimes_are_pinned_with_their_digests_and_name_no_registry() -> None:
    lock = (Path(runtimes.__file__).parent / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock and "://" not in lock
    for package, version in runtimes.versions().items():
        assert version[0].isdigit() and f'"node_modules/{package}"' in lock
