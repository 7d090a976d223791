from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mobile_inpaint.bench.apple import xctest
from mobile_inpaint.bench.apple.core_ml import CoreMl
from mobile_inpaint.bench.apple.devicectl import attached, find_device, listed, read
from mobile_inpaint.bench.devices import registry as devices
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.report.latency_report import Machine
from mobile_inpaint.errors import BenchError, DeviceUnavailable

RECORDED = (Path(__file__).parent / "recorded/devicectl_list_devices.json").read_text()
PHONE, PAD = "00008130-000A11112222333A", "00008020-000B11112222333B"
CLOCK = (
    "Test Case '-[InpaintTests.LatencyTests testLatency]' measured [{clock}] average: 0.029, "
    "relative standard deviation: 5.232%, "
    'values: [0.031000, 0.029500, 0.027250], performanceMetricID:{name}, baselineName: "", baselineAverage: , '
    "polarity: prefers smaller, maxPercentRegression: 10.000%, maxPercentRelativeStandardDeviation: 10.000%"
)
OLD = CLOCK.format(clock="Time, seconds", name="com.apple.XCTPerformanceMetric_WallClockTime")
NEW = CLOCK.format(clock="Clock Monotonic Time, s", name="com.apple.dt.XCTMetric_Clock.time.monotonic")
MEMORY = NEW.replace("Clock Monotonic Time, s", "Memory Peak Physical, kB").replace(
    "0.031000, 0.029500, 0.027250", "91000, 91016, 92000"
)
Xcrun: TypeAlias = Callable[[str], Path]


@pytest.fixture
def xcrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Xcrun:
    """``xcrun(body)``: a stand-in on PATH that notes its arguments and environment, then does ``body``."""
    folder = tmp_path / "xcode"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def make(body: str) -> Path:
        notes = tmp_path / "notes"
        (folder / "xcrun").write_text(f'#!/bin/sh\necho "$@" >> {notes}\nenv | grep TEST_RUNNER >> {notes}\n{body}\n')
        (folder / "xcrun").chmod(0o755)
        return notes

    return make


def answering(answer: str, tmp_path: Path) -> str:
    (tmp_path / "answer").write_text(answer)
    return f'cp {tmp_path}/answer "$5"'


def changed(number: int, part: str, **values: Any) -> str:
    table = json.loads(RECORDED)
    table["result"]["devices"][number][f"{part}Properties"].update(values)
    return json.dumps(table)


def test_a_mac_is_needed_and_said_so_in_one_line() -> None:
    if sys.platform == "darwin":
        pytest.skip("this is one")
    with pytest.raises(DeviceUnavailable) as caught:
        devices.connect("iphone-15-pro")
    assert str(caught.value) == "iphone-15-pro: iPhones and iPads are measured from a Mac with Xcode: run this command there"
    with pytest.raises(DeviceUnavailable, match="mac: this is no Mac"):
        devices.connect("mac")
    assert devices.attached("mac") == devices.attached("ios") == ()


def test_devices_are_listed_by_the_command_that_xcode_has(xcrun: Xcrun, tmp_path: Path) -> None:
    notes = xcrun(answering(RECORDED, tmp_path))
    phone, pad = listed()
    assert notes.read_text().startswith("devicectl list devices --json-output /")
    assert (phone.udid, phone.row, phone.system, phone.trouble) == (PHONE, "iphone-15-pro", "iOS 26.1 (23B85)", None)
    assert phone.machine() == Machine("iphone-15-pro", "A17 Pro", 0, None, "iOS 26.1 (23B85) on iPhone 15 Pro (iPhone16,1)")
    assert pad.row == "ipad-mini-5" and pad.trouble is not None and "developer mode is off" in pad.trouble
    assert [one.name for one in attached()] == [f"ios:{PHONE}", f"ios:{PAD}"]


