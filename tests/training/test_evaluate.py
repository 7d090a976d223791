"""Evaluation: the same squares and holes for all, figures that a better fill wins, a report that stands alone."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint.cli import main
from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.data.quality_photos import FOLDER, quality_cases
from mobile_inpaint.errors import TrainingError, WeightsError
from mobile_inpaint.evaluation.cases import HOLES, Cases
from mobile_inpaint.evaluation.evaluate import PHOTO, Candidate, Evaluation, evaluate, of_network
from mobile_inpaint.evaluation.figures import KINDS, Judge
from mobile_inpaint.evaluation.report.pictures import chosen, shown
from mobile_inpaint.evaluation.report.write import write_report
from mobile_inpaint.metrics.distribution import InceptionFeatures, SetFeatures
from mobile_inpaint.photo.baselines.patchmatch import patches
from mobile_inpaint.photo.image import Pixels
from mobile_inpaint.photo.mask import Hole

SIZE = 64


def grey(pixels: Pixels, hole: Hole) -> Pixels:
    return np.where(hole[..., None], np.uint8(128), pixels)


def nearly(pixels: Pixels, hole: Hole) -> Pixels:
    """The truth, a little darker; known pixels changed as well, which nobody may see."""
    return (pixels.astype(np.int16) * 9 // 10).astype(np.uint8)


def cases(folder: Path = FOLDER, kinds: tuple[str, ...] = ("object", "thin"), limit: int | None = 4, seed: int = 0) -> Cases:
    return Cases(open_photos(folder, memory_mb=0), kinds, SIZE, seed, limit, lambda line: None)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def evaluation(judge: Judge) -> Evaluation:
    fills = {"nearly": nearly, "grey": grey, "patches": of_network(patches)}
    candidates = [Candidate(name, fill) for name, fill in fills.items()]
    return evaluate(candidates, cases(), judge, SetFeatures(), "some photos")


def test_cases_are_the_same_each_time_and_the_first_of_more() -> None:
    few, many = list(cases(limit=2)), list(cases(limit=4))
    assert [(case.photo, case.kind) for case in few] == [(case.photo, case.kind) for case in many[:4]]
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.hole, other.hole)
        np.testing.assert_array_equal(one.truth, other.truth)
    other_seed = list(cases(limit=2, seed=1))
    assert [case.photo for case in few] != [case.photo for case in other_seed]
    assert len(cases(limit=3)) == len(list(cases(limit=3))) == 6


def test_holes_of_the_shipped_photos_are_those_that_export_judges_by() -> None:
    judged = {(case.name, case.slice): case.mask[0, 0] > 0 for case in quality_cases(512, limit=60)[::13]}
    kinds = tuple(sorted({kind for _, kind in judged}))
    ours = Cases(open_photos(FOLDER, memory_mb=0), kinds, 512, 0, None, print)
    found = {(case.photo, case.kind): case.hole for case in ours if (case.photo, case.kind) in judged}
    assert len(found) == len(judged)
    for key, hole in judged.items():
        np.testing.assert_array_equal(found[key], hole)


@pytest.mark.parametrize("kind", HOLES)
def test_every_kind_of_hole_leaves_something_known(kind: str) -> None:
    for case in cases(kinds=(kind,), limit=3):
        assert case.hole.shape == (SIZE, SIZE)
        assert case.hole.any() and not case.hole.all()


def test_a_photo_that_cannot_be_read_is_named_once_and_left_out(tmp_path: Path) -> None:
    for photo in sorted(FOLDER.glob("*.webp"))[:2]:
        shutil.copy(photo, tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    lines: list[str] = []
    some = Cases(open_photos(tmp_path, memory_mb=0), ["object"], SIZE, 0, None, lines.append)
    assert len(list(some)) == len(list(some)) == 2
    assert len(lines) == 1 and "broken.jpg" in lines[0] and "left out" in lines[0]
    for photo in tmp_path.glob("*.webp"):
        photo.unlink()
    with pytest.raises(TrainingError, match="none of its 1 photos can be read"):
        list(Cases(open_photos(tmp_path, memory_mb=0), ["object"], SIZE, 0, None, lines.append))


def test_an_unknown_kind_of_hole_names_those_there_are() -> None:
    with pytest.raises(TrainingError, match="unknown kind of hole 'square': there are thin, small, object"):
        cases(kinds=("square",))


def test_a_fill_that_is_nearly_right_wins_by_every_distance(evaluation: Evaluation) -> None:
    for figure, kind in KINDS.items():
        if figure not in evaluation.figures or kind.better == "like the photo":
            continue
        near, far, photo = (evaluation.mean("object", name, figure).mean for name in ("nearly", "grey", PHOTO))
        assert (near > far) == (kind.better == "more"), figure
        assert photo == pytest.approx({"ssim": 1, "psnr_db": 99}.get(figure, 0), abs=1e-5), figure
    assert evaluation.mean("object", "grey", "tv").mean < evaluation.mean("object", PHOTO, "tv").mean


def test_known_pixels_are_the_photos_whatever_a_candidate_returns(evaluation: Evaluation) -> None:
    first = next(iter(cases()))
    row = evaluation.rows[1]
    assert (row.candidate, row.photo) == ("nearly", first.photo)
    np.testing.assert_array_equal(evaluation.insides[1], nearly(first.truth, first.hole)[first.hole])
    assert row.share == first.hole.mean()


def test_the_first_is_set_beside_the_others_photo_by_photo(evaluation: Evaluation) -> None:
    own, its = (np.array(evaluation.values("object", name, "lpips")) for name in ("nearly", "grey"))
    versus = evaluation.versus("object", "grey", "lpips")
    assert versus.difference == pytest.approx((own - its).mean()) and versus.difference_interval[1] < 0
    assert versus.ratio == pytest.approx(own.mean() / its.mean())
    assert versus.ratio_interval[0] <= versus.ratio <= versus.ratio_interval[1] < 1


def test_few_photos_have_a_distance_and_a_floor_but_no_scores(evaluation: Evaluation) -> None:
    near, far = (evaluation.sets["object", name] for name in ("nearly", "grey"))
    assert 0 < near.distance < far.distance
    assert near.floor == far.floor > 0
    assert near.scores is None


def test_two_of_one_name_and_a_fill_of_another_size_are_refused(judge: Judge) -> None:
    with pytest.raises(TrainingError, match="same name"):
        evaluate([Candidate("a", grey), Candidate("a", nearly)], cases(), judge, SetFeatures(), "")
    with pytest.raises(TrainingError, match="small: returned no picture of 64 px"):
        evaluate([Candidate("small", lambda pixels, hole: pixels[:8])], cases(), judge, SetFeatures(), "")


def test_the_worst_come_before_the_middle_and_the_best_where_photos_are_few(evaluation: Evaluation) -> None:
    assert set(chosen(evaluation, "object").values()) == {"worst"}
    rows = tuple(
        replace(evaluation.rows[0], photo=f"p{place}", candidate=name, figures={"lpips": place / 100})
        for place in range(30)
        for name in (PHOTO, "nearly")
    )
    many = chosen(replace(evaluation, kinds=("object",), rows=rows), "object")
    why = {reason: [photo for photo in many if many[photo] == reason] for reason in ("best", "median", "worst")}
    assert why["best"] == ["p2", "p1", "p0"]
    assert why["median"] == ["p15", "p14", "p13"]
    assert why["worst"] == [f"p{place}" for place in range(20, 30)]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_stands_alone(evaluation: Evaluation, tmp_path: Path) -> None:
    files = write_report(evaluation, cases(), SetFeatures(), tmp_path / "deep" / "report")
    assert {file.name for file in files} == {"evaluation.json", "evaluation.md", "index.html", "object.webp", "thin.webp"}
    page = (tmp_path / "deep" / "report" / "index.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert len(links.sources) == 2 * 4 * 5, "two kinds, four photos: the hole, the photo, three fills"
    assert all(source.startswith("data:image/webp;base64,") for source in links.sources)
    assert not re.search(r"https?://|@import|url\(", page)
    for needed in ("width=device-width", "light dark", "some photos", "split-half floor", "too few photos"):
        assert needed in page
    table = (tmp_path / "deep" / "report" / "evaluation.md").read_text(encoding="utf-8")
    assert "| nearly |" in table and "object.webp" in table
    record = json.loads((tmp_path / "deep" / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert len(record["rows"]) == len(evaluation.rows)
    mean = record["kinds"]["object"]["means"]["grey"]["lpips"]["mean"]
    assert mean == pytest.approx(
        np.mean([r["lpips"] for r in record["rows"] if r["candidate"] == "grey" and r["kind"] == "object"]), abs=1e-6
    )
    with pil.open(tmp_path / "deep" / "report" / "object.webp") as sheet:
        assert sheet.width > 5 * 256 and sheet.height > 4 * 256


def test_pictures_are_the_fills_that_were_judged(evaluation: Evaluation) -> None:
    entry = shown(evaluation, cases())["object"][0]
    case = next(case for case in cases() if (case.photo, case.kind) == (entry.rows[0].photo, "object"))
    assert entry.titles == ("hole", PHOTO, "nearly", "grey", "patches")
    np.testing.assert_array_equal(entry.pictures[1], case.truth)
    np.testing.assert_array_equal(entry.pictures[3], grey(case.truth, case.hole))


def test_inception_is_asked_for_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file; FID needs torch-fidelity's"):
        InceptionFeatures(tmp_path / "absent.pth")


def test_the_command_compares_a_checkpoint_with_baselines(
    small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(small_checkpoint), "telea", "patches", "--holes", "object", "--limit", "2"]
    assert main([*words, "--out", str(tmp_path / "report"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in record["candidates"]] == ["toy", "telea", "patches"]
    assert record["size_px"] == SIZE
    assert set(record["kinds"]["object"]["toy versus"]) == {"telea", "patches"}
    assert (tmp_path / "report" / "index.html").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "unknown checkpoint 'nonsense'"),
        (["telea", "telea", "--limit", "2"], "two candidates have the same name"),
        (["telea", "--holes", "square"], "unknown kind of hole 'square'"),
        (["telea", "--photos", "nowhere"], "nowhere: no such folder"),
        (["telea", "--inception", "absent.pth"], "absent.pth: no such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *words, "--out", str(tmp_path / "report")]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("mobile-inpaint: ") and line in said and "\n" not in said
    assert not (tmp_path / "report").exists()
