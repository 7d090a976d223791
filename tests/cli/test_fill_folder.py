"""``fill`` of folders and through pipes."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import main

Captured = pytest.CaptureFixture[str]
COUNT = 10


def photo(number: int) -> pil.Image:
    return pil.fromarray(np.random.default_rng(number).integers(0, 256, (60, 80, 3), np.uint8))


def mask(number: int) -> pil.Image:
    mark = np.zeros((60, 80), np.uint8)
    mark[10 + number : 20 + number, 30:50] = 255
    return pil.fromarray(mark)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(COUNT):
        folder = Path("sub") if number % 5 == 0 else Path()
        for root in ("photos", "masks"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        photo(number).save(Path("photos") / folder / f"{number}.{'jpg' if number % 2 else 'png'}")
        mask(number).save(Path("masks") / folder / f"{number}{'_mask' if number % 3 else ''}.png")
    (tmp_path / "photos" / "read.me").write_text("no photo")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_killed_and_resumed_is_as_unbroken(place: Path, small_checkpoint: Path, capfd: Captured) -> None:
    words = ["fill", "photos", "--mask", "masks", "--model", str(small_checkpoint), "--threads", "1"]
    assert main([*words, "--out", "whole"]) == 0
    assert f"{COUNT} photos filled" in capfd.readouterr().out
    whole = contents(place / "whole")
    assert whole.keys() == contents(place / "photos").keys() - {"read.me"}
    killed = subprocess.Popen([sys.executable, "-m", "mobile_inpaint", *words, "--out", "out"], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while killed.poll() is None and time.monotonic() < until and len(list(place.glob("out/*.*g"))) < 1:
        time.sleep(0.002)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    there = {path: path.stat().st_mtime_ns for path in (place / "out").rglob("[0-9]*.*g")}
    assert 0 < len(there) < COUNT
    assert main([*words, "--out", "out", "--resume"]) == 0
    assert contents(place / "out") == whole
    assert all(path.stat().st_mtime_ns == changed for path, changed in there.items())
    assert f"{COUNT - len(there)} photos filled" in capfd.readouterr().out
    # other options, another photo or another mask: what is there is not the result any more
    mask(7).save("masks/1_mask.png")
    assert main([*words, "--out", "out", "--resume", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [done["out"] for done in told["filled"]] == ["out/1.jpg"]
    assert told["left_out"] == COUNT - 1
    assert main([*words, "--out", "out", "--resume", "--json", "--grow", "1"]) == 0
    assert len(json.loads(capfd.readouterr().out)["filled"]) == COUNT


def test_what_fails_is_told_at_the_end_and_the_rest_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_checkpoint: Path, capfd: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    Path("o").mkdir()
    for name in ("a", "b", "c", "d", "e"):
        photo(0).save(f"p/{name}.png")
        if name != "b":
            mask(0).save(f"p/{name}_mask.png")
    Path("p/c.png").write_bytes(b"no picture")
    pil.new("L", (9, 9), 255).save("p/d_mask.png")
    photo(1).save("o/e.png")  # a user's own
    mine = Path("o/e.png").read_bytes()
    words = ["fill", "p", "--mask", "p", "--out", "o", "--model", str(small_checkpoint), "--threads", "1"]
    assert main(words) == 1
    said = capfd.readouterr()
    assert "1 photos filled" in said.out
    failures = [line for line in said.err.splitlines() if line.startswith("not filled")]
    for line, (name, reason) in zip(
        failures, {"b": "no mask", "c": "not a picture", "d": "9 x 9", "e": "no earlier result"}.items(), strict=True
    ):
        assert f"{name}.png" in line
        assert reason in line
    assert said.err.splitlines()[-1] == "mobile-inpaint: 4 of 5 photos were not filled; the lines above say why"
    assert {path.name for path in Path("o").iterdir()} == {"a.png", "e.png"}
    assert Path("o/e.png").read_bytes() == mine


def test_one_mask_for_all_and_another_format(place: Path, small_checkpoint: Path) -> None:
    words = ["fill", "photos", "--mask", "masks/0_mask.png", "--out", "out", "--model", str(small_checkpoint), "--threads", "1"]
    assert main(words) == 1  # there is no such mask: it is in a sub-folder
    mask(3).save("m.png")
    words[3] = "m.png"
    assert main([*words, "--format", "webp"]) == 0
    names = contents(place / "out").keys()
    assert len(names) == COUNT
    assert all(name.endswith(".webp") for name in names)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("empty --mask m.png --out out", "no photo in it"),
        ("photos --mask m.png --out m.png", "is a file, and photos is a folder"),
        ("photos --mask m.png --out photos", "is the folder of the photos"),
        ("photos --mask nowhere --out out", "no such file or folder"),
        ("photos --mask m.png --out -", "is a folder"),
        ("photos --mask m.png --out out --model nobody", "unknown checkpoint|nobody"),
        ("twins --mask m.png --out out --format png", "its result would be called as that of"),
    ],
)
def test_a_folder_that_cannot_be_filled_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured, arguments: str, said: str
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    for name in ("empty", "photos", "twins"):
        Path(name).mkdir()
    photo(0).save("photos/a.png")
    photo(0).save("twins/a.png")
    photo(0).save("twins/a.webp")
    mask(0).save("m.png")
    assert main(["fill", *arguments.split()]) == 1
    captured = capfd.readouterr()
    assert re.search(said, captured.err)
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""
    assert {path.name for path in Path("photos").iterdir()} == {"a.png"}


def test_pipes_in_and_out(tmp_path: Path, small_checkpoint: Path) -> None:
    photo(0).save(tmp_path / "p.jpg", quality=90)
    mask(0).save(tmp_path / "m.png")
    command = f"""
        cd {tmp_path}; fill() {{ {sys.executable} -m mobile_inpaint fill "$@" --model {small_checkpoint}; }}
        fill p.jpg --mask m.png --out file.jpg &&
        cat p.jpg | fill - --mask <(cat m.png) --out - > piped.jpg &&
        fill /dev/stdin --mask m.png --out /dev/stdout --format png < p.jpg | cat > piped.png
    """
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "standard output: 200 pixels filled" in done.stderr
    assert (tmp_path / "piped.jpg").read_bytes() == (tmp_path / "file.jpg").read_bytes()
    with pil.open(io.BytesIO((tmp_path / "piped.png").read_bytes())) as picture:
        assert (picture.format, picture.size) == ("PNG", (80, 60))


def test_an_execution_provider_that_is_not_there_is_one_line(tmp_path: Path, capfd: Captured) -> None:
    import grey_artifact

    photo(0).save(tmp_path / "p.png")
    mask(0).save(tmp_path / "m.png")
    path = tmp_path / "one-fp32.onnx"
    grey_artifact.write(path, content=b"one")
    words = ["fill", str(tmp_path / "p.png"), "--mask", str(tmp_path / "m.png"), "--artifact", str(path)]
    assert main([*words, "--out", str(tmp_path / "o.png"), "--device", "cuda"]) == 1
    line = capfd.readouterr().err.strip()
    assert "this ONNX Runtime has" in line
    assert "CPU" in line
    assert len(line.splitlines()) == 1
    assert main([*words, "--out", str(tmp_path / "o.png"), "--device", "CPUExecutionProvider"]) == 0