def test_the_device_that_is_meant(xcrun: Xcrun, tmp_path: Path) -> None:
    xcrun(answering(RECORDED, tmp_path))
    for name in ("ios", f"ios:{PHONE}", "iphone-15-pro"):
        assert find_device(name, devices.find_device(name)).udid == PHONE
    for name, message in (
        ("iphone-13", f"no iPhone 13 is connected; connected is iPhone 15 Pro: --device ios:{PHONE}, iPad mini"),
        ("ipad-mini-5", "ipad-mini-5: iPad mini .*: developer mode is off: Settings"),
        ("ios:1", "no 1 is connected"),
    ):
        with pytest.raises(DeviceUnavailable, match=message) as caught:
            find_device(name, devices.find_device(name))
        assert "\n" not in str(caught.value)
    xcrun(answering(changed(1, "device", developerModeStatus="enabled", ddiServicesAvailable=True), tmp_path))
    with pytest.raises(DeviceUnavailable, match="2 such devices are connected; choose one"):
        find_device("ios", devices.find_device("ios"))
    (untrusting, _) = read(changed(0, "connection", pairingState="unpaired"))
    (locked, _) = read(changed(0, "device", ddiServicesAvailable=False))
    assert (
        untrusting.trouble and "does not trust this Mac" in untrusting.trouble and locked.trouble and "locked" in locked.trouble
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo 'xcrun: error: unable to find utility \"devicectl\"' >&2; exit 72", "unable to find utility"),
        ("true", "cannot list devices"),
        ('echo "{}" > "$5"', "cannot list devices"),
        ('echo nonsense > "$5"', "cannot list devices"),
    ],
)
def test_an_xcode_that_does_not_answer(xcrun: Xcrun, body: str, message: str) -> None:
    xcrun(body)
    with pytest.raises(DeviceUnavailable, match=message):
        listed()
    assert attached() == ()


def test_no_xcode_and_no_device(xcrun: Xcrun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xcrun(answering('{"result": {"devices": []}}', tmp_path))
    with pytest.raises(DeviceUnavailable, match="no iPhone or iPad is connected"):
        find_device("ios", devices.find_device("ios"))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(DeviceUnavailable, match="install Xcode 15 or later"):
        listed()


@pytest.mark.parametrize("measured", [OLD, NEW])
def test_times_of_an_app_s_test_in_both_generations(measured: str) -> None:
    told = f"mobile-inpaint: file=a.mlpackage sha256={'ab' * 32} unit=ane\n"
    test = xctest.read(f"Test Suite 'All tests' started.\n2026-11-21 16:00:00.1 Inpaint[1:2] {told}{MEMORY}\n{measured}\n")
    assert test.times_ms == (31.0, 29.5, 27.25) and (test.unit, test.sha256) == ("ane", "ab" * 32)
    assert test.other == {"Memory Peak Physical, kB": (91000.0, 91016.0, 92000.0)}
    for output, message in (
        (measured, "does not say which file it measured"),
        (told + MEMORY, "measured no time"),
        (
            f"{told}{measured}\nLatencyTests.swift:12: error: -[LatencyTests testLatency] : XCTAssertEqual failed",
            "XCTAssertEqual",
        ),
    ):
        with pytest.raises(BenchError, match=message):
            xctest.read(output)


def test_an_app_s_test_must_hold_the_file_that_is_asked_for(xcrun: Xcrun, tmp_path: Path) -> None:
    package, app = tmp_path / "a.mlpackage", tmp_path / "Inpaint.xctestrun"
    package.mkdir()
    (package / "model").write_text("any")
    digest = hashlib.sha256(f"{hashlib.sha256(b'any').hexdigest()}  model\n".encode()).hexdigest()
    (tmp_path / "output").write_text(f"mobile-inpaint: file=a.mlpackage sha256={digest} unit=ane\n{NEW}\n")
    notes = xcrun(f"cat {tmp_path}/output")
    phone = CoreMl(Machine("iphone-15-pro", "A17 Pro", 0, None, "iOS"), PHONE)

    def measure(unit: str | None) -> Any:
        (report,) = phone.measure(
            [Candidate(package, unit)], Plan(4, iterations=3, tools=(app,)), None, lambda done, total: None
        )
        return report

    report = measure("ane")
    command, *told = notes.read_text().splitlines()
    assert command == f"xcodebuild test-without-building -xctestrun {app} -destination platform=iOS,id={PHONE}"
    assert sorted(told) == ["TEST_RUNNER_MOBILE_INPAINT_RUNS=3", "TEST_RUNNER_MOBILE_INPAINT_UNIT=ane"]
    assert (report.times_ms, report.accelerator, report.timed) == ((31.0, 29.5, 27.25), "ane", "dispatch")
    with pytest.raises(BenchError, match="ran it on ane, not on gpu"):
        measure("gpu")
    (package / "model").write_text("another")
    with pytest.raises(BenchError, match="the app holds another file"):
        measure("ane")


def test_core_ml_runs_its_own_files_alone(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("any")
    mac = CoreMl(Machine("mac", "M4", 10, 16000, "macOS"), None)
    with pytest.raises(BenchError, match=r"a\.onnx: Core ML runs \.mlpackage files"):
        mac.measure([Candidate(tmp_path / "a.onnx")], Plan(4), None, lambda done, total: None)
