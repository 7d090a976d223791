from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as pil

from mobile_inpaint.data.photo_source import PhotoSource, open_photos


@pytest.fixture(scope="session")
def plain_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six small photos: a slope of one colour each, and noise."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(6):
        slope = np.linspace(0, 255, 48)[:, None, None] * random.random(3) + random.integers(0, 40, (48, 64, 3))
        pil.fromarray(slope.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def photos(plain_photos: Path) -> PhotoSource:
    return open_photos(plain_photos)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
