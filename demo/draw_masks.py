"""Renders demo/masks.toml to one mask PNG a photo (white = hole): python demo/draw_masks.py."""

from __future__ import annotations

import tomllib
from pathlib import Path

from PIL import Image, ImageDraw

DEMO = Path(__file__).parent


def draw_mask(size: tuple[int, int], holes: list[list[list[int]]]) -> Image.Image:
    """Returns a 1-bit picture of `size` (width, height), white inside each of the closed polygons `holes`."""
    mask = Image.new("1", size)
    draw = ImageDraw.Draw(mask)
    for polygon in holes:
        draw.polygon([(x, y) for x, y in polygon], fill=1)
    return mask


if __name__ == "__main__":
    for name, entry in tomllib.loads((DEMO / "masks.toml").read_text()).items():
        with Image.open(DEMO / f"{name}.jpg") as photo:
            draw_mask(photo.size, entry["holes"]).save(DEMO / f"{name}_mask.png", optimize=True)
