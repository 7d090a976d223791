"""Holes at native size are as they are said to be, and --native says in one line what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import main
from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.evaluation.native.cases import HOLE_PX, NativeCases, half_of, holes
from mobile_inpaint.evaluation.native.figures import tile_of
from mobile_inpaint.photo.compositor.tiles import bounding_box


def noisy(folder: Path, name: str, width: int, height: int) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    pil.fromarray(grey).resize((width, height), pil.Resampling.BICUBIC).save(folder / name)


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_holes_have_their_size_and_their_paint(name: str) -> None:
    tight, painted = holes((720, 1440), name, 0)
    box = bounding_box(tight)
    assert box is not None and HOLE_PX[0] * 0.9 <= box.side <= 720 * 4 // 5
    assert painted[tight].all()
    assert 1.39 <= painted.sum() / tight.sum() <= 1.7
    again = holes((720, 1440), name, 0)
    np.testing.assert_array_equal(again[0], tight)
    assert not np.array_equal(holes((720, 1440), name, 1)[0], tight)


def test_small_photos_are_left_out_and_halves_are_apart(tmp_path: Path) -> None:
    for name, width, height in (("small.jpg", 800, 600), ("large.jpg", 1400, 700)):
        noisy(tmp_path, name, width, height)
    source = open_photos(tmp_path, memory_mb=0)
    cases = list(NativeCases(source, "all", 0, None, print))
    assert [(case.photo, case.kind) for case in cases] == [("large", "tight"), ("large", "painted")]
    assert len(list(NativeCases(source, half_of("large"), 0, None, print))) == 2


def test_the_tile_holds_most_of_the_hole() -> None:
    hole = np.zeros((900, 1000), bool)
    hole[400:700, 500:900] = True
    box = tile_of(hole)
    assert hole[box.slices].sum() == 300 * 384 and hole[box.slices].shape == (384, 384)


@pytest.mark.parametrize(
    ("words", "line"),
    [([], "name a folder with --photos"), (["--photos", ".", "--detail", "much"], "it must be auto, off, on")],
)
def test_what_is_wrong_is_said_in_one_line(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "telea", "--native", *words, "--out", str(tmp_path / "report")]) == (1 if words else 2)
    said = capsys.readouterr().err.strip()
    assert line in said and "\n" not in said


def test_a_folder_without_large_photos_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noisy(tmp_path, "small.jpg", 800, 600)
    assert main(["evaluate", "telea", "--native", "--photos", str(tmp_path), "--out", str(tmp_path / "report")]) == 1
    assert "no photo has a side of 1400 px or more" in capsys.readouterr().err
