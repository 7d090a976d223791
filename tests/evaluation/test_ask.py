"""``evaluate --ask``: what a page is made of, and what is refused before any work is done."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import main
from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.data.quality_photos import FOLDER
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.cases import Case, Cases
from mobile_inpaint.evaluation.evaluate import Candidate, evaluate
from mobile_inpaint.evaluation.figures import KINDS, Judge
from mobile_inpaint.evaluation.native.figures import NATIVE_KINDS
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


def data_of(page: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(page.partition("const data = ")[2].partition(";\n")[0])
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
    assert data["seed"] == 0 and len(data["pairs"]) == 12 and len(data["pictures"]) == 12  # type: ignore[arg-type]
    assert "grey" not in page.partition("const data")[2].partition("</script>")[0]


def test_the_command_scores_whole_fills_and_asks_about_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (50, 175, 3), np.uint8)
    (tmp_path / "photos").mkdir()
    pil.fromarray(colours).resize((1400, 400), pil.Resampling.BICUBIC).save(tmp_path / "photos" / "wide.jpg")
    words = ["evaluate", "telea", "navier-stokes", "--native", "--photos", str(tmp_path / "photos"), "--json"]
    assert main([*words, "--out", str(tmp_path / "report"), "--ask", str(tmp_path / "page.html")]) == 0
    said = capsys.readouterr()
    assert "page.html: 2 pairs of 2 results" in said.err
    record = json.loads(said.out)
    assert [row["candidate"] for row in record["rows"][:3]] == ["the photo itself", "telea", "navier-stokes"]
    for row in record["rows"]:
        assert all(math.isfinite(row[name]) for name in NATIVE_KINDS)
    own, telea = record["rows"][:2]
    assert own["mismatch"] < telea["mismatch"] and own["reinpainting"] < telea["reinpainting"]
    assert len(data_of((tmp_path / "page.html").read_text(encoding="utf-8"))["pairs"]) == 2  # type: ignore[arg-type]


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
    assert main(["evaluate", *words, *native, "--photos", str(FOLDER)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("mobile-inpaint: ") and line in said and "\n" not in said
    assert list(tmp_path.iterdir()) == []
