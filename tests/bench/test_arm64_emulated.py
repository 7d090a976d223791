from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint.bench.arm64 import root
from mobile_inpaint.bench.devices.arm64_emulated import Emulated
from mobile_inpaint.bench.devices.registry import connect
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.workload import load
from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.targets.layers import layer_calls

_there = shutil.which(root.QEMU) is not None and root.folder().exists()
needs_the_machine = pytest.mark.skipif(
    not _there, reason="the emulated machine is not here: mobile-inpaint bench --device arm64-emulated puts it together"
)


@needs_the_machine
def test_an_artifact_computes_there_what_it_computes_here(toy_artifact: Path) -> None:
    machine = connect("arm64-emulated")
    (report,) = machine.measure([Candidate(toy_artifact)], Plan(1), None, lambda done, total: None)
    assert report.agreement is not None and report.agreement.psnr_db > 100 and report.agreement.holds
    assert report.machine.emulated_by is not None and report.machine.emulated_by.startswith("qemu ")
    assert report.warnings == ("an emulated processor: its times mean nothing",)
    assert report.timed == "completion" and len(report.times_ms) == 2
    assert report.runtime.startswith("onnxruntime ") and report.subject.network == "migan-toy"


def test_what_computes_something_else_is_refused(toy_artifact: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def wrong(at: Path, module: str, arguments: Sequence[str], timeout_s: float) -> None:
        told = {"runtime": "any", "computes_in": None, "load_ms": 1.0, "times_ms": [1.0, 1.0]}
        np.savez(arguments[-1], told=np.array(json.dumps(told)), **{str(i): np.zeros((1, 3, 16, 16)) for i in range(2)})

    monkeypatch.setattr(root, "run", wrong)
    with pytest.raises(BenchError, match=r"on ARM64 it computes something else: \d+\.\d+ dB of 60\.0 to the host"):
        Emulated(tmp_path).measure([Candidate(toy_artifact)], Plan(1), None, lambda done, total: None)


@pytest.fixture(scope="module", params=["w8a16", "auto", "w8a8"])
def integer_artifact(
    request: pytest.FixtureRequest, small_session: ExportSession, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The small network with integer activations, two of its layers in floating point where a search would leave them so."""
    layers = tuple(layer_calls(small_session.quantizing.network))[4:6] if request.param == "auto" else ()
    return small_session.export("onnx", request.param, tmp_path_factory.mktemp("integers"), float_layers=layers).path


@needs_the_machine
def test_integers_may_differ_by_their_rounding(integer_artifact: Path) -> None:
    (report,) = connect("arm64-emulated").measure([Candidate(integer_artifact)], Plan(1), None, lambda done, total: None)
    assert report.agreement is not None and report.agreement.holds and report.agreement.required_db == 20


@pytest.mark.parametrize(("apart_db", "passes"), [(25.0, True), (15.0, False)])
def test_integers_must_not_differ_by_more(
    integer_artifact: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, apart_db: float, passes: bool
) -> None:
    """25 dB apart lie two correct runs on integers that round differently (docs/quantization.md)."""
    here = load(Candidate(integer_artifact), 1)

    def elsewhere(at: Path, module: str, arguments: Sequence[str], timeout_s: float) -> None:
        told = {"runtime": "any", "computes_in": "int8", "load_ms": 1.0, "times_ms": [1.0, 1.0]}
        noise = np.random.default_rng(0)
        runs = [here.run(i) for i in range(2)]
        off = [noise.normal(0, 10 ** (-apart_db / 20), run.shape) for run in runs]
        np.savez(arguments[-1], told=np.array(json.dumps(told)), **{str(i): runs[i] + off[i] for i in range(2)})

    monkeypatch.setattr(root, "run", elsewhere)
    machine = Emulated(tmp_path)
    monkeypatch.setattr("mobile_inpaint.bench.devices.arm64_emulated._qemu", lambda: "qemu")
    if passes:
        (report,) = machine.measure([Candidate(integer_artifact)], Plan(1), None, lambda done, total: None)
        assert report.agreement is not None and report.agreement.holds
    else:
        with pytest.raises(BenchError, match=r"on ARM64 it computes something else: 15\.\d+ dB of 20\.0 to the host"):
            machine.measure([Candidate(integer_artifact)], Plan(1), None, lambda done, total: None)


@needs_the_machine
def test_what_fails_there_is_said_in_one_line() -> None:
    with pytest.raises(BenchError, match=r"the emulated machine failed: .*No module named absent$"):
        root.run(root.folder(), "absent", [], 120)


def test_without_qemu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="needs qemu-aarch64-static and Debian: apt install qemu-user-static apt dpkg"):
        connect("arm64-emulated")
