"""The photos by which fills are judged: known truth, every size of hole, in no other set."""

import csv
import importlib.util
import os
import tomllib
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mobile_inpaint.data.quality_photos import FOLDER, quality_cases
from mobile_inpaint.data.shipped import SHIPPED
from mobile_inpaint.masks.strokes import SLICES

ROOT = Path(__file__).parents[2]
GOLDEN_FROM = {
    "fish": "krank__level_30",
    "tree": "endless_sky_high_dpi__fields13_2x",
    "divers": "krank__menu_scores",
    "osprey": "budgie_backgrounds__perched_osprey",
    "wren": "budgie_backgrounds__canyon_wren",
    "ray": "krank__level_29",
}


def rows(set_name: str) -> list[dict[str, str]]:
    with (SHIPPED / set_name / "photos.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_photo_comes_with_a_hole_of_each_size() -> None:
    cases = quality_cases(512)
    assert len(cases) == 4 * len(rows("quality"))
    assert len(cases) >= 4 * 52
    names = [(photo.stem, slice) for photo, slice in cases._cases]
    assert len(set(names)) == len(names)
    assert [slice for _, slice in names[:4]] == ["thin", "small", "object", "large"]


def test_a_case_is_what_a_network_takes_and_its_hole_is_of_its_size() -> None:
    bounds = {"thin": (0.0005, 0.04), "small": (0.003, 0.02), "object": (0.056, 0.13), "large": (0.3, 0.5)}
    for case in quality_cases(512, limit=5):
        assert case.image.shape == (1, 3, 512, 512)
        assert case.mask.shape == (1, 1, 512, 512)
        assert case.image.dtype == case.mask.dtype == np.float32
        assert 0 <= case.image.min() < 0.4 < case.image.max() <= 1
        assert set(np.unique(case.mask)) == {0, 1}
        assert bounds[case.slice][0] <= case.mask.mean() <= bounds[case.slice][1]
        assert case.image.flags.c_contiguous and case.mask.flags.c_contiguous


def test_holes_differ_from_photo_to_photo_and_stay_the_same() -> None:
    first, again = quality_cases(128, limit=3), quality_cases(128, limit=3)
    assert len({case.mask.tobytes() for case in first}) == len(first)
    for one, other in zip(first, again, strict=True):
        assert (one.name, one.slice) == (other.name, other.slice)
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.image, other.image)
    first[0].image[:] = 0
    assert first[0].image.any(), "arrays are the caller's own"
    assert len(first[1:3]) == 2


def test_a_limit_takes_so_many_of_each_slice() -> None:
    cases = quality_cases(64, limit=2)
    assert [case.slice for case in cases] == list(SLICES) * 2
    np.testing.assert_array_equal(cases[5].mask, quality_cases(64)[5].mask)
    assert cases.name != quality_cases(64).name, "named by the photos that are in it"


@pytest.mark.parametrize("size_px", [64, 256])
def test_a_smaller_case_shows_the_mean_and_every_touched_pixel(size_px: int) -> None:
    cell = 512 // size_px
    for full, small in zip(quality_cases(512, limit=2), quality_cases(size_px, limit=2), strict=True):
        cells = full.mask.reshape(size_px, cell, size_px, cell)
        np.testing.assert_array_equal(small.mask[0, 0], cells.max(axis=(1, 3)))
        means = full.image.reshape(3, size_px, cell, size_px, cell).mean(axis=(2, 4))
        np.testing.assert_allclose(small.image[0], means, atol=1.01 / 255)


def test_together_they_stay_small_and_are_attributed() -> None:
    files = {file.name: file.stat().st_size for file in FOLDER.iterdir()}
    assert {row["file"] for row in rows("quality")} | {"photos.csv"} == set(files)
    assert sum(files.values()) <= 4_000_000
    terms = (SHIPPED / "LICENCES.md").read_text(encoding="utf-8")
    for row in rows("quality"):
        assert row["author"] and row["package"] and row["path_in_package"]
        assert row["licence"].split(":")[0] in terms
        assert len(row["source_sha256"]) == 64 or row["author"] == "Eastman Kodak"


def test_no_photo_is_in_two_sets() -> None:
    judged = {(row["package"], row["path_in_package"], row["source_sha256"]) for row in rows("quality")}
    calibrated = {(row["package"], row["path_in_package"], row["source_sha256"]) for row in rows("calibration")}
    hashes = {source for *_, source in judged} - {""}
    assert not judged & calibrated
    assert not hashes & {source for *_, source in calibrated}
    golden = (ROOT / "demo" / "README.md").read_text(encoding="utf-8")
    assert not any(f"`{path}`" in golden for _, path, _ in calibrated)
    assert sum(f"`{path}`" in golden for _, path, _ in judged) == 6, "of demo photos, squares beside the golden ones: below"


def test_squares_of_demo_photos_share_no_pixel_with_each_other_or_with_golden_photos() -> None:
    golden = script(ROOT / "demo" / "make_golden.py").KINDS.values()
    taken = [(GOLDEN_FROM[name], *square) for name, square, _ in golden]
    assert {name for name, *_ in taken} == set(GOLDEN_FROM.values())
    assert set(tomllib.loads((ROOT / "demo" / "masks.toml").read_text())) - set(GOLDEN_FROM) == {"otter"}
    squares = [
        (Path(row["photo"]).stem, int(row["left"]), int(row["top"]), int(row["side"]))
        for row in rows("quality")
        if row["photo"].startswith("demo/")
    ]
    assert len(squares) >= 10
    for place, (name, left, top, side) in enumerate(squares):
        assert side >= 512, "never enlarged"
        for other, x, y, length in taken + squares[:place]:
            apart = left >= x + length or x >= left + side or top >= y + length or y >= top + side
            assert other != name or apart, (name, left, top)


def test_the_maker_makes_the_same_bytes(tmp_path: Path) -> None:
    shared = os.environ.get("MOBILE_INPAINT_SHARED")
    if not shared:
        pytest.skip("MOBILE_INPAINT_SHARED does not name the shared reference vectors")
    maker, photos = script(ROOT / "benchmarks" / "make_photo_sets.py"), Path(shared) / "photos"
    for name, cuts, quality in (
        ("calibration", maker.calibration(photos), maker.CALIBRATION_QUALITY),
        ("quality", maker.quality(photos), maker.TRUTH_QUALITY),
    ):
        maker.make(photos, islice(cuts, 3), quality, tmp_path / name)
        for made in (tmp_path / name).glob("*.webp"):
            assert made.read_bytes() == (SHIPPED / name / made.name).read_bytes(), made.name
        with (tmp_path / name / "photos.csv").open(encoding="utf-8", newline="") as table:
            assert list(csv.DictReader(table)) == rows(name)[:3]
