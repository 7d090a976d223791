"""The web app's files as they lie here; no browser is needed."""

from __future__ import annotations

import json
import re

from PIL import Image
from web_site import WEB

from mobile_inpaint.bench.browser.static import CONTENT_POLICY

LARGEST_ICON_BYTES = 10_000


def test_the_icons_are_what_the_manifest_says() -> None:
    icons = json.loads((WEB / "app.webmanifest").read_text())["icons"]
    pictures = [icon for icon in icons if icon["type"] == "image/png"]
    assert {(icon["sizes"], icon["purpose"]) for icon in pictures} >= {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for icon in pictures:
        path = WEB / icon["src"]
        with Image.open(path) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
            assert picture.convert("RGB").getpixel((0, 0)) == (0x1D, 0x27, 0x33), "it fills its square, as a mask needs"
        assert path.stat().st_size < LARGEST_ICON_BYTES


def test_the_page_its_files_and_its_server_have_one_policy() -> None:
    worker = (WEB / "service_worker.js").read_text().partition('"Content-Security-Policy": "')[2].partition(",\n")[0]
    joined = "".join(re.findall(r'"([^"]*)"', f'"{worker}'))
    assert joined == CONTENT_POLICY
    page = (WEB / "index.html").read_text()
    assert f'content="{CONTENT_POLICY.removesuffix("; frame-ancestors " + chr(39) + "none" + chr(39))}"' in page


def test_the_service_worker_keeps_every_file_of_the_page() -> None:
    text = (WEB / "service_worker.js").read_text()
    parts = ("app", "core")
    wanted = {path.stem for part in parts for path in (WEB / part).glob("*.js")}
    wanted |= {"index.html", "style.css", "app.webmanifest", *(path.name for path in WEB.glob("icon*"))}
    assert [name for name in wanted if f'"{name}"' not in text] == []
