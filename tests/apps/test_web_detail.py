"""The detail step in a real Chromium: the fill is shown first, the result is Python's to the bit, Stop and Keep work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser_page
import numpy as np
import onnx
import pytest
from browser_page import Page
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from web_site import build, by_python, pixels_of, served

from mobile_inpaint.artifact import Artifact, Contract, Manifest, Provenance, TensorSpec, Verification, manifest_path, sha256_of
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.mask import Mask
from mobile_inpaint.targets.registry import get_target

pytestmark = [browser_page.needs_runtimes, browser_page.needs_chromium]

SIZE_PX = 64
WIDTH, HEIGHT = 700, 500
ROW, FIRST, LAST, RADIUS = 250, 300, 380, 60


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """For squares of 64 pixels."""
    return ramp_artifact(tmp_path_factory.mktemp("toy"), SIZE_PX)


def ramp_artifact(folder: Path, size_px: int) -> Artifact:
    """Fills the hole with a ramp whose floats are the same in every runtime; its manifest has the numbers of rules 2."""
    path = folder / "ramp-fp32.onnx"
    y, x, c = np.mgrid[:size_px, :size_px, :3]
    ramp = ((64 + (x + y * c // 2) * 64 // size_px) / 256).astype(np.float32).transpose(2, 0, 1)[None]
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        helper.make_node("Mul", ["image", "known"], ["holed"]),
        helper.make_node("Mul", ["ramp", "mask"], ["filled"]),
        helper.make_node("Add", ["holed", "filled"], ["output"]),
    ]
    shapes = {"image": (1, 3, size_px, size_px), "mask": (1, 1, size_px, size_px), "output": (1, 3, size_px, size_px)}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    constants = [numpy_helper.from_array(np.float32(1), "one"), numpy_helper.from_array(ramp, "ramp")]
    graph = helper.make_graph(nodes, "ramp", [infos["image"], infos["mask"]], [infos["output"]], constants)
    image, mask, output = (
        TensorSpec(name, "NCHW", shape, "float32", 0.0, 1.0, "grey" if name == "mask" else "RGB")
        for name, shape in shapes.items()
    )
    provenance = Provenance("ramp", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "none", "nothing")
    contract = Contract(f"ramp-{size_px}", "onnx", "fp32", size_px, (image, mask), output, provenance, {})
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    helper.set_model_props(model, {"mobile_inpaint": contract.to_json()})
    onnx.save(model, path)
    verified = Verification("by hand", "fp32", ("none",), (200.0,), 90.0, 0.0, 0.0, 5.0)
    numbers = Compositor(size_px, margin_px=8).with_detail("auto").numbers()
    ops = get_target("onnx").ops(path)
    Manifest(path.name, sha256_of(path), path.stat().st_size, contract, ops, 1.0, numbers, verified).save(manifest_path(path))
    return Artifact.open(path)


@pytest.fixture
def page(artifact: Artifact, tmp_path: Path) -> Iterator[Page]:
    """The app with that artifact, loaded."""
    with served(build(artifact, tmp_path / "web")) as server, browser_page.opened() as opened:
        opened.size(1280, 800)
        opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        opened.open(server.link)
        opened.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
        yield opened


def _photo(path: Path) -> Path:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(5).normal(0, 9, (HEIGHT, WIDTH, 3))
    pixels = np.stack([60 + x // 7, 90 + y // 5, (x * y) // 2400], axis=2) + noise + 40 * ((x // 13 + y // 17) % 2)[..., None]
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


def _saved(page: Page, folder: Path) -> Any:
    page.click("save")
    page.wait("document.getElementById('status').textContent.startsWith('Saved')")
    path = folder / "wall-erased.png"
    for _ in range(300):
        if path.is_file():
            break
        page.ask("new Promise((done) => setTimeout(done, 50))")
    pixels = pixels_of(path)
    path.unlink()
    return pixels


def _press(page: Page, button: str) -> None:
    """Clicks the button as soon as the network's fill is shown."""
    page.ask(f"""void new MutationObserver((_, observer) => {{
      if (keep.hidden) return;
      globalThis.seen = {{ share: progress.value, bar: !progress.hidden, keep: !keep.hidden }};
      observer.disconnect();
      {button}.click();
    }}).observe(keep, {{ attributes: true, attributeFilter: ["hidden"] }})""")


def test_the_fill_comes_first_then_the_detail_as_in_python(page: Page, artifact: Artifact, tmp_path: Path) -> None:
    path = _photo(tmp_path / "wall.png")
    before = pixels_of(path)
    page.choose(path)
    page.wait("document.getElementById('status').textContent.startsWith('wall.png')")
    left, top, width, height = page.ask("(({x, y, width, height}) => [x, y, width, height])(photo.getBoundingClientRect())")
    on_screen = lambda x: (left + (width - WIDTH) / 2 + x + 0.5, top + (height - HEIGHT) / 2 + ROW + 0.5)  # noqa: E731
    page.ask(f"size.value = {2 * RADIUS}")
    page.drag(on_screen(FIRST), on_screen(LAST))
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[ROW, FIRST : LAST + 1] = True
    hole = Mask(hole).grow(RADIUS).hole

    _press(page, "cancel")
    page.click("erase")
    page.wait("document.getElementById('status').textContent === 'Stopped; nothing has changed.'")
    assert page.ask("seen") == {"share": 0, "bar": True, "keep": True}
    assert page.ask("keep.hidden && progress.hidden && !erase.disabled"), "the paint is still there"
    np.testing.assert_array_equal(_saved(page, tmp_path), before)

    plain = by_python(artifact, before, hole, "off")
    _press(page, "keep")
    page.click("erase")
    page.wait("document.getElementById('status').textContent.startsWith('Erased')")
    np.testing.assert_array_equal(_saved(page, tmp_path), plain, "Keep leaves the network's fill")

    page.click("undo")
    page.wait("!document.getElementById('redo').disabled")
    page.ask("globalThis.shares = []; setInterval(() => shares.push(progress.hidden ? -1 : progress.value), 5)")
    page.click("erase")
    page.wait("document.getElementById('status').textContent.startsWith('Erased')")
    result, expected = _saved(page, tmp_path), by_python(artifact, before, hole, "auto")
    np.testing.assert_array_equal(result, expected, "the detail step is Python's, to the bit")
    assert (result != plain).any() and (result[~hole] == before[~hole]).all()
    shares = [share for share in page.ask("shares") if share >= 0]
    assert shares == sorted(shares) and len(set(shares)) > 2, "the bar moves"
    assert "for detail" in page.ask("document.getElementById('last').textContent")
    assert page.errors == []
