"""Whatever is typed: exit code 1 or 2, one line, no traceback, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import VERBS, console, main

Captured = pytest.CaptureFixture[str]
LONG, LONGER = "9" * 400, "9" * 5_000
FILL = ["fill", "p.png", "--mask", "m.png", "--out", "o.png"]
TOML = {
    "deep.toml": "a = " + "[" * 3_000,
    "digits.toml": "a = " + LONGER,
    "long.toml": 'target = "onnx"\n[quantization]\nsamples = ' + LONG + "\npercentile = " + LONG,
    "samples.toml": 'target = "onnx"\n[quantization]\nsamples = 4611686018427387904',
    "percent.toml": 'target = "onnx"\n[quantization]\npercentile = 1e300',
    "steps.toml": "[run]\nsteps = " + LONG,
    "batch.toml": "[data]\nbatch = 4611686018427387904\nsize_px = 0",
    "rates.toml": "[optimizer]\ngenerator_lr = 1e300\nbeta1 = nan",
    "loss.toml": "[loss]\nl1 = inf",
    "overrides.toml": "[generator]\noverrides = { ch_max = 99999999 }",
    "shares.toml": "[data.holes.shares]\nobjects = -1",
    "key.toml": '"\\u001b[2J' + "k" * 5_000 + '" = 1',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "home"))
    pil.fromarray(np.full((48, 64, 3), 90, np.uint8)).save("p.png")
    hole = np.zeros((48, 64), np.uint8)
    hole[10:20, 10:20] = 255
    pil.fromarray(hole).save("m.png")
    for name, text in TOML.items():
        (place / name).write_text(text)
    (place / "report.json").write_text('{"schema": ' + LONG + "}")
    return place


CASES = [
    *([*FILL, "--grow", value] for value in (LONG, LONGER, "82", "-1", "1.5", "nan", "inf", "²", "٣", "\x1b[2J", "", "auto!")),
    *([*FILL, "--quality", value] for value in ("0", "101", "-1", LONG, LONGER, "nan", "\n")),
    *([*FILL, "--threads", value] for value in ("0", "-1", "100000", LONG, LONGER)),
    *([*FILL, "--max-pixels", value] for value in ("0", "-1", "10", LONG, LONGER)),
    ["fill", "p.png", "--mask", "m.png", "--out", "nowhere/o.png"],
    ["fill", "p.png", "--mask", "m.png", "--out", "o.tiff"],
    ["fill", "p.png", "--mask", "m.png", "--out", "p.png"],
    ["fill", "p\0.png", "--mask", "m.png", "--out", "o.png"],
    ["fill", "\ud800.png", "--mask", "m.png", "--out", "o.png"],
    ["fill", os.fsdecode(b"\xff\xfe.png"), "--mask", "m.png", "--out", "o.png"],
    ["fill", "a\n\x1b]0;b\x07.png", "--mask", "m.png", "--out", "o.png"],
    ["fill", "x" * 5_000, "--mask", "m.png", "--out", "o.png"],
    [*FILL, "--hole", "\x1b[31mblack"],
    ["\x1b[2J"],
    ["x" * 5_000],
    ["--" + "x" * 5_000],
    ["weights", "path", "\x1b[2J" + "x" * 5_000],
    ["weights", "path", os.fsdecode(b"\xff")],
    ["info", "x\0"],
    ["info", os.fsdecode(b"\xff.onnx")],
    ["bench", "--warmup", "-1"],
    ["bench", "--iterations", LONG],
    ["bench", "--iterations", "100000000000"],
    ["bench", "--max-temp-c", "nan"],
    ["bench", "--cooldown", "inf"],
    ["bench", "--device", "\x1b[2J"],
    ["bench", "x.onnx", "--threads", "99999999"],
    ["which", "--device-class", "host", "--max-ms", "nan"],
    ["which", "--device-class", "\x1b[2J" + "x" * 500],
    ["compare", "report.json", "report.json", "--fail-on-regression", LONG],
    ["compare", "report.json", "report.json"],
    ["serve", "--port", "65536"],
    ["serve", "--port", "-1"],
    ["export", "--target", "onnx", "--seed", "4294967296"],
    ["export", "--target", "onnx", "--calib-samples", LONG],
    ["export", "--target", "onnx", "--percentile", "nan"],
    ["export", "--target", "onnx", "--equalization", "inf"],
    ["verify", "x.onnx", "--quality-crops", "0"],
    ["evaluate", "telea", "--limit", LONGER],
    ["evaluate", "telea", "--seed", "-1"],
    ["train", "--photos", ".", "--steps", "0"],
    ["train", "--photos", ".", "--minutes", "nan"],
    ["train", "--photos", ".", "--minutes", "-1"],
    *(["export", "--recipe", name] for name in TOML),
    *(["train", "--photos", ".", "--config", name] for name in TOML),
]  # fmt: skip


@pytest.mark.parametrize("arguments", CASES, ids=[f"{i} {' '.join(case)[:40]!r}" for i, case in enumerate(CASES)])
def test_nothing_typed_is_a_traceback(arguments: list[str], folder: Path, capfd: Captured) -> None:
    before = sorted(path.name for path in folder.iterdir())
    started = time.process_time()
    assert main(arguments) in (1, 2)
    assert time.process_time() - started < 5  # the first of them loads torch
    captured = capfd.readouterr()
    assert captured.out == ""
    line, end, rest = captured.err.partition("\n")
    assert line.startswith("mobile-inpaint: ") and line.isprintable() and end and not rest
    assert len(line) < 2_000
    assert sorted(path.name for path in folder.iterdir()) == before


MISTAKES = [
    # what was typed, the exit code, what the one line says to do
    ("fil p.png", 2, "did you mean: mobile-inpaint fill"),
    ("frobnicate", 2, "there are fill, bundle"),
    ("convert", 2, "did you mean: mobile-inpaint export"),
    ("quantize", 2, "did you mean: mobile-inpaint export --precision w8a8"),
    ("download", 2, "did you mean: mobile-inpaint weights fetch"),
    ("help", 2, "did you mean: mobile-inpaint --help"),
    ("--json models", 2, "stands behind it: mobile-inpaint COMMAND --json"),
    ("--versoin", 2, "see: mobile-inpaint --help"),
    ("fill", 2, "for example: mobile-inpaint fill photo.jpg -m mask.png -o result.jpg"),
    ("fill p.png", 2, "missing option '-m' / '--mask'"),
    ("fill p.png --msak m.png", 2, "did you mean: --mask"),
    ("fill p.png --output o.png -m m.png", 2, "did you mean: --out"),
    ("fill --image p.png -m m.png -o o.png", 2, "give PHOTO without an option"),
    ("fill p.png m.png o.png -m m.png -o o.png", 2, "unexpected argument 'm.png'; see: mobile-inpaint fill --help"),
    ("export --target onnx --io foto", 2, "'tensor', 'photo'"),
    ("fill p.png -m m.png -o o.png --artifact p.png", 1, "not an artifact (.onnx, .tflite, .mlpackage); name an exported file"),
    ("fill p.png -m m.png -o o.png --model migan", 1, "did you mean 'migan-lite'?"),
    ("export", 2, "--target coreml|onnx|tflite|all, or --recipe FILE"),
    ("export onnx", 2, "did you mean: mobile-inpaint export --target onnx"),
    ("export int8", 2, "--precision w8a8"),
    ("export migan-lite", 2, "--model migan-lite"),
    ("export --format onnx", 2, "did you mean: --target"),
    ("export --int8 --target onnx", 2, "did you mean: --precision w8a8"),
    ("export --target onxx", 1, "did you mean 'onnx'?"),
    ("export --target onnx --precision int8", 1, "int8 is called w8a8 here"),
    ("export --target onnx --precision half", 1, "half is called fp16 here"),
    ("export --target onnx --hole black", 2, "add --io photo"),
    ("verify", 2, "for example: mobile-inpaint verify artifacts/"),
    ("verify nope.onnx", 1, "make one with: mobile-inpaint export"),
    ("verify p.png", 1, "name an exported file"),
    ("info .", 1, "a folder, without an artifact"),
    ("lint nope.onnx", 1, "nope.onnx: no such file"),
    ("lint p.png", 1, ".onnx, .tflite"),
    ("bench p.png --photo p.png", 2, "name both, or neither"),
    ("bench --device pixel8a", 1, "did you mean 'pixel-8a'?"),
    ("bench p.png --runs 3", 2, "did you mean: --iterations"),
    ("bench p.png --compare papre", 1, "no such file; name one, or paper, or published-graph"),
    ("compare a.json b.json", 1, "a.json: no such file"),
    ("compare report.json", 2, "missing argument 'B.json' (The later report)"),
    ("report", 1, "name FILE.json, or the folder given to bench --record"),
    ("which", 2, "--device-class"),
    ("which host", 2, "did you mean: mobile-inpaint which --device-class host"),
    ("which --device-class phone", 1, "there are host"),
    ("evaluate", 2, "for example: mobile-inpaint evaluate"),
    ("evaluate telea --photos nope", 1, "nope: no such folder; name one with photos"),
    ("evaluate telea --native", 2, "name a folder with --photos"),
    ("train", 2, "missing option '--photos'"),
    ("train p.png", 2, "did you mean: mobile-inpaint train --photos p.png"),
    ("train --photos . --epochs 3", 2, "did you mean: --steps"),
    ("train --photos . --config finetun", 1, "finetune"),
    ("photos", 2, "there are list, fetch"),
    ("photos fetch", 2, "for example: mobile-inpaint photos fetch"),
    ("photos fetch trian -o x", 1, "did you mean 'train'?"),
    ("weights", 2, "there are list, fetch, add, path, remove"),
    ("weights fech migan-lite", 2, "did you mean: mobile-inpaint weights fetch"),
    ("weights fetch migan-256-places2", 1, "https://github.com/Picsart-AI-Research/MI-GAN"),
    ("weights fetch migan-512-erase", 1, "make it with: mobile-inpaint train"),
    ("weights add mine p.png", 1, "p.png"),
    ("weights remove migan-lite", 1, "stays"),
    ("bundle nope.onnx --app web --into app", 1, "make one with: mobile-inpaint export"),
    ("bundle m.png --app windows", 1, "there are android, ios, web"),
    ("serve", 1, "name the folder of one"),
    ("serve nowhere", 1, "nowhere: no such folder"),
    ("serve .", 1, "mobile-inpaint bundle --app web --into model"),
    ("models migan-lite", 2, "unexpected argument 'migan-lite'; see: mobile-inpaint models --help"),
    ("targets --jsn", 2, "did you mean: --json"),
    ("devices android", 2, "see: mobile-inpaint devices --help"),
    ("doctor exprt", 2, "did you mean: mobile-inpaint doctor export"),
    ("--show-completion tcsh", 2, "there is one for bash, zsh, fish"),
]


@pytest.mark.parametrize(("typed", "code", "remedy"), MISTAKES, ids=[typed for typed, _, _ in MISTAKES])
def test_a_mistake_is_one_line_that_says_what_to_do(typed: str, code: int, remedy: str, folder: Path, capfd: Captured) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(typed.split()) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    line, end, rest = captured.err.partition("\n")
    assert line.startswith("mobile-inpaint: ") and line.isprintable() and end and not rest
    assert remedy in line
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_every_verb_has_a_mistake_above() -> None:
    assert set(VERBS) <= {word for typed, _, _ in MISTAKES for word in typed.split()}


def test_a_name_that_is_not_utf_8_is_a_name_like_any_other(folder: Path, capfd: Captured) -> None:
    name = os.fsdecode(b"\xff.png")
    (folder / "p.png").rename(folder / name)
    assert main(["fill", name, "--mask", "m.png", "--out", "o" + name, "--model", "nonsense"]) == 1
    assert "nonsense" in capfd.readouterr().err
    console.say(name)
    assert capfd.readouterr().out == "\\udcff.png\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_a_message_can_be_printed_in_every_encoding(folder: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "mobile_inpaint", "info", os.fsdecode(b"\xff\xc3\xa4\x1b\xe2\x86\x92.onnx")]
    environment = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"}
    answer = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert answer.returncode == 1 and answer.stderr.count(b"\n") == 1 and b"Traceback" not in answer.stderr


def test_a_manifest_beyond_all_numbers(folder: Path, capfd: Captured) -> None:
    (folder / "a.onnx").write_bytes(b"")
    for value in (LONG, "-1", "1e999", "NaN", '"\\ud800"', "[" * 3_000):
        (folder / "a.onnx.json").write_text('{"bytes": ' + value + "}")
        assert main(["info", "a.onnx"]) == 1
        line = capfd.readouterr().err
        assert line.count("\n") == 1 and line[:-1].isprintable()


def test_a_photo_whose_metadata_is_dropped_is_filled_and_says_so(folder: Path, small_checkpoint: Path, capfd: Captured) -> None:
    laughs = b"<!DOCTYPE x [<!ENTITY a 'ha'>]><x xmlns:h='http://ns.adobe.com/hdr-gain-map/1.0/'>&a;</x>"
    pil.open("p.png").save("p.webp", lossless=True, xmp=laughs)
    assert main(["fill", "p.webp", "--mask", "m.png", "--out", "o.png", "--model", str(small_checkpoint), "--json"]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["hole_pixels"] == 100
    assert [line for line in captured.err.splitlines() if "metadata" in line] == [
        "o.png: saved without metadata that cannot be read or does not fit PNG: XMP"
    ]
    assert (folder / "o.png").is_file()
