"""The web app in WebKitGTK: the same photo, the same paint, Python's result."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import web_site
import webkit_page
from PIL import Image
from web_site import HEIGHT, WIDTH

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.bench.browser import runtimes

pytestmark = [
    pytest.mark.skipif(not runtimes.are_here(), reason=f"the page's runtimes are not here: {runtimes.FETCH}"),
    pytest.mark.skipif(webkit_page.missing() is not None, reason=webkit_page.missing() or ""),
]

KEEP_WHAT_IS_SAVED = "URL.createObjectURL = (blob) => (globalThis.saved = blob, 'data:,'), true"
SAVED = """new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(',')[1]);
  reader.readAsDataURL(globalThis.saved);
})"""


def test_the_result_is_pythons_and_all_else_is_kept(toy_artifact: Artifact, tmp_path: Path) -> None:
    site = web_site.build(toy_artifact, tmp_path / "web")
    path = web_site.make_photo(tmp_path / "garden.png")
    with web_site.served(site) as server, webkit_page.opened(tmp_path / "home") as page:
        page.open(server.link)
        page.wait("document.getElementById('status')?.textContent === 'Choose a photo to begin.'")
        page.choose(path)
        page.wait("document.getElementById('status').textContent.startsWith('garden.png')")
        place = "(({x, y, width, height}) => [x + width / 2, y + height / 2])(photo.getBoundingClientRect())"
        x, y = page.ask(place)
        assert page.ask("devicePixelRatio") == 1 and page.ask("photo.clientWidth") > WIDTH
        page.ask("size.value = 36")
        left, top = x - WIDTH / 2, y - HEIGHT / 2
        page.drag((left + 80.5, top + 100.5), (left + 200.5, top + 100.5))
        page.ask("document.getElementById('erase').click()")
        page.wait("document.getElementById('status').textContent.startsWith('Erased')")
        page.ask(KEEP_WHAT_IS_SAVED)
        page.ask("document.getElementById('save').click()")
        page.wait("document.getElementById('status').textContent.startsWith('Saved')")
        png = base64.b64decode(page.ask(SAVED))
    before, hole = web_site.pixels_of(path), web_site.row(100, 80, 200, 18)
    with Image.open(io.BytesIO(png)) as picture:
        result = np.asarray(picture.convert("RGB")).astype(int)
    np.testing.assert_array_equal(result[~hole], before[~hole])
    assert abs(result - web_site.by_python(toy_artifact, before, hole)).max() <= 1
    assert abs(result - before)[hole].mean() > 3, "something was erased"
