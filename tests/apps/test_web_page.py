"""The web app in a real Chromium: what a person does with it, and whether the result is Python's."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser_page
import numpy as np
import onnxruntime
import pytest
from browser_page import Page
from PIL import Image, ImageCms

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.bench.browser import chromium, runtimes
from mobile_inpaint.bench.browser.static import StaticServer
from mobile_inpaint.bench.report import LatencyReport
from mobile_inpaint.export import bundle as bundling
from mobile_inpaint.photo.compositor import Compositor
from mobile_inpaint.photo.mask import Mask

WEB = Path(__file__).parents[2] / "web_demo"
WIDTH, HEIGHT = 300, 200
MAKER = 0x010F
ORIENTATION = 0x0112

pytestmark = [
    pytest.mark.skipif(not runtimes.are_here(), reason=f"the page's runtimes are not here: {runtimes.FETCH}"),
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def site(toy_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web app with the toy network in it."""
    folder = tmp_path_factory.mktemp("site") / "web"
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("model", "runtimes", "tests"))
    bundling.bundle(toy_artifact, bundling.get_app("web"), folder / "model")
    runtimes.copy_onnx(folder / "runtimes")
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[StaticServer]:
    with StaticServer(site) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield running
        running.shutdown()


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
    """A PNG with grain, a colour profile and EXIF."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(5).normal(0, 4, (HEIGHT, WIDTH, 3))
    pixels = np.stack([60 + x // 3, 90 + y // 3, (x * y) // 400], axis=2) + noise + 40 * ((x // 30) % 2)[..., None]
    path = tmp_path_factory.mktemp("photo") / "garden.png"
    _with_metadata(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), path, orientation=1)
    return path


def _with_metadata(picture: Image.Image, path: Path, orientation: int, **options: Any) -> None:
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = "A maker", orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(path, exif=exif, icc_profile=profile, **options)


def _pixels(path: Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


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


def _row(y: int, start: int, end: int, radius: int) -> Any:
    """What a brush drawn along a row covers."""
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[y, start : end + 1] = True
    return Mask(hole).grow(radius).hole


def _by_python(artifact: Artifact, pixels: Any, hole: Any) -> Any:
    session = onnxruntime.InferenceSession(artifact.path)
    fill = lambda image, mask: session.run(None, {"image": image, "mask": mask})[0]  # noqa: E731
    return Compositor.from_numbers(artifact.manifest.compositor)(pixels, hole, fill)


def test_the_result_is_pythons_and_all_else_is_kept(page: Page, photo: Path, toy_artifact: Artifact, tmp_path: Path) -> None:
    _open(page, photo)
    _paint(page, (80, 100), (200, 100), 18)
    _paint(page, (120, 90), (150, 90), 4, tool="erase")
    _paint(page, (20, 30), (40, 30), 6)
    _paint(page, (250, 30), (260, 30), 6)
    page.click("undo")
    page.wait("!document.getElementById('redo').disabled")
    _erase(page)
    hole = _row(100, 80, 200, 18) & ~_row(90, 120, 150, 4) | _row(30, 20, 40, 6)
    path, before = _saved(page, tmp_path), _pixels(photo)
    result, expected = _pixels(path).astype(int), _by_python(toy_artifact, before, hole).astype(int)
    np.testing.assert_array_equal(result[~hole], before[~hole])
    assert abs(result - expected).max() <= 1
    assert abs(result - before)[hole].mean() > 3, "something was erased"
    with Image.open(path) as saved, Image.open(photo) as given:
        assert saved.info["icc_profile"] == given.info["icc_profile"]
        assert saved.getexif()[MAKER] == "A maker"

    page.key("z", modifiers=2)
    page.wait("!document.getElementById('redo').disabled && document.getElementById('compare').disabled")
    path.unlink()
    np.testing.assert_array_equal(_pixels(_saved(page, tmp_path)), before, "undo brings back every bit")
    page.key("y", modifiers=2)
    page.wait("!document.getElementById('compare').disabled")
    path.unlink()
    np.testing.assert_array_equal(_pixels(_saved(page, tmp_path)), result, "and redo")
    assert page.errors == []


def test_a_jpeg_comes_upright_and_keeps_what_its_file_said(page: Page, photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    with Image.open(photo) as picture:
        _with_metadata(picture.transpose(Image.Transpose.ROTATE_90), path, orientation=6, quality=95)
    _open(page, path)
    assert f"{WIDTH} × {HEIGHT}" in page.says()
    _paint(page, (100, 100), (160, 100), 12)
    _erase(page)
    with Image.open(_saved(page, tmp_path)) as saved, Image.open(path) as given:
        assert (saved.format, saved.size) == ("JPEG", (WIDTH, HEIGHT))
        assert saved.info["icc_profile"] == given.info["icc_profile"]
        assert saved.getexif()[MAKER] == "A maker" and saved.getexif()[ORIENTATION] == 1
        outside = np.asarray(saved).astype(int)[150:] - _pixels(photo).astype(int)[150:]
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


def test_backends_keys_names_and_the_latency_report(page: Page, photo: Path, tmp_path: Path) -> None:
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

    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "slider", "radio", "combobox", "link", "application")
    controls = [node for node in tree if node.get("role", {}).get("value") in roles and not node["ignored"]]
    nameless = [node for node in controls if not node.get("name", {}).get("value")]
    assert len(controls) > 10 and nameless == []
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
    saved, given = _pixels(_saved(page, tmp_path)), _pixels(path)
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
    with StaticServer(folder) as server, browser_page.opened() as page:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        page.open(server.link)
        page.wait("document.getElementById('status')?.classList.contains('wrong')")
        assert page.says().startswith(message)
        server.shutdown()


def test_the_service_worker_keeps_every_file_of_the_page() -> None:
    text = (WEB / "service_worker.js").read_text()
    parts = ("app", "core")
    wanted = {path.stem for part in parts for path in (WEB / part).glob("*.js")} | {
        "index.html",
        "style.css",
        "app.webmanifest",
    }
    assert [name for name in wanted if f'"{name}"' not in text] == []
