"""Photos and masks: small pictures of every kind that Pillow writes, damaged as bytes and in their structure."""

from __future__ import annotations

import functools
import io
import random
from pathlib import Path

import numpy as np
from PIL import Image, features

from . import containers, stock
from .case import Case, Judge, Outcome, Place
from .damage import damaged

FORMATS = ("JPEG", "PNG", "WEBP", *(("AVIF",) if features.check("avif") else ()))
_MODES = {
    "JPEG": ("RGB", "RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
}
_OTHERS = (
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "ICO",
    "TGA",
    "PCX",
    "JPEG2000",
    "SGI",
    "DDS",
    "IM",
    "MPO",
    "APNG",
    "EPS",
    "SVG",
    "empty",
    "text",
    "HEIC",
)
SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif"}
MOST_PIXELS = 2_000_000
HEIGHT, WIDTH = 40, 48


@functools.cache
def picture(format: str, mode: str, variant: int) -> bytes:
    """A picture of 40 by 48 pixels in that format."""
    generator = np.random.default_rng(variant)
    smooth = generator.integers(0, 256, (5, 6, 4), np.uint8)
    pixels = Image.fromarray(smooth, "RGBA").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    image = (
        Image.fromarray((np.arange(HEIGHT * WIDTH, dtype=np.uint16) * 31).reshape(HEIGHT, WIDTH))
        if mode == "I;16"
        else (
            pixels.convert("RGB").quantize(16)
            if mode == "P"
            else pixels.convert("RGB").convert(mode)
            if mode in "CMYK1L"
            else pixels.convert(mode)
        )
    )
    options = {
        "JPEG": ({"quality": 80}, {"progressive": True}, {"subsampling": "4:2:0", "quality": 40}, {"restart_marker_blocks": 2}),
        "PNG": ({}, {"bits": 8}, {"compress_level": 1}, {"optimize": True}),
        "WEBP": ({"lossless": True}, {"quality": 60}, {"method": 0}, {"quality": 90}),
        "AVIF": ({"speed": 10}, {"speed": 10, "quality": 30}, {"speed": 10, "subsampling": "4:4:4"}, {"speed": 10}),
    }[format][variant % 4]
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@functools.cache
def other(kind: str) -> bytes:
    """A file that is no photo of ours."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    file = io.BytesIO()
    match kind:
        case "empty":
            return b""
        case "text":
            return b"no picture\n"
        case "SVG":
            return b'<svg xmlns="http://www.w3.org/2000/svg" width="48" height="40"><image href="file:///etc/passwd"/></svg>'
        case "HEIC":
            return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
        case "MPO":
            image.save(file, "MPO", save_all=True, append_images=[image.rotate(90)])
        case "APNG":
            image.save(file, "PNG", save_all=True, append_images=[image.rotate(180)])
        case _:
            image.save(file, kind)
    return file.getvalue()


@functools.cache
def good_mask(format: str = "PNG") -> bytes:
    """White where the hole is."""
    hole = np.zeros((HEIGHT, WIDTH), np.uint8)
    hole[10:20, 12:24] = 255
    file = io.BytesIO()
    Image.fromarray(hole).save(file, format, **({"lossless": True} if format == "WEBP" else {}))
    return file.getvalue()


def hostile(random: random.Random, data: bytes, format: str) -> bytes:
    """A picture with faults."""
    if format in containers.FORMATS and random.random() < 0.6:
        take_apart, put_together = containers.FORMATS[format]
        data = put_together(containers.shuffled(random, take_apart(data), containers.EXTRAS[format](random)))
        return damaged(random, data) if random.random() < 0.2 else data
    return damaged(random, data)


def make(random: random.Random, place: Place) -> Case:
    """``fill`` of a damaged photo, or with a damaged mask."""
    format = random.choice(FORMATS)
    data = picture(format, random.choice(_MODES[format]), random.randrange(4))
    mask_format = random.choice(("PNG", "PNG", "WEBP", "JPEG"))
    mask, undamaged = good_mask(mask_format), False
    match random.randrange(20):
        case 0:
            kind = random.choice(_OTHERS)
            data = other(kind) if random.random() < 0.5 else damaged(random, other(kind))
        case 1 | 2 | 3 | 4 | 5:
            mask = hostile(random, mask, mask_format)
        case 6:
            mask = picture(
                *random.choice((("PNG", "P"), ("PNG", "RGBA"), ("PNG", "1"), ("PNG", "I;16"), ("JPEG", "CMYK"), ("PNG", "LA"))),
                0,
            )
        case 7:
            data, undamaged = picture(format, "RGB", random.randrange(4)), mask_format != "JPEG"
        case _:
            data = hostile(random, data, format)
    photo, mask_path = place.box / f"photo{SUFFIX[format]}", place.box / f"mask{SUFFIX[mask_format]}"
    photo.write_bytes(data)
    mask_path.write_bytes(mask)
    if random.random() < 0.01:
        photo.unlink()
        random.choice((photo.mkdir, lambda: photo.symlink_to(photo), lambda: photo.symlink_to(place.box / "none")))()
        undamaged = False
    result = place.box / f"result{random.choice(('.png', '.png', '.png', SUFFIX[format], '.jpg', '.webp'))}"
    words = ["--hole", random.choice(("black", "alpha"))] if not undamaged and random.random() < 0.1 else []
    words += random.choice(([], [], ["--grow", "2"], ["--grow", "auto"], ["--allow-full"]))
    return fill(photo, mask_path, result, words, undamaged=undamaged)


def fill(photo: Path, mask: Path, result: Path, words: list[str] | None = None, *, undamaged: bool = False) -> Case:
    """``fill`` by the tiny network."""
    command = ["fill", str(photo), "--mask", str(mask), "--out", str(result), "--max-pixels", str(MOST_PIXELS)]
    network = ["--model", str(stock.path(stock.CHECKPOINT)), "--threads", "1"]
    plain = "--hole" not in (words or []) and "--grow" not in (words or [])
    judge = _known_pixels(photo, mask, result, plain=plain)
    return Case([*command, *network, *(words or [])], judge, (result.name,), undamaged=undamaged)


def _known_pixels(photo: Path, mask: Path, result: Path, *, plain: bool) -> Judge:
    """The result is a picture of the photo's size; where the format keeps bits, known pixels are as Photo reads them."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        from mobile_inpaint.photo.image import Photo
        from mobile_inpaint.photo.mask import Mask

        before = Photo.open(photo, max_pixels=MOST_PIXELS)
        with Image.open(result) as saved:
            saved.load()
            if saved.size != (before.width, before.height):
                return "the result has another size"
            after = np.asarray(saved.convert("RGB"))
        if result.suffix == ".png" and plain:
            hole = Mask.open(mask, max_pixels=MOST_PIXELS).hole
            if (after[hole == 0] != before.pixels[hole == 0]).any():
                return "known pixels changed"
        return None

    return judge
