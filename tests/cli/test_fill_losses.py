"""``fill`` replaces nothing that a user made, and refuses what cannot be meant, in one line."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as pil

from mobile_inpaint.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    pil.fromarray(noise).save("p.png")
    pil.fromarray(noise).convert("L").save("grey.png")
    mark = np.zeros((90, 120), bool)
    mark[30:50, 40:60] = True
    pil.fromarray(mark).save("m.png")
    pil.fromarray(~mark).save("inverted.png")
    pil.fromarray(np.dstack([noise, np.where(mark, 0, 255).astype(np.uint8)])).save("erased.png")
    pil.fromarray(np.dstack([noise, np.where(mark, 255, 0).astype(np.uint8)])).save("kept.png")
    pil.fromarray(255 - noise).save("other.png")
    (tmp_path / "notes.png").write_text("precious")
    (tmp_path / "folder").mkdir()
    return tmp_path


def digests(place: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in place.iterdir() if path.is_file()}


def fails(arguments: list[str], model: Path, capsys: Captured) -> str:
    assert main(["fill", *arguments, "--model", str(model)]) in (1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    return lines[0]


def test_what_cannot_be_meant_is_one_line_and_nothing_is_lost(place: Path, small_checkpoint: Path, capsys: Captured) -> None:
    before = digests(place)
    for arguments, said in {
        "p.png --mask m.png --out m.png": "is the mask itself.*--overwrite",
        "p.png --mask m.png --out p.png": "is the photo itself.*--overwrite",
        "p.png --mask m.png --out other.png": "no earlier result.*--overwrite",
        "p.png --mask m.png --out notes.png": "no earlier result.*--overwrite",
        "p.png --mask m.png --out folder": "is a folder; name a file",
        "p.png --mask m.png --out folder/": "is a folder; name a file",
        "p.png --mask m.png --out .": "is a folder; name a file",
        "p.png --mask m.png --out new/": "name a file, such as",
        "m.png --mask p.png --out o.png": "looks like the mask.*swap them",
        "p.png --mask p.png --out o.png": "is the photo itself",
        "p.png --mask other.png --out o.png": "grey levels run from 0 to 255|grey levels run",
        "p.png --mask inverted.png --out o.png": "say --hole black",
        "p.png --mask m.png --hole black --out o.png": "say --hole white",
        "p.png --mask kept.png --hole alpha --out o.png": "say --hole opaque",
        "erased.png --mask erased.png --out o.png": "say --hole alpha",
        "p.png --mask m.png --grow 150 --out o.png": "leaves 0.0 % of the photo",
        "p.png --mask m.png --grow 75 --out o.png": r"leaves [0-4]\.\d % of the photo",
        "p.png --mask m.png --quality 50 --out o.png": "PNG .* has no quality",
        "p.png --mask m.png --quality 0 --out o.jpg": "--quality",
        "p.png --mask m.png --quality 300 --out o.jpg": "--quality",
        "p.png --mask m.png --threads -5 --out o.jpg": "--threads",
        "p.png --mask m.png --threads 0 --out o.jpg": "--threads",
        "https://example.com/p.png --mask m.png --out o.png": "an address",
        "p.png --mask https://example.com/m.png --out o.png": "an address",
        "p.png --mask m.png --out https://example.com/o.png": "an address",
        "p.png --mask folder --out o.png": "is a folder, and p.png is not",
        "p.png --mask m.png --out o.png --format webp": "its suffix says PNG",
        "p.png --mask m.png --out o.png --format tiff": "--format is 'tiff': it must be one of",
        "p.png --mask m.png --out o.png --resume": "--resume is for a folder",
        "- --mask - --out o.png": "one picture",
        "p.png --mask m.png --out - --json": "--json",
        "p.png --mask m.png --out o.png --device tpu": "--device tpu: torch runs on cpu, cuda, mps",
        "p.png --mask m.png --out o.png --device mps": "--device mps",
        "erased.png --mask m.png --hole white --keep-alpha --out o.jpg": "JPEG has no transparency",
    }.items():  # fmt: skip
        line = fails(arguments.split(), small_checkpoint, capsys)
        assert re.search(said, line), (arguments, line)
    assert digests(place) == before


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif"])
def test_an_earlier_result_is_replaced_without_a_question(place: Path, small_checkpoint: Path, suffix: str) -> None:
    arguments = ["fill", "p.png", "--mask", "m.png", "--out", f"o.{suffix}", "--model", str(small_checkpoint)]
    assert main(arguments) == 0
    first = (place / f"o.{suffix}").read_bytes()
    assert main([*arguments, "--grow", "4"]) == 0
    assert (place / f"o.{suffix}").read_bytes() != first
    pil.open(f"o.{suffix}").convert("RGB").rotate(90).save(f"mine.{suffix}")  # by a program that keeps no EXIF
    assert main([*arguments[:5], f"mine.{suffix}", *arguments[6:]]) == 1


def test_any_file_is_replaced_when_asked(place: Path, small_checkpoint: Path) -> None:
    for out in ("m.png", "p.png", "notes.png"):
        words = ["fill", "p.png", "--mask", "m.png", "--model", str(small_checkpoint)]
        assert main([*words, "--out", out, "--overwrite", "--hole", "white"]) == 0
        with pil.open(out) as picture:
            assert picture.mode == "RGB"
        if out == "m.png":
            mark = np.zeros((90, 120), bool)
            mark[30:50, 40:60] = True
            pil.fromarray(mark).save("m.png")


def test_what_is_filled_can_be_seen(place: Path, small_checkpoint: Path, capsys: Captured) -> None:
    model = ["--model", str(small_checkpoint)]
    before = np.asarray(pil.open("erased.png"))
    hole = before[..., 3] == 0
    for words in (["--mask", "erased.png", "--hole", "alpha"], ["--mask", "m.png"]):
        assert main(["fill", "erased.png", *words, "--out", "o.png", *model]) == 0
        after = np.asarray(pil.open("o.png"))
        assert (after[..., 3] == 255).all()
        assert (after[~hole] == before[~hole]).all()
        assert (after[hole][:, :3] != before[hole][:, :3]).any(axis=-1).mean() > 0.9
    assert main(["fill", "erased.png", "--mask", "erased.png", "--hole", "alpha", "--out", "o.jpg", *model]) == 0
    with pil.open("o.jpg") as picture:
        assert picture.mode == "RGB"
    capsys.readouterr()
    assert main(["fill", "erased.png", "--mask", "m.png", "--keep-alpha", "--out", "o.png", *model]) == 0
    assert "--keep-alpha" in capsys.readouterr().err
    assert (np.asarray(pil.open("o.png"))[..., 3] == before[..., 3]).all()


def test_an_inverted_or_huge_hole_is_filled_when_it_is_meant(place: Path, small_checkpoint: Path) -> None:
    model = ["--model", str(small_checkpoint), "--out", "o.png", "--allow-full"]
    assert main(["fill", "p.png", "--mask", "inverted.png", *model]) == 0
    assert main(["fill", "p.png", "--mask", "m.png", "--grow", "150", *model]) == 0


def test_several_networks_in_a_file_name_a_command_that_there_is(
    place: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``fill`` has no ``--key``."""
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    network = {"c.weight": torch.ones(3, 4, 3, 3)}
    torch.save({"G": network, "G_ema": network, "step": 1000}, "gan.pt")
    line = fails(["p.png", "--mask", "m.png", "--out", "o.png"], Path("gan.pt"), capsys)
    found = re.search(
        "holds several networks: G_ema, G; choose one with: mobile-inpaint (weights add NAME FILE --key G_ema)$", line
    )
    assert found, line
    assert main(found[1].replace("NAME", "mine").replace("FILE", "gan.pt").split()) == 1
    assert "gan.pt holds the weights of no network of ours" in capsys.readouterr().err
