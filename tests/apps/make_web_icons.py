"""Draws the web app's PNG icons from its icon.svg, by Chromium: python tests/apps/make_web_icons.py"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import browser_page
from PIL import Image

WEB = Path(__file__).parents[2] / "web_demo"
SIDES_PX = (192, 512)
COLOURS = 64  # three and the edges between them
DRAW = """(async () => {
  const picture = new Image();
  picture.src = "data:image/svg+xml;base64,%s";
  await picture.decode();
  const canvas = new OffscreenCanvas(%d, %d);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
})()"""


def main() -> None:
    drawing = base64.b64encode((WEB / "icon.svg").read_bytes()).decode()
    with browser_page.opened() as page:
        for side in SIDES_PX:
            png = base64.b64decode(page.ask(DRAW % (drawing, side, side)))
            picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS)
            picture.save(WEB / f"icon-{side}.png", optimize=True)


if __name__ == "__main__":
    main()
