"""The page that asks for votes in a real Chromium: keys, touch, what is kept, the file it saves. The answers are made up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import browser_page
import numpy as np
import pytest
from browser_page import Page

from mobile_inpaint.evaluation.cases import Case
from mobile_inpaint.evaluation.votes.page import page_of
from mobile_inpaint.evaluation.votes.pairs import ShownCases
from mobile_inpaint.evaluation.votes.tally import tally
from mobile_inpaint.evaluation.votes.vote_file import FigureFacts, read_all

SYSTEMS = ("secret-alpha", "secret-beta <b>", "secret-gamma")
FACTS = {"lpips": FigureFacts("LPIPS of a test", "less")}


def shown_cases() -> ShownCases:
    """Two cases of 500 by 420 px; each system's fill is one grey."""
    shown = ShownCases()
    for number in range(2):
        random = np.random.default_rng(number)
        truth = random.integers(0, 256, (420, 500, 3), np.uint8).repeat(2, 0).repeat(2, 1)
        hole = np.zeros(truth.shape[:2], bool)
        hole[300:560, 330:700] = True
        fills = [np.where(hole[..., None], np.uint8(60 * grey + 40), truth) for grey in range(3)]
        shown(Case(f"photo{number}", "tight", truth, hole), fills)
    return shown


def page_text(shown: ShownCases, seed: int = 5) -> str:
    figures = {(case.photo, case.kind): {"lpips": [0.0, 0.1, 0.2, 0.3]} for case in shown.cases}
    return page_of(shown.cases, SYSTEMS, FACTS, figures, "test photos", seed)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ask") / "page.html"
    path.write_text(page_text(shown_cases()), encoding="utf-8")
    return path


@pytest.fixture
def page(file: Path, tmp_path: Path) -> Iterator[Page]:
    with browser_page.opened(patience_s=60) as opened:
        opened.size(1280, 800)
        opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        opened.open(file.as_uri())
        opened.wait("document.querySelectorAll('.stack').length === 2")
        yield opened


def saved(page: Page, folder: Path) -> dict[str, Any]:
    for old in folder.glob("votes-*.json"):
        old.unlink()
    page.key("s", "s")
    ends = time.monotonic() + 30
    while not (found := list(folder.glob("votes-*.json"))):
        assert time.monotonic() < ends, page.says()
        time.sleep(0.05)
    content: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
    return content


def greys(page: Page) -> Sequence[int]:
    """What each pane shows in the middle: 40, 100 or 160, for the three systems."""
    script = """[...document.querySelectorAll('.stack img:first-child')].map((picture) => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
      const context = canvas.getContext('2d');
      context.drawImage(picture, 0, 0);
      return context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[0];
    })"""
    found: Sequence[int] = page.ask(script)
    return found


@browser_page.needs_chromium
def test_a_person_answers_all_pairs_and_saves_them(page: Page, file: Path, tmp_path: Path) -> None:
    assert saved(page, tmp_path)["votes"] == [], "the page ships without votes"
    page.open(file.as_uri())
    page.wait("document.querySelectorAll('.stack').length === 2")
    assert page.ask("document.querySelectorAll('.stack img')[0].getBoundingClientRect().width") == 370 + 2 * 64, "100 %"
    html = page.ask("document.documentElement.outerHTML")
    assert not any(name in html for name in ("secret", "photo0", "LPIPS"))
    brighter = []  # what a judge who prefers the brighter one answers
    for number in range(4):
        left, right = greys(page)
        brighter.append(left > right)
        before = page.says()
        page.key("ab"[left < right], "ab"[left < right])
        page.wait(f"document.getElementById('status')?.textContent !== {before!r}", f"answer {number}")
    page.key("h", "h")
    assert page.ask("getComputedStyle(document.querySelector('.outline')).visibility") == "visible"
    page.open(file.as_uri())  # what was answered is still there
    page.wait("document.getElementById('status')?.textContent === 'Pair 5 of 6, 4 answered.'")
    page.size(390, 844, scale=3, mobile=True)
    page.ask("document.querySelectorAll('.pane')[0].scrollTo(40, 30)")
    page.wait("document.querySelectorAll('.pane')[1].scrollTop === document.querySelectorAll('.pane')[0].scrollTop")
    assert page.ask("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off on a phone"
    x, y = page.ask("(({x, y, width, height}) => [x + width / 2, y + height / 2])(answers.none.getBoundingClientRect())")
    page.touch("touchStart", (x, y))
    page.touch("touchEnd")
    page.wait("document.getElementById('status')?.textContent === 'Pair 6 of 6, 5 answered.'")
    page.key("n", "n")
    page.wait("document.getElementById('status')?.textContent.startsWith('All 6 pairs are answered')")
    page.key("u", "u")
    page.wait("document.getElementById('choose-none').getAttribute('aria-pressed') === 'true'")
    content = saved(page, tmp_path)
    assert content["systems"] == list(SYSTEMS) and content["seed"] == 5 and len(content["votes"]) == 6
    files = read_all(list(tmp_path.glob("votes-*.json")))
    decided = [vote for vote in files[0].votes if vote.choice != "none"]
    assert [vote.left > vote.right for vote in decided] == brighter == [vote.choice == "left" for vote in decided]
    assert [score.ties for score in tally(files).scores].count(0) <= 2
    assert not page.errors and not page.failed


def test_the_seed_decides_the_order_and_nothing_is_read_by_accident() -> None:
    shown = shown_cases()
    one, again, other = page_text(shown), page_text(shown), page_text(shown, seed=6)
    assert one == again != other
    assert '"seed": 5' in one and '"seed": 6' in other
    for hidden in ("secret", "photo0", "LPIPS", "http:", "https:", 'src="/', "@import"):
        assert hidden not in one
    assert len(one) < 4_000_000
