"""Work in a process of its own: what it returns and raises comes back, and no end of it is a traceback or a hang."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ManifestError, ProviderNotFound
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.checked import cannot_run
from mobile_inpaint.targets.guarded import Guard
from mobile_inpaint.targets.registry import load_artifact


def square(number: int) -> int:
    print("runtimes print this")
    os.write(1, b"and this")
    return number * number


def unknown(name: str) -> None:
    raise ProviderNotFound(name, ["gpu", "ane"])


def crash(how: int) -> None:
    os.kill(os.getpid(), how)


def hang() -> None:
    while True:
        time.sleep(1)


def allocate(megabytes: int) -> int:
    return int(np.ones(megabytes << 17).sum())


def allocate_in_onnx_runtime(megabytes: int) -> None:
    shape = np.array([megabytes << 18])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("ConstantOfShape", ["shape"], ["zeros"])],
        "g",
        [onnx.helper.make_tensor_value_info("shape", onnx.TensorProto.INT64, [1])],
        [onnx.helper.make_tensor_value_info("zeros", onnx.TensorProto.FLOAT, [None])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    try:
        session.run(None, {"shape": shape})
    except Exception as error:
        raise cannot_run(Path("net.bin"), error) from error


def report_as_runtimes_do(cause: Exception) -> None:
    raise ManifestError("net.bin: ONNX Runtime cannot read it") from cause


def fail() -> None:
    raise KeyError("a runtime's own\nerror")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.bin"
    path.write_bytes(b"a model")
    return path


def test_results_and_our_errors_come_back(file: Path) -> None:
    with Guard(file) as guard:
        assert guard.call(square, 12) == 144
        with pytest.raises(ProviderNotFound, match="unknown provider 'abacus': there are gpu, ane") as caught:
            guard.call(unknown, "abacus")
        assert caught.value.known == ("gpu", "ane")
        with pytest.raises(ManifestError, match=r"^net\.bin: cannot be read or run \(KeyError: .*\); get it again$") as fault:
            guard.call(fail)
        assert "\n" not in str(fault.value)
        assert guard.call(square, 3) == 9, "and the process goes on"


def test_a_crash_is_one_line(file: Path) -> None:
    with Guard(file) as guard, pytest.raises(ManifestError, match=r"^net\.bin: ended the process .* \(SIGSEGV\)"):
        guard.call(crash, signal.SIGSEGV)
    with Guard(file) as guard:
        with pytest.raises(ManifestError, match="is there memory enough"):
            guard.call(crash, signal.SIGKILL)
        with pytest.raises(ManifestError, match="is there memory enough"):
            guard.call(square, 1)


def test_a_hang_ends_and_the_limit_is_named(file: Path) -> None:
    with Guard(file, more_seconds=-29) as guard:
        started = time.monotonic()
        with pytest.raises(ManifestError, match=r"^net\.bin: not done after 1 s, which is the limit"):
            guard.call(hang)
        assert time.monotonic() - started < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the memory that is limited")
def test_memory_is_limited(file: Path) -> None:
    with Guard(file) as guard:
        assert guard.call(allocate, 50) == 50 << 17
        with pytest.raises(ManifestError, match=r"^net\.bin: needs more than 400 MB of memory"):
            guard.call(allocate, 2000)
        guard.call(allocate_in_onnx_runtime, 50)
        with pytest.raises(ManifestError, match=r"^net\.bin: needs more than 400 MB of memory"):
            guard.call(allocate_in_onnx_runtime, 2000)


def test_a_failed_allocation_is_known_by_its_cause(file: Path) -> None:
    with Guard(file) as guard:
        for cause in (MemoryError(), RuntimeError("RUNTIME_EXCEPTION : Exception during initialization: std::bad_alloc")):
            with pytest.raises(ManifestError, match=r"^net\.bin: needs more than 400 MB of memory"):
                guard.call(report_as_runtimes_do, cause)
        for harmless in (RuntimeError("no such operation"), ManifestError("its name is 'std::bad_alloc'")):
            with pytest.raises(ManifestError, match=r"^net\.bin: ONNX Runtime cannot read it$"):
                guard.call(report_as_runtimes_do, harmless)


def test_the_process_is_gone_with_the_block(file: Path) -> None:
    with Guard(file) as guard:
        process = guard.call(os.getpid)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_artifact_runs_there_as_it_does_here(small_artifacts: dict[str, Artifact]) -> None:
    artifact = small_artifacts["onnx"]
    noise = np.random.default_rng(0)
    image: Image = noise.random((1, 3, 64, 64), np.float32)
    mask = (noise.random((1, 1, 64, 64)) > 0.5).astype(np.float32)
    with Guard(artifact.path) as guard:
        contract, ops = guard.describe()
        runner = guard.load(threads=1)
        assert (contract, ops) == (artifact.manifest.contract, artifact.manifest.ops)
        here = load_artifact(artifact.path, threads=1)
        assert (runner.runtime, runner.computes_in) == (here.runtime, here.computes_in)
        assert np.array_equal(runner(image, mask), here(image, mask))
