from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from mobile_inpaint.bench.report.latency_report import LatencyReport, Machine, Subject
from mobile_inpaint.cli import main

REPORT = LatencyReport(
    subject=Subject("a-fp32.onnx", "ab" * 32, 28_000_000, {"image": "float32 1x3x512x512"}, "migan-512", "a", "fp32", 512),
    machine=Machine("host", "Fast Chip 9", 2, 8000, "Linux 6 x86_64"),
    runtime="onnxruntime 1.31.1",
    accelerator="cpu",
    computes_in="fp32",
    threads=2,
    timed="completion",
    warmup_ms=(),
    times_ms=tuple(100 + i % 5 for i in range(30)),
    cold_starts=(),
    pipeline=None,
    in_turn_with=(),
    date="2026-11-21T06:00:00+00:00",
    load_average=0.1,
    packages={},
    commit=None,
    command="mobile-inpaint bench a-fp32.onnx",
    warnings=(),
)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``a.json``, ``same.json``, ``slow.json`` a tenth slower, and ``other.json`` of another device."""
    monkeypatch.chdir(tmp_path)
    slow = dataclasses.replace(REPORT, times_ms=tuple(1.1 * ms for ms in REPORT.times_ms))
    other = dataclasses.replace(REPORT, machine=dataclasses.replace(REPORT.machine, device="pixel-8a"))
    for name, report in (("a", REPORT), ("same", REPORT), ("slow", slow), ("other", other)):
        Path(f"{name}.json").write_text(report.to_json())


@pytest.mark.usefixtures("reports")
def test_a_regression_is_exit_1_and_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a.json", "same.json", "--fail-on-regression", "5%"]) == 0
    assert "B takes 1.000 times as long (95 % interval" in capfd.readouterr().out
    assert main(["compare", "a.json", "slow.json"]) == 0
    capfd.readouterr()
    assert main(["compare", "a.json", "slow.json", "--fail-on-regression", "5%"]) == 1
    captured = capfd.readouterr()
    assert "P50 ms" in captured.out
    assert captured.err.startswith("mobile-inpaint: regression: B takes 1.100 times as long") and captured.err.count("\n") == 1
    assert main(["compare", "a.json", "slow.json", "--fail-on-regression", "20%"]) == 0


@pytest.mark.usefixtures("reports")
def test_a_gate_never_passes_on_what_cannot_be_compared(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a.json", "other.json"]) == 0
    assert "not comparable: device host there, pixel-8a here" in capfd.readouterr().err
    assert main(["compare", "a.json", "other.json", "--fail-on-regression", "5%"]) == 1
    assert "not comparable: device host there, pixel-8a here; a gate needs" in capfd.readouterr().err


@pytest.mark.usefixtures("reports")
def test_a_gate_needs_runs_enough(capfd: pytest.CaptureFixture[str]) -> None:
    Path("few.json").write_text(dataclasses.replace(REPORT, times_ms=(100.0,) * 9).to_json())
    assert main(["compare", "a.json", "few.json"]) == 0
    assert main(["compare", "a.json", "few.json", "--fail-on-regression", "5%"]) == 1
    assert "a gate needs 10 timed runs of each" in capfd.readouterr().err


@pytest.mark.usefixtures("reports")
def test_json_is_one_document(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a.json", "slow.json", "--fail-on-regression", "5%", "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert document["regression"] is True and document["tolerated"] == 0.05
    assert document["change"]["ratio"] == pytest.approx(1.1) and document["change"]["reasons"] == []
    assert document["figures"][0]["figure"] == "P50 ms"


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize("arguments", [["a.json", "absent.json"], ["a.json", "same.json", "--fail-on-regression", "much"]])
def test_what_cannot_be_done_is_one_line(capfd: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["compare", *arguments]) == 1
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1


@pytest.mark.usefixtures("reports")
def test_a_report_is_markdown_and_one_page(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "a.json", "other.json", "--out", "out"]) == 0
    assert capfd.readouterr().out.split() == ["out/report.md", "out/report.html"]
    assert "## pixel-8a · Fast Chip 9" in Path("out/report.md").read_text()
    assert Path("out/report.html").read_text().startswith("<!doctype html>")
    assert main(["report"]) == 1
    assert "no reports named" in capfd.readouterr().err


@pytest.mark.usefixtures("reports")
def test_which_tells_files_of_one_name_apart(capfd: pytest.CaptureFixture[str]) -> None:
    twin = dataclasses.replace(REPORT, subject=dataclasses.replace(REPORT.subject, sha256="cd" * 32), threads=4)
    Path("twin.json").write_text(twin.to_json())
    assert main(["which", "--device-class", "host", "--record", "a.json", "--record", "twin.json"]) == 0
    captured = capfd.readouterr()
    names = re.findall(r"^a-fp32\.onnx \((\w{8})\) +\d", captured.out, re.M)
    assert sorted(names) == ["abababab", "cdcdcdcd"]
    assert "next: mobile-inpaint export --target onnx --model a --precision fp32" in captured.err


@pytest.mark.usefixtures("reports")
def test_which_says_from_which_measurement(capfd: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["which", "--device-class", "phone-mid", "--max-ms", "200", "--record", "a.json", "--record", "other.json"]) == 0
    )
    out = capfd.readouterr().out
    assert out.startswith("a-fp32.onnx\n\nmeasured on pixel-8a (Fast Chip 9), 2026-11-21") and "not judged" in out
    assert main(["which", "--device-class", "phone-mid", "--max-mb", "20", "--record", "other.json", "--json"]) == 1
    captured = capfd.readouterr()
    document = json.loads(captured.out)
    assert document["chosen"] is None and document["options"][0]["misses"] == ["28.0 MB"]
    assert "none of 1 artifacts measured on class phone-mid keeps the bounds" in captured.err
    assert main(["which", "--device-class", "phone-mid", "--record", "a.json"]) == 1
    assert "the record has host, which stands for none" in capfd.readouterr().err
    assert main(["which", "--device-class", "fridge"]) == 1
    assert "unknown class 'fridge': there are host, " in capfd.readouterr().err
