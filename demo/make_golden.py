"""Makes mobile_inpaint/data/golden/ from the demo photos and their masks: python demo/make_golden.py.

One 512 x 512 photo and one mask (white = hole) for each kind of hole on which an artifact is verified.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

DEMO = Path(__file__).parent
GOLDEN = DEMO.parent / "mobile_inpaint" / "data" / "golden"
SIDE = 512

# kind: photo, (left, top, side) of the square cut from it, the hole's shapes in the 512 px cut (none: the photo's own mask)
KINDS = {
    "small": ("fish", (960, 640, 700), [("ellipse", [(238, 196), (300, 246)])]),
    "large": (
        "tree",
        (240, 0, 720),
        [
            (
                "polygon",
                [(30, 150), (90, 60), (210, 60), (300, 110), (390, 80), (450, 190), (400, 300), (300, 330), (160, 300)],
            ),
            ("line", [(20, 400), (190, 440), (330, 390), (480, 450)]),
        ],
    ),
    "border": ("divers", (1240, 0, 760), []),
    "thin": (
        "osprey",
        (640, 240, 1000),
        [
            ("hair", [(40, 60), (160, 130), (250, 100), (330, 210), (470, 180)]),
            ("hair", [(90, 480), (200, 330), (300, 360), (490, 440)]),
            ("hair", [(400, 20), (380, 490)]),
            ("hair", [(20, 256), (280, 256)]),
        ],
    ),
    "object": ("wren", (690, 150, 760), []),
    "several": (
        "ray",
        (40, 90, 1200),
        [
            ("ellipse", [(40, 60), (120, 130)]),
            ("ellipse", [(330, 180), (420, 240)]),
            ("polygon", [(200, 330), (290, 350), (270, 420), (190, 400)]),
            ("line", [(430, 40), (470, 140)]),
            ("hair", [(60, 470), (230, 480)]),
        ],
    ),
}
STROKES = {"line": 40, "hair": 3}  # widths in px


def draw_hole(shapes: list[tuple[str, list[tuple[int, int]]]]) -> Image.Image:
    """Returns a 1-bit picture, 512 x 512, white where one of the shapes is."""
    mask = Image.new("1", (SIDE, SIDE))
    draw = ImageDraw.Draw(mask)
    for shape, points in shapes:
        if shape in STROKES:
            draw.line(points, fill=1, width=STROKES[shape], joint="curve")
        else:
            getattr(draw, shape)(points, fill=1)
    return mask


def shrink_mask(mask: Image.Image) -> Image.Image:
    """Returns `mask` at 512 x 512: each pixel that the hole touches is hole."""
    return Image.fromarray(np.asarray(mask.convert("F").resize((SIDE, SIDE), Image.Resampling.BOX)) > 0)


def make(folder: Path) -> None:
    """Writes `<kind>.jpg` and `<kind>.png` of each kind into `folder`."""
    for kind, (name, (left, top, side), shapes) in KINDS.items():
        box = (left, top, left + side, top + side)
        with Image.open(DEMO / f"{name}.jpg") as photo:
            cut = photo.crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        cut.save(folder / f"{kind}.jpg", quality=92, subsampling=0, optimize=True)
        with Image.open(DEMO / f"{name}_mask.png") as drawn:
            mask = draw_hole(shapes) if shapes else shrink_mask(drawn.crop(box))
        mask.save(folder / f"{kind}.png", optimize=True)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    make(GOLDEN)
