"""The web app refuses a broken artifact, and an index or a manifest that makes things up, in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import browser_page
import pytest
from web_site import served

pytestmark = [browser_page.needs_runtimes, browser_page.needs_chromium]


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


def _made_up(text: str, size_px: int = 0, shapes: dict[str, list[int]] | None = None, more: int = 0, **changes: object) -> str:
    """The manifest with other values."""
    table = json.loads(text)
    contract = table["contract"]
    if size_px:
        contract["size_px"] = table["compositor"]["size_px"] = size_px
    for tensor in (*contract["inputs"], contract["output"]):
        tensor["shape"] = (shapes or {}).get(tensor["name"], tensor["shape"])
    return json.dumps(table | {"bytes": table["bytes"] + more} | changes)


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
