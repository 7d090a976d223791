from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobile_inpaint.bench.measure.pipeline import Scene, measure_pipeline, open_scene, synthetic_scene


def test_the_synthetic_photo_has_twelve_megapixels_and_one_hole() -> None:
    scene = synthetic_scene()
    assert scene.pixels.shape == (3000, 4000, 3) and scene.pixels.dtype == np.uint8
    assert scene.hole.shape == (3000, 4000) and scene.hole.dtype == np.bool_
    assert scene.hole.sum() == pytest.approx(np.pi * 200**2, rel=0.01)
    assert scene.label == "4000x3000, hole 1.05%"


def test_the_parts_are_cut_where_the_network_is_called() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0  # every look at the clock takes a second
        return now

    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        nonlocal now
        now += 10.0
        return image

    steps: list[None] = []
    scene = synthetic_scene(96, 64, 10)
    parts = measure_pipeline(fill, 32, scene, 1, 2, clock, lambda: steps.append(None))
    assert parts.pre_ms == (1000.0, 1000.0)
    assert parts.net_ms == (11000.0, 11000.0)
    assert parts.post_ms == (1000.0, 1000.0)
    assert parts.total_ms == (13000.0, 13000.0)
    assert len(steps) == 3


def test_two_holes_far_apart_call_the_network_twice_and_count_both() -> None:
    calls: list[int] = []

    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        calls.append(1)
        return image

    hole = np.zeros((64, 400), bool)
    hole[30:34, 10:14] = hole[30:34, 380:384] = True
    now = iter(float(i) for i in range(100))
    parts = measure_pipeline(fill, 32, Scene(np.zeros((64, 400, 3), np.uint8), hole), 0, 1, lambda: next(now))
    assert len(calls) == 2
    assert (parts.pre_ms, parts.net_ms, parts.post_ms) == ((1000.0,), (2000.0,), (2000.0,))


def test_a_photo_and_a_mask_from_files(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10), "red").save(tmp_path / "photo.png")
    mask = Image.new("L", (20, 10), 0)
    mask.putpixel((3, 4), 255)
    mask.save(tmp_path / "mask.png")
    scene = open_scene(tmp_path / "photo.png", tmp_path / "mask.png")
    assert scene.pixels.shape == (10, 20, 3)
    assert scene.hole.sum() == 1 and scene.hole[4, 3]
