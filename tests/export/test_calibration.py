"""Calibration samples: the same for a seed, of every kind of hole, from a folder or from the set that ships."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobile_inpaint.data.shipped import SHIPPED
from mobile_inpaint.errors import CalibrationError
from mobile_inpaint.quantization.calibration import calibration_samples


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photos, each of one channel that its name tells, one of them further down and small."""
    folder = tmp_path / "holiday"
    (folder / "more").mkdir(parents=True)
    ramp = Image.linear_gradient("L").resize((300, 200))
    black = Image.new("L", ramp.size)
    Image.merge("RGB", (ramp, black, black)).save(folder / "red.jpg")
    Image.merge("RGB", (black, ramp, black)).save(folder / "green.png")
    Image.merge("RGB", (black, black, ramp)).resize((60, 40)).save(folder / "more" / "blue.webp")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def never(line: str) -> None:
    raise AssertionError(line)


def test_a_sample_is_what_a_network_takes() -> None:
    samples = calibration_samples(None, 12, 64, 0, never)
    assert len(samples) == 12
    for image, mask in samples:
        assert image.shape == (1, 3, 64, 64)
        assert mask.shape == (1, 1, 64, 64)
        assert image.dtype == mask.dtype == np.float32
        assert 0 <= image.min() < image.max() <= 1
        assert set(np.unique(mask)) == {0, 1}
        assert image.flags.c_contiguous and mask.flags.c_contiguous
    samples[0][0][:] = 0
    assert samples[0][0].any(), "arrays are the caller's own"
    assert len(samples[2:5]) == 3
    np.testing.assert_array_equal(samples[2:5][0][1], samples[2][1])


def test_the_same_seed_gives_the_same_samples_and_more_are_more_of_the_same() -> None:
    few, many, others = (
        calibration_samples(None, *size_and_seed, never) for size_and_seed in ((3, 64, 7), (60, 64, 7), (3, 64, 8))
    )
    for first, second, third in zip(few, many, others, strict=False):
        for one, other, different in zip(first, second, third, strict=True):
            np.testing.assert_array_equal(one, other)
            assert (one != different).any()
    assert few.name != many.name, "named by the photos that were read"


def test_holes_are_objects_free_forms_and_strokes() -> None:
    shares = np.array([mask.mean() for _, mask in calibration_samples(None, 48, 128, 1, never)])
    objects, free = shares[::2], np.concatenate([shares[1::6], shares[3::6]])
    assert ((objects > 0.05) & (objects < 0.14)).all()
    assert free.max() <= 0.6
    assert free.mean() > 0.25
    assert (shares[5::6] <= 0.5).all()


def test_photos_are_kept_as_bytes() -> None:
    crops = calibration_samples(None, 2, 64, 0, never)._crops
    assert all(crop.pixels.dtype == np.uint8 and crop.hole.dtype == np.bool_ for crop in crops)


def test_each_photo_of_a_folder_serves_before_any_serves_again(photos: Path) -> None:
    samples = calibration_samples(photos, 6, 64, 0, never)
    channels = [int(image[0].mean(axis=(1, 2)).argmax()) for image, _ in samples]
    assert sorted(channels[:3]) == [0, 1, 2]
    assert channels[3:] == channels[:3]
    assert len({image.tobytes() for image, _ in samples}) == 6, "another square each time"


def test_the_name_tells_photos_apart(photos: Path) -> None:
    name = calibration_samples(photos, 3, 64, 0, never).name
    assert name.startswith("holiday sha256:")
    assert len(name) == len("holiday sha256:") + 12
    assert calibration_samples(photos, 3, 32, 1, never).name == name
    (photos / "red.jpg").rename(photos / "rouge.jpg")
    renamed = calibration_samples(photos, 3, 64, 0, never).name
    Image.new("RGB", (80, 80), "red").save(photos / "rouge.jpg")
    assert len({name, renamed, calibration_samples(photos, 3, 64, 0, never).name}) == 3


def test_a_broken_picture_is_named_and_left_out(photos: Path) -> None:
    (photos / "broken.jpg").write_bytes((photos / "red.jpg").read_bytes()[:300])
    warnings: list[str] = []
    samples = calibration_samples(photos, 4, 64, 0, warnings.append)
    assert len(samples) == 4
    assert len(warnings) == 1
    assert "broken.jpg" in warnings[0] and "left out" in warnings[0] and "\n" not in warnings[0]


def test_folders_without_photos_are_one_line_each(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="nowhere: no such folder"):
        calibration_samples(tmp_path / "nowhere", 4, 64, 0, never)
    with pytest.raises(CalibrationError, match="holds no pictures"):
        calibration_samples(tmp_path, 4, 64, 0, never)
    (tmp_path / "a.jpg").write_bytes(b"no")
    (tmp_path / "b.png").write_bytes(b"no")
    warnings: list[str] = []
    with pytest.raises(CalibrationError, match="none of its 2 pictures can be read"):
        calibration_samples(tmp_path, 4, 64, 0, warnings.append)
    assert len(warnings) == 2


def test_the_set_that_ships_is_small_free_and_attributed() -> None:
    folder = SHIPPED / "calibration"
    with (folder / "photos.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    files = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert {row["file"] for row in rows} | {"photos.csv"} == set(files)
    assert len(rows) >= 40
    assert sum(files.values()) <= 2_000_000
    assert {row["licence"] for row in rows} == {"public-domain", "CC0", "CC0-1.0"}
    assert all(row["author"] and row["package"] and row["path_in_package"] and len(row["source_sha256"]) == 64 for row in rows)
    assert all(row["photo"].startswith("train/") for row in rows)
