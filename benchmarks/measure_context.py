"""How much of the photo the compositor should show the network: LPIPS to the truth over the context, on real photos.

    python benchmarks/measure_context.py --photos DIR [--silhouettes DIR] [--weights NAME_OR_FILE]

Needs: a folder of photos of 880 px and more; PNG pictures with an alpha channel for the holes' shapes, for example Debian's
tuxpaint-stamps-default. LPIPS is AlexNet's, fetched into the weights store.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from mobile_inpaint import Compositor, create_model
from mobile_inpaint.metrics.perceptual import Lpips

CONTEXTS = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
FADES = (0, 160, 240, 256)
COMPOSITOR = Compositor()


class Case(NamedTuple):
    """A photo, a hole in it, and the window round the hole, 1.5 times as long, in which the result is judged."""

    pixels: np.ndarray
    hole: np.ndarray
    window: tuple[slice, slice]


def cases(photos: Path, shape: Callable[[int], np.ndarray], sides: tuple[int, int], count: int) -> Iterator[Case]:
    """``count`` photos, in an order drawn once, with a hole of a drawn side at a drawn place."""
    rng = np.random.default_rng(0)
    for path in rng.permutation(sorted(photos.iterdir())):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        if count == 0:
            return
        if min(pixels.shape[:2]) < 880:
            continue
        count -= 1
        silhouette = shape(int(rng.integers(*sides)))
        height, width = silhouette.shape
        top, left = (int(rng.integers(a - b)) for a, b in zip(pixels.shape, silhouette.shape, strict=False))
        hole = np.zeros(pixels.shape[:2], np.bool_)
        hole[top : top + height, left : left + width] = silhouette
        reach = max(height, width) * 3 // 4
        middle = top + height // 2, left + width // 2
        yield Case(pixels, hole, (_about(middle[0], reach), _about(middle[1], reach)))


def silhouettes(folder: Path | None) -> Callable[[int], np.ndarray]:
    """Draws a shape of the given longer side: from the folder's alpha channels, or lobed blobs without a folder."""
    rng = np.random.default_rng(1)
    pictures = sorted(folder.rglob("*.png")) if folder else []

    def draw(side: int) -> np.ndarray:
        while True:
            alpha = _alpha(pictures[rng.integers(len(pictures))]) if pictures else _blob(rng)
            alpha = alpha.point(lambda v: 255 * (v > 127)).rotate(float(rng.uniform(-25, 25)), expand=True)
            alpha = alpha.crop(alpha.getbbox() or (0, 0, 1, 1))
            if np.asarray(alpha).mean() > 255 * 0.3:
                scale = side / max(alpha.size)
                size = [max(1, round(length * scale)) for length in alpha.size]
                return np.asarray(alpha.resize((size[0], size[1]), Image.Resampling.NEAREST)) > 127

    return draw


def _alpha(path: Path) -> Image.Image:
    picture = Image.open(path)
    return picture.getchannel("A") if "A" in picture.getbands() else Image.new("L", (1, 1))


def _blob(rng: np.random.Generator) -> Image.Image:
    angle = np.arctan2(*np.mgrid[-200:200, -200:200])
    radius = 100 + sum(rng.normal(0, 35 / k) * np.cos(k * angle + rng.uniform(0, 6.28)) for k in range(1, 6))
    return Image.fromarray(np.where(np.hypot(*np.mgrid[-200:200, -200:200]) < radius, 255, 0).astype(np.uint8))


def _about(middle: int, reach: int) -> slice:
    return slice(max(middle - reach, 0), middle + reach)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--silhouettes", type=Path)
    parser.add_argument("--weights", default="migan-512-places2")
    parser.add_argument("--count", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    lpips, model = Lpips("alex"), create_model("migan-512", arguments.weights)

    def distance(case: Case, compositor: Compositor) -> float:
        result = compositor(case.pixels, case.hole, model)
        pair = (torch.tensor(p[case.window]).permute(2, 0, 1)[None] / 255 for p in (case.pixels, result))
        return float(lpips(*pair))

    by_context = [(f"context {c:.2f}", replace(COMPOSITOR, context=c)) for c in CONTEXTS]
    by_fade = [(f"fade {f}/256", replace(COMPOSITOR, fade=f)) for f in FADES]
    with torch.inference_mode():
        for sides, compositors in (((300, 520), by_context), ((90, 270), by_context), ((90, 270), by_fade)):
            shape = silhouettes(arguments.silhouettes)
            found = list(cases(arguments.photos, shape, sides, arguments.count))
            table = np.array([[distance(case, compositor) for _, compositor in compositors] for case in found])
            best = np.bincount(table.argmin(axis=1), minlength=len(compositors))
            print(f"\nholes of {sides[0]} to {sides[1]} px, {len(found)} photos\n\n| | LPIPS | best on |\n|---|---|---|")
            for (name, _), mean, wins in zip(compositors, table.mean(axis=0), best, strict=True):
                print(f"| {name} | {mean:.4f} | {wins} |")


if __name__ == "__main__":
    main()
