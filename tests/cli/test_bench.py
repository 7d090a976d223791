from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from mobile_inpaint.bench.devices.registry import list_devices
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.cli import main

QUICK = ("--threads", "1", "--warmup", "0", "--iterations", "2")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[Path]:
    """Two foreign files, and the folder they stand in as the current one."""
    monkeypatch.chdir(tmp_path)
    paths = [Path("a.onnx"), Path("b.onnx")]
    for path in paths:
        ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8])] for name in ("x", "y")]
        graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", *ends)
        onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)
    return paths


def test_json_is_one_document_and_the_only_thing_on_stdout(models: Sequence[Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "a.onnx", "b.onnx", *QUICK, "--compare", "paper", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["reference"] == "a.onnx"
    first, second = document["measured"]
    assert first["ratio"] is None and second["ratio"]["median"] > 0
    assert first["statistics"]["n"] == 2 and len(first["report"]["times_ms"]) == 2
    assert first["report"]["command"] == (
        "mobile-inpaint bench a.onnx b.onnx --threads 1 --warmup 0 --iterations 2 --compare paper"
    )
    assert {row["source"] for row in document["published"]} >= {"paper", "lightforge"}
    assert not any(row["comparable"] for row in document["published"])
    assert document["kept"] == []


def test_a_trial_in_a_checkout_leaves_the_record_alone(
    models: Sequence[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file, root = models[0].absolute(), Path(__file__).parents[2]
    monkeypatch.chdir(root)
    before = {path: path.stat().st_mtime_ns for path in (root / "benchmarks").rglob("*")}
    assert main(["bench", str(file), *QUICK, "--compare", "paper", "--no-record"]) == 0
    assert {path: path.stat().st_mtime_ns for path in (root / "benchmarks").rglob("*")} == before
    captured = capfd.readouterr()
    assert "--no-record goes in the next release: leave it out" in captured.err
    assert "next: keep the report to compare it later: mobile-inpaint bench a.onnx" in captured.err
    assert re.search(r"comparable with 0 of \d+ published timings \(all: another ", captured.out)
    tables = [line for line in captured.out.splitlines() if line.startswith(("file ", "a.onnx "))]
    assert len(tables) == 4 and max(map(len, tables)) <= 80


def test_tables_say_what_was_measured_where(models: Sequence[Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "a.onnx", *QUICK, "--compare", "b.onnx"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("host: ")
    for text in ("1 thread ", "2 timed runs", "P50 ms", "P99", "cold load ms", "peak MB", "times as fast as b.onnx"):
        assert text in out, text


def test_reports_are_kept_and_can_be_set_beside_others(models: Sequence[Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "a.onnx", *QUICK, "--record", "kept", "--json"]) == 0
    (kept,) = json.loads(capfd.readouterr().out)["kept"]
    assert LatencyReport.load(Path(kept)).subject.name == "a.onnx"
    assert "| a.onnx |" in Path("kept/table.md").read_text()
    assert main(["bench", "b.onnx", *QUICK, "--compare", kept]) == 0
    assert re.search(r"\d times as long \(95 % interval .*\), measured apart", capfd.readouterr().out)
    assert main(["bench", "b.onnx", *QUICK, "--compare", kept, "--json"]) == 0
    (beside,) = json.loads(capfd.readouterr().out)["beside"]
    assert (beside["theirs"], beside["reasons"]) == ("a.onnx", [])


def test_another_runtime_is_named_behind_the_file(models: Sequence[Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "a.onnx@openvino", *QUICK, "--compare", "a.onnx", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["reference"] == "a.onnx"
    assert [one["report"]["subject"]["name"] for one in document["measured"]] == ["a.onnx@openvino", "a.onnx"]
    assert document["measured"][0]["report"]["command"].startswith("mobile-inpaint bench a.onnx@openvino --threads 1")
    assert main(["bench", "a.onnx@openvno", *QUICK]) == 1
    assert "there are openvino, openvino-bf16" in capfd.readouterr().err


def test_a_phone_that_is_not_here_is_said_in_one_line(models: Sequence[Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "a.onnx", "--device", "pixel-8a"]) == 1
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err.startswith("mobile-inpaint: ") and captured.err.count("\n") == 1


def test_without_a_file_the_artifact_that_suits_the_device_is_taken(
    models: Sequence[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    Path("artifacts").mkdir()
    for name in ("migan-lite-fp16.tflite", "migan-lite-fp16.mlpackage", "migan-lite-fp16.onnx"):
        shutil.copy("a.onnx", Path("artifacts") / name)
    for device in ("pixel-8a", "iphone-16"):
        assert main(["bench", "--device", device]) == 1
        assert capfd.readouterr().err.count("\n") == 1, "nothing is exported when the file is there"
    assert main(["bench", *QUICK, "--json"]) == 0
    (measured,) = json.loads(capfd.readouterr().out)["measured"]
    assert measured["report"]["subject"]["name"] == "migan-lite-fp16.onnx"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "nokia"], "unknown device 'nokia': there are host, "),
        (["a.onnx", "--compare", "nonsense"], "--compare 'nonsense': no such file; name one, or paper, or published-graph"),
        (["absent.onnx"], "absent.onnx: no such file"),
        (["a.onnx", "--photo", "a.jpg"], "--photo and --mask go together"),
        (["a.onnx", "--iterations", "0"], "--iterations"),
        (["a.onnx", "--threads", "0"], "--threads"),
        (["a.onnx", "--compare", "wrong.json"], "wrong.json"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    models: Sequence[Path], capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Path("wrong.json").write_text("{}")
    assert main(["bench", *arguments]) == (2 if message.startswith("--") and "nonsense" not in message else 1)
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert message in captured.err


def test_devices_are_listed_connected_first(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    lines = capfd.readouterr().out.splitlines()
    connected = [line for line in lines if line.startswith("connected: ")]
    assert connected[0] == "connected: host, this machine" and lines[: len(connected)] == connected
    assert lines[len(connected) + 1].split()[0] == "host"
    assert {line.split()[0] for line in lines[len(connected) + 1 :]} == set(list_devices())
    assert main(["devices", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert rows[0]["id"] == "host" and rows[0]["connected"]
    assert [row["connected"] for row in rows] == sorted((row["connected"] for row in rows), reverse=True)
    (pixel,) = [row for row in rows if row["id"] == "pixel-8a"]
    told = (pixel["maker"], pixel["soc"], pixel["year"], pixel["target"], pixel["precision"])
    assert told == ("Google", "Tensor G3", 2024, "tflite", "fp16")
