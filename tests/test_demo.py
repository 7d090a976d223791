"""The pictures in demo/ and the golden photos are what their scripts and masks.toml say."""

import importlib.util
import tomllib
from importlib import resources
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

DEMO = Path(__file__).parents[1] / "demo"
MASKS = tomllib.loads((DEMO / "masks.toml").read_text())


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DEMO / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", MASKS)
def test_mask_is_the_one_that_is_written_down(name: str) -> None:
    with Image.open(DEMO / f"{name}.jpg") as photo, Image.open(DEMO / f"{name}_mask.png") as mask:
        drawn = script("draw_masks").draw_mask(photo.size, MASKS[name]["holes"])
        np.testing.assert_array_equal(np.asarray(mask), np.asarray(drawn))
        assert 0.01 < np.asarray(mask).mean() < 0.25


def test_every_photo_has_a_mask_and_is_attributed() -> None:
    readme = (DEMO / "README.md").read_text()
    assert {photo.stem for photo in DEMO.glob("*.jpg")} == set(MASKS)
    assert all(f"| `{name}.jpg` |" in readme for name in MASKS)


def test_the_folder_stays_small() -> None:
    assert sum(file.stat().st_size for file in DEMO.iterdir() if file.is_file()) <= 5_000_000


def test_golden_photos_are_cut_from_the_demo_photos(tmp_path: Path) -> None:
    make_golden = script("make_golden")
    make_golden.make(tmp_path)
    kept = resources.files("mobile_inpaint.data") / "golden"
    for made in tmp_path.iterdir():
        with Image.open(made) as picture, (kept / made.name).open("rb") as stream, Image.open(stream) as golden:
            # JPEG encoders differ by a grey level or two between Pillow's versions; masks are exact.
            allowed = 4 if made.suffix == ".jpg" else 0
            assert np.abs(np.asarray(picture, dtype=int) - np.asarray(golden, dtype=int)).max() <= allowed, made.name
