"""The web app in a real Chromium: what a person does with it, and whether the result is Python's."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser_page
import numpy as np
import pytest
from browser_page import Page
from PIL import Image
from web_site import HEIGHT, MAKER, ORIENTATION, WIDTH, build, by_python, make_photo, pixels_of, row, served, with_metadata

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.bench.browser import chromium, runtimes
from mobile_inpaint.bench.browser.static import StaticServer
from mobile_inpaint.bench.browser.web_server import Answer, Request
from mobile_inpaint.bench.report.latency_report import LatencyReport

pytestmark = [
    pytest.mark.skipif(not runtimes.are_here(), reason=f"the page's runtimes are not here: {runtimes.FETCH}"),
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def site(toy_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web app with the toy network in it."""
    return build(toy_artifact, tmp_path_factory.mktemp("site") / "web")


@pytest.fixture
def server(site: Path) -> Iterator[StaticServer]:
    with served(site) as running:
        yield running


@pytest.fixture
def page(server: StaticServer, tmp_path: Path) -> Iterator[Page]:
    """The app, loaded."""
    with browser_page.opened() as opened:
        opened.size(1280, 800)
        opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
        opened.open(server.link)
        opened.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
        yield opened


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photo(tmp_path_factory.mktemp("photo") / "garden.png")


SHOWN = """(x, y) => {
  const { x: left, y: top } = photo.getBoundingClientRect();
  return [...photo.getContext("2d").getImageData(Math.floor(x - left), Math.floor(y - top), 1, 1).data];
}"""


def _open(page: Page, path: Path) -> None:
    page.choose(path)
    page.wait(f"document.getElementById('status').textContent.startsWith({path.name!r})")


def _on_screen(page: Page, x: int, y: int) -> tuple[float, float]:
    """The middle of a pixel of a photo that is shown at its own size."""
    left, top, width, height = page.ask("(({x, y, width, height}) => [x, y, width, height])(photo.getBoundingClientRect())")
    return left + (width - WIDTH) / 2 + x + 0.5, top + (height - HEIGHT) / 2 + y + 0.5


def _paint(page: Page, start: tuple[int, int], end: tuple[int, int], radius: int, tool: str = "paint") -> None:
    page.ask(f"size.value = {2 * radius}; document.querySelector('input[value={tool}]').click()")
    page.drag(_on_screen(page, *start), _on_screen(page, *end))


def _erase(page: Page) -> None:
    page.key("Enter", "\r")
    page.wait("document.getElementById('status').textContent.startsWith('Erased')")


def _saved(page: Page, folder: Path, button: str = "save") -> Path:
    page.click(button)
    page.wait("document.getElementById('status').textContent.startsWith('Saved')")
    name = page.says().removeprefix("Saved as ").partition(",")[0].rstrip(".")
    ends = time.monotonic() + 30
    while not (path := folder / "saved" / name).is_file():
        assert time.monotonic() < ends, "nothing was saved"
        time.sleep(0.05)
    return path


def test_the_result_is_pythons_and_all_else_is_kept(page: Page, photo: Path, toy_artifact: Artifact, tmp_path: Path) -> None:
    _open(page, photo)
    _paint(page, (80, 100), (200, 100), 18)
    _paint(page, (120, 90), (150, 90), 4, tool="erase")
    _paint(page, (20, 30), (40, 30), 6)
    _paint(page, (250, 30), (260, 30), 6)
    page.click("undo")
    page.wait("!document.getElementById('redo').disabled")
    _erase(page)
    hole = row(100, 80, 200, 18) & ~row(90, 120, 150, 4) | row(30, 20, 40, 6)
    path, before = _saved(page, tmp_path), pixels_of(photo)
    result, expected = pixels_of(path).astype(int), by_python(toy_artifact, before, hole).astype(int)
    np.testing.assert_array_equal(result[~hole], before[~hole])
    assert abs(result - expected).max() <= 1
    assert abs(result - before)[hole].mean() > 3, "something was erased"
    with Image.open(path) as saved, Image.open(photo) as given:
        assert saved.info["icc_profile"] == given.info["icc_profile"]
        assert saved.getexif()[MAKER] == "A maker"

    page.key("z", modifiers=2)
    page.wait("!document.getElementById('redo').disabled && document.getElementById('compare').disabled")
    path.unlink()
    np.testing.assert_array_equal(pixels_of(_saved(page, tmp_path)), before, "undo brings back every bit")
    page.key("y", modifiers=2)
    page.wait("!document.getElementById('compare').disabled")
    path.unlink()
    np.testing.assert_array_equal(pixels_of(_saved(page, tmp_path)), result, "and redo")
    assert page.errors == []


