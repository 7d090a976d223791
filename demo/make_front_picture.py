"""Makes docs/images/before_after.jpg, the picture at the top of the README: python demo/make_front_picture.py.

Above, three demo photos; below, the same after `mobile-inpaint fill` has erased what their masks cover.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import mobile_inpaint as mi

DEMO = Path(__file__).parent
OUT = DEMO.parent / "docs" / "images" / "before_after.jpg"

# photo: (left, top, width) of the 4:3 window that is shown of it, in photo pixels
WINDOWS = {"wren": (480, 110, 1120), "tree": (0, 0, 960), "ray": (440, 40, 1240)}
TILE = (480, 360)
GAP_PX = 6

if __name__ == "__main__":
    generator = mi.create_model("migan-512", weights="migan-512-places2")
    step_x, step_y = TILE[0] + GAP_PX, TILE[1] + GAP_PX
    picture = Image.new("RGB", (len(WINDOWS) * step_x - GAP_PX, 2 * step_y - GAP_PX), "white")
    for column, (name, (left, top, width)) in enumerate(WINDOWS.items()):
        photo = mi.Photo.open(DEMO / f"{name}.jpg")
        mask = mi.Mask.open(DEMO / f"{name}_mask.png")
        erased = mi.fill(photo, mask, model=generator).pixels
        window = (left, top, left + width, top + width * TILE[1] // TILE[0])
        for row, pixels in enumerate((photo.pixels, erased)):
            tile = Image.fromarray(pixels).resize(TILE, Image.Resampling.LANCZOS, box=window)
            picture.paste(tile, (column * step_x, row * step_y))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    picture.save(OUT, quality=90, optimize=True, progressive=True)
