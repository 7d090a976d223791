"""Votes, all of them made up: scores whose answer is known, intervals, agreement of figures, one line for each bad file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_votes import document, drawn, save, vote

from mobile_inpaint.cli import main
from mobile_inpaint.evaluation.votes.tally import Tally, tally
from mobile_inpaint.evaluation.votes.vote_file import read_all
from mobile_inpaint.metrics import bradley_terry
from mobile_inpaint.metrics.agreement import kendall_tau


def counted(*rows: tuple[int, int, int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(rows, float)


def test_two_systems_have_the_strengths_that_can_be_worked_out_by_hand() -> None:
    # Davidson's estimates for two systems: the odds are wins over losses, the ties' share is ties over votes.
    wins, losses, ties = 30_000, 10_000, 20_000
    found = bradley_terry.fit(counted((wins, losses, ties)), 2)
    assert found[0] - found[1] == pytest.approx(math.log(wins / losses), abs=1e-3)
    assert found[0] + found[1] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(bradley_terry.chances(found, 2)[0], [1 / 2, 1 / 6, 1 / 3], atol=1e-4)


def test_strengths_that_made_the_counts_are_found_again_one_by_one_and_together() -> None:
    truth = np.array([[0.9, 0.2, -0.3, -0.8, -0.5], [-1.5, 0.0, 0.5, 1.0, -3.0]])
    counts = bradley_terry.chances(truth, 4) * 1e6
    found = bradley_terry.fit(counts, 4)
    np.testing.assert_allclose(found, truth, atol=1e-3)
    np.testing.assert_allclose(bradley_terry.fit(counts[1], 4), found[1], atol=1e-9)
    assert bradley_terry.preferred(found[0])[0] > 0.5 > bradley_terry.preferred(found[0])[3]


@pytest.mark.parametrize("counts", [(1, 0, 0), (100_000, 0, 0), (0, 0, 7), (0, 100_000, 3), (0, 0, 0)])
def test_one_sided_votes_have_finite_strengths_on_the_right_side(counts: tuple[int, int, int]) -> None:
    found = bradley_terry.fit(counted(counts), 2)
    assert np.isfinite(found).all()
    assert np.sign(round(found[0] - found[1], 9)) == np.sign(counts[0] - counts[1])


def test_a_tie_pulls_together_and_order_does_not_matter() -> None:
    few, many = (bradley_terry.fit(counted((10, 4, ties), (3, 3, 0), (5, 6, 1)), 3) for ties in (0, 30))
    assert few[0] - few[1] > many[0] - many[1] > 0
    swapped = bradley_terry.fit(counted((4, 10, 0), (5, 6, 1), (3, 3, 0)), 3)
    np.testing.assert_allclose(swapped[[1, 0, 2]], few[:3], atol=1e-9)


def test_kendalls_tau_is_the_published_one() -> None:
    assert kendall_tau(np.arange(5.0), np.arange(5.0)) == 1
    assert kendall_tau(np.arange(5.0), -np.arange(5.0)) == -1
    # tau-b with ties in both, worked out by hand: 4 pairs concordant, none discordant, of 6; one tied in each
    assert kendall_tau(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 3])) == pytest.approx(4 / 5)
    assert math.isnan(kendall_tau(np.ones(4), np.arange(4.0)))


def of(*documents: dict[str, Any], folder: Path) -> Tally:
    return tally(read_all([save(folder / f"{place}.json", one) for place, one in enumerate(documents)]))


def test_scores_and_intervals_find_the_systems_that_the_votes_were_drawn_from(tmp_path: Path) -> None:
    truth = (1.0, 0.0, -1.0)
    found = of(document(drawn(truth, -0.5, 300, seed=1), cases=300), folder=tmp_path)
    assert [score.system for score in found.scores] == ["system A", "system B", "system C"]
    assert (found.photos, found.voters, found.votes) == (300, 1, 900)
    for score, strength in zip(found.scores, truth, strict=True):
        low, high = score.interval
        assert low < strength < high and high - low < 0.6
        assert score.wins + score.ties + score.losses == 600
    assert found.scores[0].preferred_interval[0] > 0.5 > found.scores[2].preferred_interval[1]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(40):
        files = [read_document(document(drawn((0.5, -0.5), -1.0, 40, seed), systems=2, cases=40))]
        low, high = next(score for score in tally(files).scores if score.system == "system A").interval
        held += low <= 0.5 <= high
    assert 33 <= held <= 40


def read_document(content: dict[str, Any]) -> Any:
    from mobile_inpaint import schema
    from mobile_inpaint.errors import TrainingError
    from mobile_inpaint.evaluation.votes.vote_file import VoteFile

    return schema.load(VoteFile, content, "test data", TrainingError)


def test_photos_are_drawn_whole_so_that_many_votes_on_few_photos_stay_unsure(tmp_path: Path) -> None:
    # Two photos, one for each system, many voters of one opinion.
    def votes(count: int) -> list[dict[str, Any]]:
        return [vote(case, 0, 1, "left" if case % 2 else "right") for case in range(count)]

    many = document(votes(200), systems=2, cases=200)
    few = document(votes(200), systems=2, cases=200)
    for place, case in enumerate(few["cases"]):
        case["photo"] = f"photo {place % 2}"
    widths = [
        score.interval[1] - score.interval[0]
        for one in (many, few)
        for score in of(one, folder=tmp_path).scores
        if score.system == "system A"
    ]
    assert widths[1] > 3 * widths[0]


def test_several_voters_make_the_interval_show_that_they_differ(tmp_path: Path) -> None:
    agreed = [document([vote(case, 0, 1, "left") for case in range(20)], 2, 20, voter) for voter in "abcd"]
    split = [
        document([vote(case, 0, 1, c) for case in range(20)], 2, 20, v)
        for v, c in zip("abcd", ["left", "right"] * 2, strict=True)
    ]
    one, two = of(*agreed, folder=tmp_path), of(*split, folder=tmp_path)
    assert one.voters == two.voters == 4 and one.votes == two.votes == 80
    assert one.scores[0].interval[0] > 0
    low, high = two.scores[0].interval
    assert low < 0 < high and high - low > 1


def test_figures_agree_as_they_were_made_to(tmp_path: Path) -> None:
    votes = [vote(case, 0, 1, "left") for case in range(4)] + [vote(case, 2, 1, "right") for case in range(4)]
    found = {one.figure: one for one in of(document([*votes, vote(0, 0, 2, "none")]), folder=tmp_path).agreements}
    assert set(found) == {"right", "reversed", "constant", "near"}
    assert (found["right"].accuracy, found["right"].systems_tau) == (1, 1)
    assert found["right"].tau == pytest.approx(8 / math.sqrt(8 * 9)), "the tie is a pair that only the figure orders"
    assert (found["reversed"].accuracy, found["reversed"].systems_tau) == (0, -1)
    assert found["constant"].accuracy == 0.5 and math.isnan(found["constant"].tau)
    assert found["near"].accuracy == 1, "like the photo: the distance counts, whichever its sign"


def test_the_command_prints_tables_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [
        save(tmp_path / f"{voter}.json", document(drawn((0.5, 0, -0.5), -1, 30, seed), cases=30, voter=voter))
        for seed, voter in enumerate(("one", "two"))
    ]
    assert main(["evaluate", "--votes", *map(str, paths)]) == 0
    said = capsys.readouterr().out
    assert "180 votes on 30 photos by 2 voters" in said and "system A" in said and "right (test data)" in said
    assert main(["evaluate", "--votes", str(paths[0]), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["votes"] == 90 and len(record["agreements"]) == 4
    assert next(one for one in record["agreements"] if one["figure"] == "constant")["tau"] is None


def test_votes_that_are_all_ties_have_scores_and_no_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "ties.json", document([vote(0, 0, 1, "none"), vote(1, 1, 2, "none")]))
    assert main(["evaluate", "--votes", str(path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert all(score["strength"] == pytest.approx(0, abs=1e-9) for score in record["scores"]) and not record["agreements"]


GOOD = [vote(0, 0, 1, "left"), vote(1, 1, 2, "right")]


def changed(**parts: Any) -> dict[str, Any]:
    return {**document(GOOD), **parts}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ([], "must be a table"),
        (changed(format="something else"), "'format' must be one of mobile-inpaint votes 1"),
        (changed(extra=1), "unknown key 'extra'"),
        (changed(systems=["one"]), "'systems' must be 2 to 20 different names"),
        (changed(systems=["a", "a", "b"]), "'systems' must be 2 to 20 different names"),
        (changed(systems=["a", "b", "c", "d"]), "must have 5 values each"),
        (changed(figures={}), "must have the names in 'figures'"),
        (changed(votes=[vote(9, 0, 1, "left")]), "'votes[0].case' is 9, but there are 4 cases"),
        (changed(votes=[vote(-1, 0, 1, "left")]), "'votes[0].case' is -1"),
        (changed(votes=[vote(0, 1, 1, "left")]), "must compare two of 3 systems"),
        (changed(votes=[vote(0, 0, 7, "left")]), "must compare two of 3 systems"),
        (changed(votes=[vote(0, 0, 1, "both")]), "must be one of left, right, none"),
        (changed(votes=[vote(0, 0, 1, "left"), vote(0, 1, 0, "left")]), "answers a pair that was answered before"),
        (changed(votes=[]), "no votes yet"),
        (changed(votes=[vote(0, 0, 1, "left")]), "no vote connects these systems"),
        (changed(voter=7), "'voter' must be text"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(
    content: object, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--votes", str(save(tmp_path / "bad.json", content))]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("mobile-inpaint: ") and line in said and "\n" not in said


@pytest.mark.parametrize("text", ["", "{", "\xff", '{"format": NaN}', "[" * 100])
def test_a_file_that_is_no_json_is_refused_in_one_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_bytes(text.encode("latin-1"))
    for path in (tmp_path / "bad.json", tmp_path / "absent.json", tmp_path):
        assert main(["evaluate", "--votes", str(path)]) == 1
        said = capsys.readouterr().err.strip()
        assert said.startswith("mobile-inpaint: ") and "\n" not in said


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (document(GOOD), "the same voter on the same page"),
        (document([], systems=2, voter="b"), "compares other systems"),
        ({**document(GOOD, voter="b"), "figures": {}, "cases": [], "votes": []}, "has other figures"),
    ],
)
def test_files_that_do_not_go_together_are_refused_in_one_line(
    other: dict[str, Any], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [save(tmp_path / f"{place}.json", one) for place, one in enumerate((document(GOOD), other))]
    assert main(["evaluate", "--votes", *map(str, paths)]) == 1
    said = capsys.readouterr().err.strip()
    assert line in said and "1.json" in said and "\n" not in said
