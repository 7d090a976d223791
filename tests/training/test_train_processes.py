from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_runs import TOML, entries, last, numbers

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.training.checkpoint import Checkpoints
from mobile_inpaint.training.config import read_config
from mobile_inpaint.training.train import train


def _command(*arguments: object, processes: int = 1) -> list[str]:
    here = ["-m", "mobile_inpaint", "train", *map(str, arguments)]
    if processes == 1:
        return [sys.executable, *here]
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", *here]


def _await_checkpoint(process: subprocess.Popen[str], run: Path) -> None:
    while not Checkpoints(run, 1).last():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


PROJECTED = (
    TOML.replace("resolution = 32", "resolution = 64")
    .replace("size_px = 32", "size_px = 64")
    .replace("ch_base = 256\nch_max = 16\n", 'kind = "projected"\n')
    .replace("levels = 0", "levels = 0\nlpips = 1\nr1_gamma = 0")
)
"""Trunks look from another pixel in each step, the same in all processes, and heads keep what their norms were found by."""

EITHER = pytest.mark.parametrize("text", [TOML, PROJECTED], ids=["migan", "projected"])


@EITHER
def test_killed_and_resumed_equals_unbroken(text: str, photos: PhotoSource, plain_photos: Path, tmp_path: Path) -> None:
    toml, run = tmp_path / "c.toml", tmp_path / "broken"
    toml.write_text(text.replace("steps = 8", "steps = 32").replace("workers = 0", "workers = 1"))
    arguments = ("--config", toml, "--photos", plain_photos, "--out", run)
    with subprocess.Popen(_command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _await_checkpoint(process, run)
        process.send_signal(signal.SIGKILL)
    assert 4 <= max(Checkpoints(run, 1).steps()) < 32
    subprocess.run(_command(*arguments, "--resume"), check=True, capture_output=True)

    toml.write_text(text.replace("steps = 8", "steps = 32"))
    train(read_config(toml), photos, tmp_path / "whole")
    whole, broken = numbers(tmp_path / "whole"), numbers(run)
    assert whole.keys() == broken.keys() and len(whole) > 100
    assert all(torch.equal(whole[key], broken[key]) for key in whole)
    assert [entry["losses"] for entry in entries(tmp_path / "whole")] == [entry["losses"] for entry in entries(run)]


@EITHER
def test_two_processes_equal_one(text: str, photos: PhotoSource, plain_photos: Path, tmp_path: Path) -> None:
    toml = tmp_path / "c.toml"  # fresh noise is drawn by each process for itself
    toml.write_text(text.replace("[generator]", '[generator]\nnoise = "constant"'))
    arguments = ("--config", toml, "--photos", plain_photos, "--out", tmp_path / "two")
    subprocess.run(_command(*arguments, processes=2), check=True, capture_output=True)
    train(read_config(toml), photos, tmp_path / "one")
    one, two = entries(tmp_path / "one"), entries(tmp_path / "two")
    assert len(one) == len(two) == 8
    for ours, theirs in zip(one, two, strict=True):
        # Adam's first steps go by the signs of gradients alone, so that rounding grows from step to step
        tolerance = 1e-5 if ours["step"] <= 2 else 2e-3
        for kind in ("losses", "gradients"):
            assert theirs[kind] == pytest.approx(ours[kind], rel=tolerance), ours["step"]


def test_sigterm_ends_with_a_checkpoint(plain_photos: Path, tmp_path: Path) -> None:
    toml, run = tmp_path / "c.toml", tmp_path / "run"
    toml.write_text(TOML.replace("steps = 8", "steps = 100000").replace("workers = 0", "workers = 1"))
    process = subprocess.Popen(
        _command("--config", toml, "--photos", plain_photos, "--out", run),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _await_checkpoint(process, run)
    os.killpg(process.pid, signal.SIGTERM)  # as `timeout` does, the processes that read photos included
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and "Traceback" not in err, err
    assert "SIGTERM received: stopped after step" in err and out.strip() == str(run / "model.safetensors")
    assert entries(run)[-1]["step"] == int(last(run).stem.removeprefix("step-"))
