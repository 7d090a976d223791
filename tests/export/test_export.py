"""What an export leaves behind, and what it does not."""

from __future__ import annotations

import dataclasses
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ConversionError, ExportError, UnsupportedPrecision, VerificationError
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.precision import PRECISIONS
from mobile_inpaint.targets.registry import get_target, list_targets


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_writes_the_artifact_its_manifest_and_nothing_else(small_artifacts: dict[str, Artifact]) -> None:
    folder = small_artifacts["onnx"].path.parent
    expected = {f"toy-fp32{get_target(target).suffix}{end}" for target in list_targets() for end in ("", ".json")}
    assert names(folder) == expected


def test_replaces_a_file_and_a_folder(small_prepared: Prepared, tmp_path: Path) -> None:
    for target in ("onnx", "coreml"):
        ExportSession(small_prepared).export(target, "fp32", tmp_path)
        ExportSession(small_prepared).export(target, "fp32", tmp_path)
        Artifact.open(tmp_path / f"toy-fp32{get_target(target).suffix}")
    assert len(names(tmp_path)) == 4


@pytest.mark.parametrize("failure", ["converter", "verification"])
def test_a_failed_export_keeps_the_good_file(
    small_prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    good = ExportSession(small_prepared).export("onnx", "fp32", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    if failure == "converter":
        monkeypatch.setattr(torch.onnx, "export", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("no such operator\nmore")))
        with pytest.raises(ConversionError, match=r"the exporter failed: no such operator$"):
            ExportSession(small_prepared).export("onnx", "fp32", tmp_path)
    else:
        strict = dataclasses.replace(PRECISIONS["fp32"], floor_db=300.0)
        monkeypatch.setitem(PRECISIONS, "fp32", strict)  # type: ignore[arg-type]
        with pytest.raises(VerificationError, match="300 dB required"):
            ExportSession(small_prepared).export("onnx", "fp32", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    Artifact.open(good.path)


def test_what_a_target_lacks_is_said_before_any_work(small_prepared: Prepared, tmp_path: Path) -> None:
    out = tmp_path / "never"
    with pytest.raises(
        UnsupportedPrecision, match="target 'onnx' has no precision 'int8': int8 is called w8a8 here; it has fp32, fp16"
    ):
        ExportSession(small_prepared).export("onnx", "int8", out)  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="iOS16, iOS17, iOS18"):
        ExportSession(small_prepared).export("coreml", "fp16", out, deployment="iOS9")
    assert not out.exists()


def test_a_folder_that_cannot_be_written_to(small_prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="choose another with --out"):
        ExportSession(small_prepared).export("onnx", "fp32", tmp_path / "file")


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_whole_files_only(small_checkpoint: Path, tmp_path: Path) -> None:
    """SIGKILL cannot be caught: nothing but the order of the work protects the folder."""
    command = [sys.executable, "-m", "mobile_inpaint", "export", "--target", "onnx", "--precision", "fp32"]
    command += ["--model", str(small_checkpoint), "--out", str(tmp_path)]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - started
    dice = random.Random(0)
    for _ in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * dice.uniform(0.4, 1.0))  # before that it is still importing torch
        process.send_signal(signal.SIGKILL)
        process.wait()
        Artifact.open(tmp_path / "toy-fp32.onnx")
        visible = {name for name in names(tmp_path) if not name.startswith(".")}
        assert visible == {"toy-fp32.onnx", "toy-fp32.onnx.json"}
    subprocess.run(command, check=True, capture_output=True)
    assert names(tmp_path) == {"toy-fp32.onnx", "toy-fp32.onnx.json"}, "what killed runs left is swept"
