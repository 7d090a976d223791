"""The web app on WebGPU, played by the processor: the same paint, Python's result."""

from __future__ import annotations

import time
from pathlib import Path

import browser_page
import numpy as np
import pytest
from web_site import HEIGHT, WIDTH, build, by_python, make_photo, pixels_of, row, served

from mobile_inpaint.artifact import Artifact

pytestmark = [browser_page.needs_runtimes, browser_page.needs_chromium]

IN_SOFTWARE = ("--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-webgpu-adapter=swiftshader")


def test_the_result_is_pythons_and_all_else_is_kept(toy_artifact: Artifact, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "garden.png")
    with served(build(toy_artifact, tmp_path / "web")) as server, browser_page.opened(*IN_SOFTWARE) as page:
        page.size(1280, 800)
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
        page.open(server.link)
        page.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
        if not page.ask("Promise.resolve(navigator.gpu?.requestAdapter()).then(Boolean, () => false)"):
            pytest.skip("this Chromium has no SwiftShader for WebGPU")
        assert page.ask("backend.value") == "webgpu", "the fastest is the default"
        page.choose(photo)
        page.wait("document.getElementById('status').textContent.startsWith('garden.png')")
        x, y = page.ask("(({x, y, width, height}) => [x + width / 2, y + height / 2])(photo.getBoundingClientRect())")
        left, top = x - WIDTH / 2 + 0.5, y - HEIGHT / 2 + 0.5
        page.ask("size.value = 36")
        page.drag((left + 80, top + 100), (left + 200, top + 100))
        page.key("Enter", "\r")
        page.wait("document.getElementById('status').textContent.startsWith('Erased')")
        page.click("save")
        page.wait("document.getElementById('status').textContent.startsWith('Saved')")
        path, ends = tmp_path / "saved" / "garden-erased.png", time.monotonic() + 30
        while not path.is_file():
            assert time.monotonic() < ends, "nothing was saved"
            time.sleep(0.05)
        assert (page.errors, page.failed) == ([], [])
    before, result, hole = pixels_of(photo), pixels_of(path).astype(int), row(100, 80, 200, 18)
    np.testing.assert_array_equal(result[~hole], before[~hole])
    assert abs(result - by_python(toy_artifact, before, hole)).max() <= 1
    assert abs(result - before)[hole].mean() > 3, "something was erased"
