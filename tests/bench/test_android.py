"""The whole way to a phone and back by the real adb client; only the phone is ours (adb_daemon.py)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from adb_daemon import Daemon

from mobile_inpaint.bench.android.phone import find_phone
from mobile_inpaint.bench.devices import android
from mobile_inpaint.bench.devices.registry import attached, connect, find_device
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.cli import main
from mobile_inpaint.errors import BenchError, DeviceUnavailable, MobileInpaintError

pytestmark = pytest.mark.skipif(shutil.which("adb") is None, reason="needs the adb client: apt install adb")

RECORDED = Path(__file__).parent / "recorded"
FOLDER = "data/local/tmp/mobile-inpaint"
PIXEL = {
    "ro.product.model": "Pixel 8a",
    "ro.product.manufacturer": "Google",
    "ro.soc.manufacturer": "Google",
    "ro.soc.model": "Tensor G3",
    "ro.build.version.release": "16",
    "ro.build.version.sdk": "36",
    "ro.product.cpu.abilist": "arm64-v8a",
}
GALAXY = PIXEL | {"ro.product.model": "SM-S928B", "ro.product.manufacturer": "samsung", "ro.soc.model": "SM8650"}
MakePhone: TypeAlias = Callable[..., Daemon]


def adb(*arguments: str) -> None:
    subprocess.run(["adb", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An adb server of the tests' own, with a key of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("ADB_MDNS_AUTO_CONNECT", "0")
        adb("start-server")
        yield
        adb("kill-server")


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[MakePhone]:
    """``phone(properties, **more)``: one that is connected."""
    with ExitStack() as phones:

        def make(properties: dict[str, str] = PIXEL, *, heat: str = "", **more: object) -> Daemon:
            root = tmp_path / f"phone{len(list(tmp_path.iterdir()))}"
            for folder in ("bin", "proc", "data/local/tmp"):
                (root / folder).mkdir(parents=True)
            listing = "".join(f"[{key}]: [{value}]\n" for key, value in properties.items())
            script(root / "bin/getprop", f"cat <<'E'\n{listing}E")
            script(root / "bin/nproc", "echo 9")
            script(root / "bin/dumpsys", heat or "[ $1 = battery ] && echo '  temperature: 283'")
            (root / "proc/meminfo").write_text("MemTotal:        7812500 kB\nMemAvailable:    3906250 kB\n")
            made = phones.enter_context(Daemon(root, f"ro.product.model={properties['ro.product.model']}", **more))
            phones.callback(lambda: subprocess.run(["adb", "disconnect", made.serial], check=False, capture_output=True))
            subprocess.run(["adb", "connect", made.serial], check=True, capture_output=True, stdin=subprocess.DEVNULL)
            return made

        yield make


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A ``benchmark_model`` that insists on its file and prints a recorded output, of the GPU where it is asked for."""
    (tmp_path / "programs").mkdir()
    log, cpu, gpu = (
        tmp_path / "calls",
        *(RECORDED / f"benchmark_model_{name}.txt" for name in ("2025_logcat", "2024_gpu_partial")),
    )
    body = f"""echo "$@" >> {log}
for argument; do
  case $argument in --graph=*) [ -s "${{argument#--graph=}}" ] || exit 3;; --use_gpu*) exec cat {gpu};; esac
done
cat {cpu}"""
    return script(tmp_path / "programs/android_aarch64_benchmark_model", body)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a model's.tflite"
    path.write_bytes(b"any" * 1000)
    return path


def measure(name: str, files: list[Candidate], *programs: Path, plan: Plan | None = None) -> tuple[LatencyReport, ...]:
    plan = plan or Plan(4, warmup=3, iterations=25, cold_starts=2, command="mobile-inpaint bench", tools=programs)
    return connect(name).measure(files, plan, None, lambda done, total: None)


def left(on: Daemon) -> list[str]:
    return sorted(path.name for path in on.path("/data/local/tmp").iterdir())


