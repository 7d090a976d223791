from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.photo.baselines.opencv import navier_stokes, telea
from mobile_inpaint.photo.image import Image, to_image, to_pixels


@pytest.fixture(scope="module")
def vectors() -> dict[str, np.ndarray]:
    return load_file(Path(__file__).parents[1] / "golden" / "classical" / "cv2_64.safetensors")


@pytest.mark.parametrize("radius_px", [3, 10])
@pytest.mark.parametrize(("name", "fill"), [("telea", telea), ("ns", navier_stokes)])
def test_fills_are_opencvs(vectors: dict[str, np.ndarray], name: str, fill: Callable[..., Image], radius_px: int) -> None:
    pixels, hole = vectors["in_image_hwc"], vectors["in_mask"] >= 128
    result = fill(to_image(pixels), hole[None, None].astype(np.float32), radius_px=radius_px)
    assert (to_pixels(result) == vectors[f"out_{name}_r{radius_px}"]).all()


@pytest.mark.parametrize("fill", [telea, navier_stokes])
def test_known_pixels_come_back_as_given(fill: Callable[..., Image]) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((2, 3, 24, 40), dtype=np.float32)
    mask = (rng.random((2, 1, 24, 40)) < 0.2).astype(np.float32)
    hidden = np.where(mask > 0, np.float32(1), image)
    result = fill(image, mask)
    assert result.dtype == np.float32
    assert result.shape == image.shape
    assert (np.where(mask > 0, image, result) == image).all()
    assert (fill(hidden, mask) == result).all()


def test_without_opencv_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ToolchainMissing, match=r"pip install 'mobile-inpaint\[train\]'"):
        telea(np.zeros((1, 3, 8, 8), np.float32), np.zeros((1, 1, 8, 8), np.float32))