def test_a_photo_lies_where_it_is_shown_from_the_first_moment(page: Page, photo: Path, tmp_path: Path) -> None:
    """Paint before the first frame: the room that the tools take has been taken."""
    page.ask("""void new MutationObserver((_, observer) => {
      if (document.body.className !== "has-photo") return;
      observer.disconnect();
      const { x, y, width, height } = photo.getBoundingClientRect();
      for (const type of ["pointerdown", "pointerup"]) photo.dispatchEvent(new PointerEvent(type, {
        clientX: x + width / 2 + 0.5, clientY: y + height / 2 + 0.5, pointerId: 1, pointerType: "mouse" }));
    }).observe(document.body, { attributes: true })""")
    page.choose(photo)
    page.wait("!document.getElementById('erase').disabled")
    page.ask("photo.focus()")
    _erase(page)
    changed = (pixels_of(_saved(page, tmp_path)).astype(int) != pixels_of(photo)).any(2)
    assert changed.any() and not changed[~row(HEIGHT // 2, WIDTH // 2, WIDTH // 2, 18)].any()


def test_a_jpeg_comes_upright_and_keeps_what_its_file_said(page: Page, photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    with Image.open(photo) as picture:
        with_metadata(picture.transpose(Image.Transpose.ROTATE_90), path, orientation=6, quality=95)
    _open(page, path)
    assert f"{WIDTH} × {HEIGHT}" in page.says()
    _paint(page, (100, 100), (160, 100), 12)
    _erase(page)
    with Image.open(_saved(page, tmp_path)) as saved, Image.open(path) as given:
        assert (saved.format, saved.size) == ("JPEG", (WIDTH, HEIGHT))
        assert saved.info["icc_profile"] == given.info["icc_profile"]
        assert saved.getexif()[MAKER] == "A maker" and saved.getexif()[ORIENTATION] == 1
        outside = np.asarray(saved).astype(int)[150:] - pixels_of(photo).astype(int)[150:]
    assert abs(outside).mean() < 4
    assert page.errors == []


def test_wrong_files_are_one_line_and_change_nothing(page: Page, photo: Path, tmp_path: Path) -> None:
    _open(page, photo)
    (tmp_path / "notes.txt").write_text("no photo")
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "torn.png").write_bytes(photo.read_bytes()[:3000])
    for name, message in (
        ("notes.txt", "notes.txt: not a JPEG, PNG or WebP photo; choose another file"),
        ("deep.png", "deep.png: 16 bits a channel, which we would halve; save it with 8 bits"),
        ("torn.png", "torn.png: damaged, or of a kind that this browser cannot read; choose another file"),
    ):
        page.choose(tmp_path / name)
        page.wait("document.getElementById('status').classList.contains('wrong')")
        assert page.says() == message
        _paint(page, (100, 100), (160, 100), 12)
        _erase(page)
    assert page.errors == []


def test_offline_it_still_erases(page: Page, server: StaticServer, photo: Path) -> None:
    page.wait("document.getElementById('offline').textContent.startsWith('yes')")
    server.shutdown()
    server.server_close()
    page.ask("globalThis.before = true")
    page.call("Page.reload")  # which answers while the old page is still there
    page.wait("!globalThis.before && document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
    _open(page, photo)
    _paint(page, (100, 100), (160, 100), 12)
    _erase(page)


def test_backends_keys_and_the_latency_report(page: Page, photo: Path, tmp_path: Path) -> None:
    _open(page, photo)
    assert "wasm" in page.ask("[...backend.options].map((option) => option.value)")
    page.ask("backend.value = 'wasm'; backend.dispatchEvent(new Event('change'))")
    page.wait("document.getElementById('status').textContent.startsWith('Paint over')")
    page.ask("document.getElementById('photo').focus()")
    for _ in range(2):
        page.key("ArrowRight")
        page.key(" ", " ")
        _erase(page)
        page.ask("document.getElementById('status').textContent = ''")
    report = LatencyReport.load(_report(page, tmp_path))
    assert report.subject.name == "toy-fp32.onnx" and report.threads == 1 and len(report.times_ms) == 1
    assert page.errors == []


def _report(page: Page, tmp_path: Path) -> Path:
    return _saved(page, tmp_path, "report")


def test_two_fingers_zoom_and_paint_nothing(page: Page, photo: Path) -> None:
    page.size(390, 844, scale=2, mobile=True)
    _open(page, photo)
    middle = page.ask("(({x, y, width, height}) => [x + width / 2, y + height / 2])(photo.getBoundingClientRect())")
    x, y = middle
    page.touch("touchStart", (x - 20, y))
    page.touch("touchStart", (x - 20, y), (x + 20, y))
    for spread in (40, 60, 80):
        page.touch("touchMove", (x - spread, y), (x + spread, y))
    page.touch("touchEnd")
    assert page.ask("document.getElementById('undo').disabled"), "no stroke"
    page.touch("touchStart", (x, y))
    page.touch("touchMove", (x + 30, y))
    page.touch("touchEnd")
    assert not page.ask("document.getElementById('undo').disabled"), "one finger paints"
    assert page.errors == []


@pytest.mark.parametrize(
    "event",
    [
        "new DragEvent('drop', {dataTransfer: given, bubbles: true, cancelable: true})",
        "new ClipboardEvent('paste', {clipboardData: given, bubbles: true})",
    ],
    ids=["drop", "paste"],
)
def test_dropped_or_pasted_it_opens_and_the_wheel_zooms_where_it_points(page: Page, photo: Path, event: str) -> None:
    given = base64.b64encode(photo.read_bytes()).decode()
    page.ask(f"""(async () => {{
        const given = new DataTransfer(), bytes = await (await fetch("data:image/png;base64,{given}")).arrayBuffer();
        given.items.add(new File([bytes], "garden.png", {{ type: "image/png" }}));
        document.body.dispatchEvent({event});
    }})()""")
    page.wait("document.getElementById('status').textContent.startsWith('garden.png')")
    x, y = _on_screen(page, 150, 100)
    page.wait(f"({SHOWN})({x}, {y})[3] === 255")
    before, outside = _shown(page, x, y), _shown(page, x - 300, y)
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-1500)
    page.wait(f"({SHOWN})({x - 300}, {y})[3] === 255")
    assert outside[3] == 0 and _shown(page, x, y) == before, "what it points at stays there"
    assert page.errors == []


def _shown(page: Page, x: float, y: float) -> list[int]:
    """RGBA of the canvas under a place on the screen."""
    colour: list[int] = page.ask(f"({SHOWN})({x}, {y})")
    return colour


def test_a_photo_of_12_megapixels(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.effect_noise((400, 300), 60).convert("RGB").resize((4000, 3000)).save(path, quality=90)
    _open(page, path)
    page.ask("window.ticks = 0; setInterval(() => window.ticks++, 50)")
    x, y = page.ask("(({x, y, width, height}) => [x + width / 2, y + height / 2])(photo.getBoundingClientRect())")
    page.drag((x, y), (x + 60, y))
    _erase(page)
    assert page.ask("window.ticks") > 0, "the page lives meanwhile"
    page.ask("document.getElementById('format').value = 'image/png'")
    saved, given = pixels_of(_saved(page, tmp_path)), pixels_of(path)
    assert saved.shape == given.shape == (3000, 4000, 3)
    assert page.errors == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verification": None}, "toy-fp32.onnx: it is not verified; export it again"),
        ({"sha256": "f" * 64}, "toy-fp32.onnx: its bytes are not those its manifest describes (sha256 "),
        ({"polarity": "hole"}, "toy-fp32.onnx.json: unknown key 'polarity' (there are file, sha256, "),
    ],
)
def test_a_broken_artifact_is_refused_as_everywhere(site: Path, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    shutil.copytree(site, folder)
    manifest = folder / "model" / "toy-fp32.onnx.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with served(folder) as server, browser_page.opened() as page:
        page.open(server.link)
        page.wait("document.getElementById('status')?.classList.contains('wrong')")
        assert page.says().startswith(message)


AGAIN = "run mobile-inpaint bundle --app web again"
NAME = "toy-fp32.onnx"
INDEXES: dict[str, tuple[object, str]] = {
    "a path": ("../index.html", f"bundle.json: 'artifact' must be a file's name, not '../index.html'; {AGAIN}"),
    "the folder above, escaped": ("%2e%2e", f"bundle.json: 'artifact' must be a file's name, not '%2e%2e'; {AGAIN}"),
    "another site": (
        "https://evil.example/a",
        f"bundle.json: 'artifact' must be a file's name, not 'https://evil.example/a'; {AGAIN}",
    ),
    "a query": (f"{NAME}?x", f"bundle.json: 'artifact' must be a file's name, not '{NAME}?x'; {AGAIN}"),
    "a number": (7, f"bundle.json: 'artifact' must be a file's name, not 7; {AGAIN}"),
}


def _sides(side: int) -> dict[str, Any]:
    """Of a manifest that is wrong in the same way everywhere."""
    shapes = {"image": [1, 3, side, side], "mask": [1, 1, side, side], "output": [1, 3, side, side]}
    return {"size_px": side, "shapes": shapes}


MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "too large a side": (_sides(100_000), f"{NAME}: its network takes 100000 pixels a side, not 64 to 4096; export it again"),
    "a million million bytes": (
        {"bytes": 10**12},
        f"{NAME}.json: 'bytes' is 1000000000000, not 1 to 500000000; bundle a smaller",
    ),
    "more bytes than there are": ({"more": 1}, f"{NAME}: has COUNT bytes, not the "),
    "fewer bytes than there are": ({"more": -1}, f"{NAME}: has COUNT bytes, not the "),
    "a path": ({"file": "../toy-fp32.onnx"}, f"{NAME}.json: 'file' must be a file's name, not '../toy-fp32.onnx'; export the"),
}


def test_what_the_index_or_the_manifest_makes_up_is_refused_before_anything_is_fetched(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    shutil.copytree(site, folder)
    index, manifest = folder / "model" / "bundle.json", folder / "model" / f"{NAME}.json"
    sound = {path: path.read_text() for path in (index, manifest)}
    texts = {f"index: {name}": (index, json.dumps({"artifact": made_up}), line) for name, (made_up, line) in INDEXES.items()}
    texts |= {
        "index: not JSON": (index, "{'artifact': 1}", f"bundle.json: names no artifact; {AGAIN}"),
        "index: deep": (index, "[" * 100_000, f"bundle.json: names no artifact; {AGAIN}"),
        "index: huge": (index, " " * 1_500_000, f"bundle.json: not a file of ours; {AGAIN}"),
    }
    for name, (changes, line) in MANIFESTS.items():
        text, line = _made_up(sound[manifest], **changes), line.replace("COUNT", str(json.loads(sound[manifest])["bytes"]))
        texts[f"manifest: {name}"] = (manifest, text, line)
    with served(folder) as server, browser_page.opened() as page:
        for name, (path, text, line) in texts.items():
            path.write_text(text)
            page.open(server.link)
            page.wait("document.getElementById('status')?.classList.contains('wrong')")
            assert page.says().startswith(line), name
            assert "\n" not in page.says() and page.errors == [], name
            path.write_text(sound[path])
            page.open("about:blank")


def _made_up(text: str, size_px: int = 0, shapes: dict[str, list[int]] | None = None, more: int = 0, **changes: object) -> str:
    """The manifest with other values."""
    table = json.loads(text)
    contract = table["contract"]
    if size_px:
        contract["size_px"] = table["compositor"]["size_px"] = size_px
    for tensor in (*contract["inputs"], contract["output"]):
        tensor["shape"] = (shapes or {}).get(tensor["name"], tensor["shape"])
    return json.dumps(table | {"bytes": table["bytes"] + more} | changes)


class _InAFolder(StaticServer):
    """Also hands out the page of its folder ``web``, as static hosts do."""

    def respond(self, request: Request) -> Answer:
        if request.target == "/web/":
            request.target = "/web/index.html"
        return super().respond(request)


def test_the_service_worker_keeps_nothing_but_its_own_folder(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "host/web")
    for name in ("index.html", "other.txt"):
        (tmp_path / "host" / name).write_text("another app of the same host")
    with _InAFolder(tmp_path / "host") as server, browser_page.opened() as page:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        page.open(server.link)
        page.ask("caches.open('another app').then((cache) => cache.put('other.txt', new Response('its own')))")
        page.open(f"{server.link}web/")
        page.wait("document.getElementById('offline')?.textContent.startsWith('yes')")
        ask = """(keep) => new Promise((resolve) => {
          navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data.kept), { once: true });
          navigator.serviceWorker.ready.then(({ active }) => active.postMessage(keep));
        })"""
        for keep in (["../other.txt"], ["/"], ["/webs/a"], ["index.html", "..%2fother.txt"], ["index.html?x=1"],
                     ["index.html#x"], ["https://evil.example/"], ["data:,x"], ["style.css"] * 17, "../a", None):  # fmt: skip
            assert page.ask(f"({ask})({json.dumps({'keep': keep})})") is False, keep
        assert page.ask(f"({ask})('')") is False
        page.ask("fetch('../other.txt').then((answer) => answer.text())")
        assert page.ask(f"({ask})({json.dumps({'keep': ['style.css']})})") is True
        kept = page.ask("""(async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
          [name, (await (await caches.open(name)).keys()).map(({ url }) => url)]))))()""")
        assert kept.pop("another app") == [f"{server.link}other.txt"]
        ((name, urls),) = kept.items()
        assert name.endswith(f" {server.link}web/") and len(urls) > 30
        assert all(url.startswith(f"{server.link}web/") for url in urls)
        server.shutdown()
