"""The app built and run as far as a computer can: the core's own tests, the package, the engine on this machine's Java."""

import functools
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "android_demo"))

from tools import apk, java, jvm, pieces  # noqa: E402

from mobile_inpaint.apps.bundle import APPS, bundle  # noqa: E402
from mobile_inpaint.artifact import manifest_path  # noqa: E402
from mobile_inpaint.bench.report.latency_report import LatencyReport  # noqa: E402

pytestmark = [
    pytest.mark.skipif(bool(pieces.missing()), reason=f"the Android toolchain is not here: {pieces.FETCH}"),
    pytest.mark.skipif(shutil.which("javac") is None, reason="needs openjdk-17-jdk-headless"),
]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("android")


@pytest.fixture(scope="module")
def core(out):
    return java.compile_core(out)


def test_the_core_meets_the_golden_vectors(core, out):
    written = sum(path.read_text(encoding="utf-8").count("@Test") for path in (java.CORE / "test").rglob("*.kt"))
    assert f"OK ({written} tests)" in java.test_core(core, out)


def test_the_package_is_signed_aligned_and_asks_for_nothing(core, out):
    base, generated = apk.resources(out)
    unsigned = apk.package(base, apk.classes(core, generated, out), ["arm64-v8a"], out)
    apk.sign(unsigned, out / "signed.apk", None, "android")
    told = "\n".join(apk.check(out / "signed.apk"))
    assert "package: name='org.mobileinpaint.demo'" in told and "native-code: 'arm64-v8a'" in told
    assert "launchable-activity: name='mobileinpaint.app.InpaintActivity'" in told
    size = (out / "signed.apk").stat().st_size / 1e6
    made_of = apk.sizes(out / "signed.apk")
    assert f"{size:.1f} MB: runtime {made_of['runtime'] / 1e6:.1f}, network " in told
    # Beside its network the package is the runtime, and hardly more.
    assert made_of["runtime"] < 34e6 and made_of["code"] < 0.5e6 and made_of["rest"] < 1e6
    with pytest.raises(pieces.BuildError, match=r"signed\.apk: takes .* MB: runtime .*; more than 5 MB: bundle a smaller"):
        apk.check(out / "signed.apk", most_mb=5)


@pytest.fixture(scope="module")
def engine(core, out):
    """Runs the app's engine."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc and libc6-dev")
    jars, native = [core, jvm.compile_engine(core, out)], jvm.libraries(out)
    return functools.partial(jvm.run, jars, native)


@pytest.fixture
def artifact(small_artifacts, tmp_path):
    """A copy of the small network, to be broken."""
    path = small_artifacts["onnx"].path
    for file in (path, manifest_path(path)):
        shutil.copy(file, tmp_path)
    return tmp_path / path.name


@pytest.mark.parametrize("accelerator", ["cpu", "xnnpack"])
def test_the_engine_computes_what_python_does(engine, artifact, tmp_path, accelerator):
    rng = np.random.default_rng(7)
    mask = np.zeros((1, 1, 64, 64), np.float32)
    mask[..., 20:45, 15:50] = 1
    image = rng.random((1, 3, 64, 64), np.float32) * (1 - mask)
    (tmp_path / "given").write_bytes(image.tobytes() + mask.tobytes())
    said = engine("Run", artifact, accelerator, tmp_path / "given", tmp_path / "answer")
    assert said == "onnxruntime 1.29.0 on cpu"
    (expected,) = onnxruntime.InferenceSession(artifact).run(None, {"image": image, "mask": mask})
    answer = np.frombuffer((tmp_path / "answer").read_bytes(), "<f4").reshape(expected.shape)
    assert np.abs(answer - expected).max() < 1e-4


def test_a_flipped_bit_is_refused_before_the_runtime_sees_it(engine, artifact, tmp_path):
    content = bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 1
    artifact.write_bytes(content)
    said = engine("Run", artifact, "cpu", tmp_path / "given", tmp_path / "answer")
    assert said.startswith(f"refused: {artifact.name}: its bytes are not those its manifest describes (sha256 ")


def test_a_model_that_was_broken_before_its_manifest_was_written_is_one_clear_line(engine, artifact, tmp_path):
    artifact.write_bytes(artifact.read_bytes()[:1000])
    table = json.loads(manifest_path(artifact).read_text(encoding="utf-8"))
    table["sha256"] = hashlib.sha256(artifact.read_bytes()).hexdigest()
    manifest_path(artifact).write_text(json.dumps(table), encoding="utf-8")
    said = engine("Run", artifact, "cpu", tmp_path / "given", tmp_path / "answer")
    assert said.startswith(f"refused: {artifact.name} cannot be loaded on cpu: ") and "\n" not in said


@pytest.fixture
def bundled(toy_artifact, tmp_path):
    """A folder as the app's assets have it, with a network of 64 pixels."""
    bundle(toy_artifact, APPS["android"], tmp_path / "model")
    return tmp_path / "model"


def test_two_dots_are_erased_as_the_app_does_it(engine, bundled):
    assert engine("Erase", bundled, 640, 480, -1) == "erased in 2 calls\nas it was: true"


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_a_cancelled_erase_leaves_the_photo_as_it_was(engine, bundled, calls):
    said = engine("Erase", bundled, 640, 480, calls)
    assert said == "refused: cancelled: the photo is as it was\nas it was: true"


@pytest.mark.parametrize("wide", [3600, 10_000])
def test_where_memory_ends_one_clear_line_is_all_that_happens(engine, bundled, wide):
    said = engine("Erase", bundled, wide, 4000, -1, heap_mb=96)
    line, *rest = said.splitlines()
    assert line.startswith("refused: not enough memory for that: the photo is as it was; ")
    assert rest == (["as it was: true"] if wide == 3600 else [])


def test_what_the_bench_mode_writes_is_a_report_that_python_reads(engine, bundled, toy_artifact, tmp_path):
    engine("Time", bundled, "cpu", tmp_path / "report.json")
    report = LatencyReport.load(tmp_path / "report.json")
    assert (report.subject.sha256, report.subject.size_px) == (toy_artifact.manifest.sha256, 64)
    assert (report.timed, report.runtime, report.packages) == ("completion", "onnxruntime 1.29.0", {"onnxruntime": "1.29.0"})
    assert len(report.warmup_ms) == 2 and len(report.times_ms) == 5 and report.load_ms > 0


def test_an_app_without_its_network_says_how_to_get_one(engine, bundled):
    (bundled / "toy-fp32.onnx").unlink()
    said = engine("Erase", bundled, 64, 64, -1)
    assert said.startswith("refused: this app carries no network; build it again after: mobile-inpaint bundle --app android")