def test_from_end_to_end_in_turn(phone: MakePhone, program: Path, model: Path, tmp_path: Path) -> None:
    pixel, toy_tflite = phone(), tmp_path / "toy.tflite"
    toy_tflite.write_bytes(b"other")
    steps: list[tuple[int, int | None]] = []
    plan = Plan(4, warmup=3, iterations=25, cold_starts=2, command="mobile-inpaint bench", tools=(program,))
    files = [Candidate(model, "cpu"), Candidate(toy_tflite, "gpu")]
    cpu, gpu = connect("pixel-8a").measure(files, plan, None, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert left(pixel) == []
    calls = (tmp_path / "calls").read_text().splitlines()
    common = "--num_threads=4 --warmup_runs=3 --warmup_min_secs=0 --num_runs=25 --min_secs=0 --max_secs=600"
    one, other = f"--use_xnnpack=true --graph=0-a model's.tflite {common}", f"--use_gpu=true --graph=1-toy.tflite {common}"
    assert calls == [one, other, one, other]
    assert cpu.machine.device == "pixel-8a" and cpu.machine.chip == "Google Tensor G3" and cpu.machine.cores == 9
    assert cpu.machine.os == "Android 16 (API 36) on Google Pixel 8a"
    assert (cpu.machine.memory_mb, cpu.machine.free_mb) == (8000, 4000)
    assert (cpu.subject.name, cpu.in_turn_with) == ("a model's.tflite@cpu", ("toy.tflite@gpu",))
    assert (cpu.accelerator, cpu.times_ms, cpu.timed) == ("cpu", (145.528, 145.528), "dispatch")
    assert (gpu.accelerator, gpu.times_ms, gpu.placement) == ("gpu", (306.869, 306.869), {"gpu": 54, "cpu": 505})
    assert "54 of 559 operations ran on the gpu, the others on the cpu" in gpu.warnings
    assert [series.runs for series in cpu.series] == [25, 25]
    assert cpu.load_ms == 92.318 and len(cpu.cold_starts) == 2
    assert cpu.thermal is not None and (cpu.thermal.before_c, cpu.thermal.after_c) == (28.3, 28.3)
    assert cpu.packages["benchmark_model"].startswith("sha256 ")


def test_onnx_runtime_s_tool_writes_a_file_that_comes_back(phone: MakePhone, tmp_path: Path, toy_artifact: Path) -> None:
    pixel = phone()
    (tmp_path / "built").mkdir()
    (tmp_path / "built/libonnxruntime.so").write_text("beside it")
    rows = "for i in 1 2 3 4 5; do echo m,0.01$i,7,1,$i; done > times.csv"
    tool = script(
        tmp_path / "built/onnxruntime_perf_test", f"cat libonnxruntime.so && {rows}; cat {RECORDED}/onnxruntime_perf_test.txt"
    )
    plan = Plan(1, warmup=2, iterations=3, cold_starts=2, tools=(tool,))
    (report,) = measure("android", [Candidate(toy_artifact)], plan=plan)
    assert report.times_ms == (13.0, 14.0, 15.0) * 2 and report.warmup_ms == (11.0, 12.0) * 2 and report.series == ()
    assert (report.subject.network, report.subject.size_px) == ("migan-toy", 32)
    assert left(pixel) == []


def test_by_the_command_line(
    phone: MakePhone, program: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixel = phone(room=10**6)
    words = ["bench", f"{model}@gpu", "--tool", str(program), "--iterations", "25", "--record", str(tmp_path)]
    words += ["--device", "pixel-8a"]
    assert main([*words, "--json"]) == 0
    (measured,) = json.loads(capsys.readouterr().out)["measured"]
    command = measured["report"]["command"]
    assert command.endswith(f"--device pixel-8a --threads 4 --warmup 10 --iterations 25 --tool {program.name}")
    assert [path.parent.name for path in (tmp_path / "results").glob("*/*.json")] == ["pixel-8a"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "pixel-8a: Google Tensor G3, 9 cores, Android 16 (API 36) on Google Pixel 8a" in shown
    pixel.room = 0
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("mobile-inpaint: no space left on") and error.count("\n") == 1
    assert main([*words[:-1], "galaxy-a55"]) == 1
    assert "no Galaxy A55 is connected; connected is Pixel 8a" in capsys.readouterr().err
    assert left(pixel) == []


def test_a_report_from_a_phone_goes_through_its_file(phone: MakePhone, program: Path, model: Path, tmp_path: Path) -> None:
    phone()
    (report,) = measure("android", [Candidate(model)], program)
    (tmp_path / "report.json").write_text(report.to_json())
    assert LatencyReport.load(tmp_path / "report.json") == report


def test_the_cable_is_pulled_in_the_middle(phone: MakePhone, model: Path, tmp_path: Path) -> None:
    pixel = phone()
    slow = script(tmp_path / "benchmark_model", f"touch {tmp_path}/runs; exec sleep 60")

    def pull_when_it_runs() -> None:
        while not (tmp_path / "runs").exists():
            time.sleep(0.05)
        assert left(pixel) == ["mobile-inpaint"]
        pixel.unplug()

    hand = threading.Thread(target=pull_when_it_runs)
    hand.start()
    with pytest.raises(DeviceUnavailable, match=rf"{pixel.serial} went away \(.*\): connect it and measure again"):
        measure("android", [Candidate(model)], slow)
    hand.join()
    assert left(pixel) == []  # the guard on the phone saw to that: nobody could reach it any more


def test_a_phone_without_room(phone: MakePhone, program: Path, model: Path) -> None:
    pixel = phone(room=1000)
    with pytest.raises(BenchError, match=rf"no space left on {pixel.serial} for a model's.tflite \(0.0 MB\)"):
        measure("android", [Candidate(model)], program)
    assert left(pixel) == []


def test_a_phone_that_has_not_authorised_this_computer(phone: MakePhone) -> None:
    pixel = phone(authorised=False)
    with pytest.raises(DeviceUnavailable, match=f"{pixel.serial} has not authorised this computer: unlock it"):
        connect("android")
    (there,) = attached("android")
    assert there.name == f"android:{pixel.serial}" and there.trouble and "authorised" in there.trouble


def test_two_phones(phone: MakePhone, program: Path, model: Path) -> None:
    pixel, galaxy = phone(), phone(GALAXY)
    with pytest.raises(DeviceUnavailable, match=f"2 such phones are connected; choose one: .*--device android:{galaxy.serial}"):
        connect("android")
    (report,) = measure(f"android:{galaxy.serial}", [Candidate(model)], program)
    assert report.machine.device == "galaxy-s24-ultra"
    (report,) = measure("pixel-8a", [Candidate(model)], program)
    assert report.machine.device == "pixel-8a"
    assert {one.row for one in android.attached()} == {"pixel-8a", "galaxy-s24-ultra"}
    assert left(pixel) == left(galaxy) == []


def test_another_phone_than_the_one_that_was_named(phone: MakePhone) -> None:
    galaxy = phone(GALAXY)
    with pytest.raises(DeviceUnavailable) as caught:
        connect("pixel-8a")
    assert str(caught.value) == (
        f"pixel-8a: no Pixel 8a is connected; connected is SM-S928B ({galaxy.serial}): --device android:{galaxy.serial}"
    )


def test_no_phone() -> None:
    with pytest.raises(DeviceUnavailable, match="android: no phone is connected"):
        connect("android")
    assert attached("android") == ()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("exit 137", "was killed; is there memory enough"),
        ("exec ./absent", "was not found there, or lacks a library"),
        ("echo ERROR: Failed to load model >&2; exit 1", "failed with exit status 1: ERROR: Failed to load model"),
        ("echo STARTING!", "holds no timings; it ended with: STARTING!"),
    ],
)
def test_a_program_that_fails(phone: MakePhone, model: Path, tmp_path: Path, body: str, message: str) -> None:
    pixel = phone()
    with pytest.raises(BenchError, match=message) as caught:
        measure("android", [Candidate(model)], script(tmp_path / "benchmark_model", body))
    assert "\n" not in str(caught.value)
    assert left(pixel) == []


def test_what_cannot_be_measured_is_refused_before_the_phone_is_touched(phone: MakePhone, program: Path, model: Path) -> None:
    phone(room=0)
    for candidate, tools, message in (
        (Candidate(model), (), "name your build of it with --tool"),
        (Candidate(model), (program.with_name("benchmark_model_absent"),), "no such program"),
        (Candidate(model.with_suffix(".mlpackage")), (program,), "no such file"),
        (Candidate(program), (program,), "Android phones run .tflite and .onnx files"),
        (Candidate(model, "ane"), (program,), "benchmark_model computes on cpu, gpu, nnapi, not on ane"),
    ):
        with pytest.raises(MobileInpaintError, match=message):
            measure("android", [candidate], *tools)


def test_a_hot_phone_is_given_time(phone: MakePhone, program: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile_inpaint.bench.measure.sensors._LOOK_EVERY_S", 0.01)
    heat = """[ $1 = thermalservice ] || exit 0
n=$(cat bin/n 2>/dev/null || echo 0); echo $((n + 1)) > bin/n; [ $n -lt 3 ] && s=2 c=41.5 || s=0 c=30.25
echo "Thermal Status: $s"; echo "Cached temperatures:"; echo "	Temperature{mValue=99.0, mType=3, mName=skin, mStatus=0}"
echo "Current temperatures from HAL:"; echo "	Temperature{mValue=70.1, mType=0, mName=CPU0, mStatus=0}"
echo "	Temperature{mValue=$c, mType=3, mName=VIRTUAL-SKIN, mStatus=$s}"
"""
    phone(heat=heat)
    (report,) = measure("android", [Candidate(model)], program)
    thermal = report.thermal
    assert thermal is not None and (thermal.before_c, thermal.after_c, thermal.state) == (41.5, 30.25, "moderate")
    assert thermal.limit_c == 37.0 and thermal.waited_s > 0


def test_a_second_measurement_on_the_same_phone_waits_its_turn_and_a_killed_one_leaves_nothing(
    phone: MakePhone, program: Path, model: Path
) -> None:
    pixel = phone()
    hold = (
        "import sys, time; from mobile_inpaint.bench.android.adb import Link\n"
        "from mobile_inpaint.bench.android.workspace import workspace\n"
        f"with workspace(Link('{pixel.serial}')): print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdout=subprocess.PIPE, env=os.environ, start_new_session=True
    ) as other:
        assert other.stdout and other.stdout.readline() == b"there\n"
        assert left(pixel) == ["mobile-inpaint"]
        with pytest.raises(BenchError, match="another measurement is going on there"):
            measure("android", [Candidate(model)], program)
        assert left(pixel) == ["mobile-inpaint"]
        os.kill(other.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while left(pixel) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(pixel) == []
    pixel.path(FOLDER).mkdir()  # as after a phone lost its power
    pixel.path(f"{FOLDER}/guard").write_text("999999999")
    measure("android", [Candidate(model)], program)
    assert left(pixel) == []


def test_a_phone_is_known_by_name_or_by_its_model_s_number(phone: MakePhone) -> None:
    phone(GALAXY)
    found = find_phone("galaxy-s24-ultra", find_device("galaxy-s24-ultra"))
    assert found.row == "galaxy-s24-ultra" and not found.is_a(find_device("pixel-8a"))
    unknown = type(found)(found.link, {"ro.product.model": "X1", "ro.board.platform": "mt6765"})
    assert (unknown.row, unknown.chip, unknown.name) == ("android", "mt6765", "X1")
