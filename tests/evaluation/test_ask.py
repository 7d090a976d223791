"""``evaluate --ask``: what a page is made of, and what is refused before any work is done."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import main
from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.data.quality_photos import FOLDER
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.cases import Case, Cases
from mobile_inpaint.evaluation.evaluate import PHOTO, Candidate, evaluate
from mobile_inpaint.evaluation.figures import KINDS, Judge
from mobile_inpaint.evaluation.native.figures import NATIVE_KINDS, NativeJudge
from mobile_inpaint.evaluation.native.native import NativeEvaluation, NativeRow
from mobile_inpaint.evaluation.votes.ask import write_ask
from mobile_inpaint.evaluation.votes.page import page_of
from mobile_inpaint.evaluation.votes.pairs import ShownCases
from mobile_inpaint.evaluation.votes.vote_file import FigureFacts
from mobile_inpaint.metrics.distribution import SetFeatures
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole


def grey(level: int) -> Candidate:
    def fill(pixels: Pixels, hole: Hole) -> Pixels:
        return np.where(hole[..., None], np.uint8(level), pixels)

    return Candidate(f"grey {level}", fill)


def case(name: str = "photo", side: int = 200) -> Case:
    truth = np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)
    hole = np.zeros((side, side), bool)
    hole[80:120, 90:110] = True
    return Case(name, "object", truth, hole)


def data_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.partition("const data = ")[2].partition(";\n")[0])
    return found


def test_an_evaluation_of_squares_becomes_a_page(tmp_path: Path) -> None:
    cases = Cases(open_photos(FOLDER, memory_mb=0), ["object", "thin"], 64, 0, 2, print)
    shown = ShownCases()
    candidates = [grey(0), grey(128), grey(255)]
    evaluation = evaluate(candidates, cases, Judge(), SetFeatures(), "some photos", looked=shown)
    line = write_ask(tmp_path / "page.html", evaluation, KINDS, shown)
    assert "12 pairs of 3 results" in line
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = data_of(page)
    assert data["seed"] == 0 and len(data["pairs"]) == 12 and len(data["pictures"]) == 12
    assert "grey" not in page.partition("const data")[2].partition("</script>")[0]


def test_whole_fills_have_every_figure_and_become_a_page(tmp_path: Path) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (30, 30, 3), np.uint8)
    truth = np.asarray(pil.fromarray(colours).resize((240, 240), pil.Resampling.BICUBIC))
    hole = np.zeros((240, 240), bool)
    hole[60:170, 70:180] = True
    fills = [grey(120).fill(truth, hole), np.where(hole[..., None], truth.mean(axis=(0, 1)).astype(np.uint8), truth)]
    found = NativeJudge().figures(truth, hole, fills)
    assert all(set(figures) == set(NATIVE_KINDS) and all(map(math.isfinite, figures.values())) for figures in found)
    own, *others = found
    for other in others:
        assert own["mismatch"] < other["mismatch"] and own["reinpainting"] < other["reinpainting"]
    candidates, tiles = (grey(120), grey(121)), (truth, truth)
    rows = [
        NativeRow("photo", "tight", 110, 1.0, name, 0.0, figures, tiles)
        for name, figures in zip((PHOTO, "grey 120", "grey 121"), found, strict=True)
    ]
    shown = ShownCases()
    shown(Case("photo", "tight", truth, hole), fills)
    line = write_ask(tmp_path / "page.html", NativeEvaluation("set", "all", 7, candidates, tuple(rows)), NATIVE_KINDS, shown)
    assert "page.html: 1 pairs of 2 results" in line
    assert data_of((tmp_path / "page.html").read_text(encoding="utf-8"))["seed"] == 7


def test_identical_results_are_not_asked_about_and_a_full_page_takes_no_more() -> None:
    shown = ShownCases(most_bytes=1)
    one = case("one")
    shown(one, [one.truth, one.truth, one.truth])
    assert shown.cases == [] and shown.identical == 3
    shown(one, [one.truth, grey(9).fill(one.truth, one.hole), one.truth])
    assert shown.cases[0].pairs == ((0, 1), (1, 2)) and shown.identical == 4
    for name in "ab":
        shown(case(name), [one.truth, grey(9).fill(one.truth, one.hole)])
    assert [entry.photo for entry in shown.cases] == ["one"] and shown.left_out == 2
    with pil.open(io.BytesIO(shown.cases[0].pictures[0])) as picture:
        assert picture.size == (20 + 2 * 64, 40 + 2 * 64), "the hole's window, at 100 %"


def test_nothing_to_ask_is_said() -> None:
    facts = {"lpips": FigureFacts("LPIPS", "less")}
    with pytest.raises(TrainingError, match="all results are identical"):
        page_of([], ["a", "b"], facts, {}, "photos", 0)
    with pytest.raises(TrainingError, match="compares 2 to 20 results of each photo, not 1"):
        page_of([], ["a"], facts, {}, "photos", 0)


@pytest.mark.parametrize("native", [[], ["--native"]])
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["telea", "--ask", "page.html"], "--ask compares at least two results"),
        (["telea", "navier-stokes", "--ask", "nowhere/page.html"], "nowhere/page.html: no file can be written there"),
        (["telea", "navier-stokes", "--ask", "."], "no file can be written there"),
        ([], "name what to evaluate"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    words: list[str],
    line: str,
    native: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *words, *native, "--photos", str(FOLDER)]) == (1 if words else 2)
    said = capsys.readouterr().err.strip()
    assert said.startswith("mobile-inpaint: ") and line in said and "\n" not in said
    assert list(tmp_path.iterdir()) == []
