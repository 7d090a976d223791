"""What Lighthouse would look at: errors, names, contrast, focus, and whether the app can be installed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import browser_page
import pytest
from browser_page import Page
from web_site import build, make_photo, served

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.bench.browser.static import StaticServer

pytestmark = [browser_page.needs_runtimes, browser_page.needs_chromium]

SMALLEST_CONTRAST = 4.5
"""WCAG 2.2, level AA, for text of any size."""
TAB, SHIFT = 9, 8
ROLES = ("button", "slider", "radio", "combobox", "link", "application", "dialog", "group")

CONTRASTS = """(() => {
  const parsed = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = (below, [r, g, b, a = 1]) => [r, g, b].map((value, n) => a * value + (1 - a) * below[n]);
  const light = (colour) => colour.map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(parsed(getComputedStyle(one).backgroundColor));
    return layers.reduce(over, [255, 255, 255]);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement, text = texts.currentNode.data.trim();
    if (!text || element.closest(":disabled, script, noscript, .hidden")) continue;
    if (!(element.closest("select") ?? element).checkVisibility({ visibilityProperty: true })) continue;
    const back = behind(element), front = over(back, parsed(getComputedStyle(element).color));
    const [darker, lighter] = [light(back), light(front)].sort((a, b) => a - b);
    found.push([text, (lighter + 0.05) / (darker + 0.05)]);
  }
  return found;
})()"""

NAME = "((one) => one.id || one.value || one.textContent)"
CONTROLS = """[...document.querySelectorAll("a[href], button, input, select, [tabindex]")].filter((one) =>
  !one.disabled && one.checkVisibility({ visibilityProperty: true }) && (one.type !== "radio" || one.checked)
  && (!document.getElementById("panel").open || one.closest("dialog")))"""
BOXES = """[...document.querySelectorAll("button, .button, select, #size, #size-shown, .segmented span, #status, h1")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => document.getElementById("panel").open === Boolean(one.closest("dialog")))
  .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
  .map(([name, { left, top, right, bottom }]) => [name, left, top, right, bottom])"""
REACHABLE = f"{CONTROLS}.map({NAME})"
FOCUSED = f"""(() => {{
  const one = document.activeElement, parts = [one, one.nextElementSibling].filter(Boolean);
  const styles = parts.map((part) => getComputedStyle(part));
  return [{NAME}(one), styles.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)];
}})()"""


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photo(tmp_path_factory.mktemp("photo") / "garden.png")


@pytest.fixture(scope="module")
def server(toy_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    with served(build(toy_artifact, tmp_path_factory.mktemp("site") / "web")) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page.opened() as opened:
        opened.size(1280, 800)
        yield opened


def _load(page: Page, link: str) -> None:
    page.open(link)
    page.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")


def _edit(page: Page, photo: Path) -> None:
    """A photo with a stroke on it, so that all but undo and compare can be used."""
    page.choose(photo)
    page.wait("document.getElementById('status').textContent.startsWith('garden.png')")
    x, y = page.ask("(({x, y, width, height}) => [x + width / 2, y + height / 2])(photo.getBoundingClientRect())")
    page.drag((x, y), (x + 60, y))


def _states(page: Page, link: str, photo: Path) -> Iterator[str]:
    """What the page may look like, one after the other."""
    _load(page, link)
    yield "at first"
    page.choose(Path(__file__))
    page.wait("document.getElementById('status').classList.contains('wrong')")
    yield "with a wrong file"
    _edit(page, photo)
    yield "with paint on a photo"
    page.click("settings")
    yield "with the details"
    page.ask("document.getElementById('panel').close()")
    page.key("Enter", "\r")
    page.wait("document.getElementById('status').textContent.startsWith('Erased')")
    page.click("compare")
    yield "comparing"


def test_every_control_has_a_name(page: Page, server: StaticServer, photo: Path) -> None:
    seen = set()
    for state in _states(page, server.link, photo):
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        controls = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ROLES]
        assert [node["role"]["value"] for node in controls if not node.get("name", {}).get("value")] == [], state
        seen |= {node["name"]["value"] for node in controls}
    assert seen >= {"Open a photo", "Brush", "Size", "Erase", "Zoom in", "Runs on", "Save as", "Licences", "Details"}


def test_text_stands_out(page: Page, server: StaticServer, photo: Path) -> None:
    for state in _states(page, server.link, photo):
        for scheme in ("light", "dark"):
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            ratios = page.ask(CONTRASTS)
            assert len(ratios) > 5
            assert [(text, round(ratio, 2)) for text, ratio in ratios if ratio < SMALLEST_CONTRAST] == [], (state, scheme)


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page, server: StaticServer, photo: Path) -> None:
    for state in _states(page, server.link, photo):
        wanted = page.ask(REACHABLE)
        assert len(wanted) > 1
        page.ask(f"{CONTROLS}[0].focus()")
        page.key("Tab", code=TAB)
        page.key("Tab", modifiers=SHIFT, code=TAB)
        reached = [page.ask(FOCUSED)]
        for _ in wanted[1:]:  # not further: the browser's own buttons follow the last
            page.key("Tab", code=TAB)
            reached.append(page.ask(FOCUSED))
        assert reached == [[name, True] for name in wanted], state


def test_controls_lie_apart_and_on_the_screen(page: Page, server: StaticServer, photo: Path) -> None:
    for state in _states(page, server.link, photo):
        for width in (320, 390, 800, 1280):
            page.size(width, 800)
            boxes = page.ask(BOXES)
            outside = [name for name, left, top, right, bottom in boxes if left < 0 or top < 0 or right > width or bottom > 800]
            assert outside == [], (state, width)
            overlapping = [
                (one[0], other[0])
                for one, other in itertools.combinations(boxes, 2)
                if min(one[3], other[3]) - max(one[1], other[1]) > 1 and min(one[4], other[4]) - max(one[2], other[2]) > 1
            ]
            assert overlapping == [], (state, width)


def test_the_page_says_what_it_is_and_can_be_installed(page: Page, server: StaticServer) -> None:
    _load(page, server.link)
    assert page.ask("document.documentElement.lang") == "en"
    assert page.ask("document.title.length") > 3
    viewport = page.ask("document.querySelector('meta[name=viewport]').content")
    assert "width=device-width" in viewport and "user-scalable" not in viewport and "maximum-scale" not in viewport
    assert page.ask("document.querySelector('meta[name=description]').content.length") > 20
    assert page.ask("[...document.images].every((image) => image.alt)")
    manifest = page.call("Page.getAppManifest")
    assert manifest["url"].endswith("app.webmanifest") and manifest["errors"] == []
    assert page.call("Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_a_whole_session_leaves_no_error_and_no_failed_request(toy_artifact: Artifact, photo: Path, tmp_path: Path) -> None:
    site = build(toy_artifact, tmp_path / "web")
    with served(site) as server, browser_page.opened() as page:
        page.size(1280, 800)
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
        _load(page, server.link)
        for connected in (True, False):
            _edit(page, photo)
            page.key("Enter", "\r")
            page.wait("document.getElementById('status').textContent.startsWith('Erased')")
            page.click("save")
            page.wait("document.getElementById('status').textContent.startsWith('Saved')")
            if connected:
                page.wait("document.getElementById('offline').textContent.startsWith('yes')")
                server.shutdown()
                server.server_close()
                page.key("z", modifiers=2)  # or it asks whether to leave what was changed
                page.wait("document.getElementById('compare').disabled && !document.getElementById('redo').disabled")
                _load(page, server.link)
        assert (page.errors, page.failed) == ([], [])
