"""Makes docs/images/before_after.jpg, the picture at the top of the README: python demo/make_front_picture.py.

Three demo photos with the default network. From above: the photo; the result of `mobile-inpaint fill`; a part of the result
that lay under the mask, at 100 %.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import mobile_inpaint as mi

DEMO = Path(__file__).parent
OUT = DEMO.parent / "docs" / "images" / "before_after.jpg"

# photo: (left, top, width) of the 4:3 window that is shown of it, and (left, top) of the part at 100 %, in photo pixels
WINDOWS = {
    "wren": ((480, 110, 1120), (800, 350)),
    "otter": ((60, 0, 1120), (290, 30)),
    "ray": ((440, 40, 1240), (820, 400)),
}
TILE = (480, 360)
GAP_PX = 6

if __name__ == "__main__":
    generator = mi.create_model("migan-lite", weights="migan-lite")
    step_x, step_y = TILE[0] + GAP_PX, TILE[1] + GAP_PX
    picture = Image.new("RGB", (len(WINDOWS) * step_x - GAP_PX, 3 * step_y - GAP_PX), "white")
    for column, (name, ((left, top, width), (x, y))) in enumerate(WINDOWS.items()):
        photo = mi.Photo.open(DEMO / f"{name}.jpg")
        result = mi.fill(photo, mi.Mask.open(DEMO / f"{name}_mask.png"), model=generator)
        before, after = Image.fromarray(photo.pixels), Image.fromarray(result.pixels)
        window = (left, top, left + width, top + width * TILE[1] // TILE[0])
        tiles = (
            before.resize(TILE, Image.Resampling.LANCZOS, box=window),
            after.resize(TILE, Image.Resampling.LANCZOS, box=window),
            after.crop((x, y, x + TILE[0], y + TILE[1])),
        )
        for row, tile in enumerate(tiles):
            picture.paste(tile, (column * step_x, row * step_y))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    picture.save(OUT, quality=88, optimize=True, progressive=True)
