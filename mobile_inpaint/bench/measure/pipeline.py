"""A whole photo through the Compositor, and how its time divides before, in and behind the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mobile_inpaint.bench.measure.protocol import Clock, milliseconds
from mobile_inpaint.bench.report.latency_report import Pipeline
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.image import Fill, Image, Photo, Pixels
from mobile_inpaint.photo.mask import Mask


@dataclass(frozen=True)
class Scene:
    """A photo and its hole.

    Attributes:
        pixels: HWC uint8 RGB.
        hole: HW bool, True = to be filled.
    """

    pixels: Pixels
    hole: npt.NDArray[np.bool_]

    @property
    def label(self) -> str:
        """Size and the hole's share."""
        height, width = self.hole.shape
        return f"{width}x{height}, hole {self.hole.mean():.2%}"


def synthetic_scene(width_px: int = 4000, height_px: int = 3000, hole_px: int = 400) -> Scene:
    """A photo of 12 megapixels as phones take them, with one round hole of ``hole_px`` across a little off the middle."""
    y, x = np.ogrid[:height_px, :width_px]
    noise = np.random.default_rng(0)
    light = (x * 160 // width_px + y * 60 // height_px)[..., None]
    pixels = (light + noise.integers(0, 32, (height_px, width_px, 3), dtype=np.uint8)).astype(np.uint8)
    hole = (x - width_px * 0.45) ** 2 + (y - height_px * 0.55) ** 2 <= (hole_px / 2) ** 2
    return Scene(pixels, hole)


def open_scene(photo: Path, mask: Path) -> Scene:
    """The photo and the mask (white = hole) at these paths.

    Raises:
        PhotoError: ``photo`` cannot be read.
        MaskError: ``mask`` cannot be read.
    """
    return Scene(Photo.open(photo).pixels, Mask.open(mask).hole)


def measure_pipeline(
    fill: Fill,
    size_px: int,
    scene: Scene,
    warmup: int,
    runs: int,
    clock: Clock = time.perf_counter,
    advance: Callable[[], None] = lambda: None,
) -> Pipeline:
    """The three parts of ``runs`` whole photos after ``warmup`` others; decoding and encoding a file are not in them.

    Args:
        fill: the network, as a Fill of ``size_px`` squared.
        size_px: side of the square that it sees.
        scene: photo and hole.
        warmup: photos before the timed ones.
        runs: timed photos.
        clock: read at the beginning, round each call of ``fill``, and at the end.
        advance: called after each photo.

    Raises:
        MaskError: the hole does not fit the photo.
    """
    compositor = Compositor(size_px=size_px)
    calls: list[tuple[float, float]] = []

    def timed_fill(image: Image, mask: Image) -> Image:
        started = clock()
        filled = fill(image, mask)
        calls.append((started, clock()))
        return filled

    parts = []
    for _ in range(warmup + runs):
        calls.clear()
        started = clock()
        compositor(scene.pixels, scene.hole, timed_fill)
        total = clock() - started
        pre, net = calls[0][0] - started, sum(end - begin for begin, end in calls)
        parts.append(tuple(map(milliseconds, (pre, net, total - pre - net))))
        advance()
    pre_ms, net_ms, post_ms = zip(*parts[warmup:], strict=True)
    return Pipeline(scene.label, pre_ms, net_ms, post_ms)
