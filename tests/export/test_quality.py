from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint import schema
from mobile_inpaint.artifact import HoleSize, Quality
from mobile_inpaint.data.quality_photos import QualityCases, quality_cases
from mobile_inpaint.errors import ManifestError, VerificationError
from mobile_inpaint.evaluation.figures import Judge
from mobile_inpaint.evaluation.quality import drop, measure_quality
from mobile_inpaint.evaluation.quality_reference import QualityReference
from mobile_inpaint.photo.image import Fill, Image

WEIGHTS = "0" * 64
SLICES = ("thin", "small", "object", "large")


def generator(image: Image, mask: Image) -> Image:
    """A fill that is nearly right: half of the contrast that the truth has in the hole."""
    return np.where(mask > 0, (image + image.mean()) / 2, image).astype(np.float32)


@pytest.fixture(scope="module")
def judges() -> dict[bool, Judge]:
    """With DISTS, and without."""
    return {dists: Judge(dists=dists) for dists in (True, False)}


@pytest.fixture(scope="module")
def cases() -> QualityCases:
    return quality_cases(64, limit=2)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judges: dict[bool, Judge]) -> Path:
    """An empty store, hence an empty cache; the judges' own weights are loaded before."""
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def reference(cases: QualityCases, judges: dict[bool, Judge], tmp_path_factory: pytest.TempPathFactory) -> QualityReference:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOBILE_INPAINT_HOME", str(tmp_path_factory.mktemp("home")))
        return QualityReference.of(generator, WEIGHTS, cases, judges[True])


@pytest.fixture
def quick(cases: QualityCases, judges: dict[bool, Judge], home: Path) -> QualityReference:
    """The same without DISTS, in a cache of its own."""
    return QualityReference.of(generator, WEIGHTS, cases, judges[False])


def _noisy(fill: Fill, strength: float) -> Fill:
    """``fill`` with noise added in the hole."""

    def spoiled(image: Image, mask: Image) -> Image:
        noise = np.random.default_rng(1).normal(0, strength, image.shape)
        return np.clip(fill(image, mask) + noise * mask, 0, 1).astype(np.float32)

    return spoiled


def test_the_generator_itself_loses_nothing(reference: QualityReference) -> None:
    quality = measure_quality(generator, reference)
    assert [one.slice for one in quality.slices] == list(SLICES) and {one.crops for one in quality.slices} == {2}
    for one in quality.slices:
        assert (one.lpips_rise, one.lpips_rise_interval, one.dists_rise, one.seam_delta_e_rise) == (0, (0, 0), 0, 0)
        assert one.lpips_to_fp32 == 0 and one.psnr_to_fp32_db == 99 and one.lpips > 0 and one.psnr_db < 60
    assert quality.misses == () and quality.photos == reference.cases.name
    assert quality.yardsticks == ("LPIPS v0.1 AlexNet", "DISTS")
    assert drop(generator, reference) == pytest.approx((0, 0), abs=1e-6)


def test_a_worse_fill_is_named_with_its_slice(reference: QualityReference) -> None:
    quality = measure_quality(_noisy(generator, 0.3), reference, max_rise_object=1e-9, max_rise_free=10)
    large = quality.slices[-1]
    assert large.psnr_to_fp32_db < 25 and large.lpips_to_fp32 > 0 and large.seam_delta_e_rise > 0
    assert large.lpips_rise_interval[0] <= large.lpips_rise <= large.lpips_rise_interval[1]
    assert all(one.lpips_rise > 0 for one in quality.slices[2:])
    assert any(miss.startswith("object +") for miss in quality.misses)
    assert not any(miss.startswith("large") for miss in quality.misses)
    rises = {one.slice: one.lpips_rise for one in quality.slices}
    assert drop(_noisy(generator, 0.3), reference) == pytest.approx((rises["object"], rises["large"]), abs=2e-5)
    assert schema.load(Quality, schema.dump(quality), "here", ManifestError) == quality


def test_the_truth_beats_the_generator(reference: QualityReference) -> None:
    """Quality is measured against the truth and not against the generator: a perfect fill has a negative rise."""
    quality = measure_quality(lambda image, mask: image, reference)
    for one in quality.slices:
        assert one.lpips == one.dists == 0 and one.lpips_rise < 0 and one.psnr_db == 99


def test_a_few_crops_of_some_slices(quick: QualityReference) -> None:
    part = quick.only(("large", "thin"), limit=1)
    quality = measure_quality(_noisy(generator, 0.3), part)
    assert [(one.slice, one.crops) for one in quality.slices] == [("thin", 1), ("large", 1)]
    whole = measure_quality(_noisy(generator, 0.3), quick.only(SLICES, limit=1))
    assert whole.slices[3] == quality.slices[1]
    assert drop(generator, quick, ("large",), 1)[0] == 0


def test_without_dists(quick: QualityReference) -> None:
    quality = measure_quality(generator, quick)
    assert {one.dists for one in quality.slices} == {one.dists_rise for one in quality.slices} == {None}
    assert quality.yardsticks == ("LPIPS v0.1 AlexNet",)
    assert schema.load(Quality, schema.dump(quality), "here", ManifestError) == quality


def _must_not_run(image: Image, mask: Image) -> Image:
    raise AssertionError("the generator ran, although its fills are kept")


def test_the_reference_is_computed_once(
    cases: QualityCases, judges: dict[bool, Judge], quick: QualityReference, home: Path
) -> None:
    again = QualityReference.of(_must_not_run, WEIGHTS, cases, judges[False])
    for one, other in zip(again.entries, quick.entries, strict=True):
        np.testing.assert_equal(one.figures, other.figures)
        np.testing.assert_array_equal(one.inside, other.inside)
    assert [path.suffix for path in (home / "cache").iterdir()] == [".npz"]
    for another in (
        ("1" * 64, cases, judges[False]),
        (WEIGHTS, quality_cases(64, limit=1), judges[False]),
        (WEIGHTS, cases, judges[True]),
    ):
        with pytest.raises(AssertionError, match="the generator ran"):
            QualityReference.of(_must_not_run, *another)


@pytest.mark.parametrize("spoil", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_cache_is_made_anew(
    spoil: str, cases: QualityCases, judges: dict[bool, Judge], quick: QualityReference, home: Path
) -> None:
    (path,) = (home / "cache").iterdir()
    whole = path.read_bytes()
    if spoil == "foreign":
        np.savez(path, inside=np.zeros((1, 3), np.uint8), figures=np.zeros((1, 6)))
    else:
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        path.write_bytes({"cut": whole[: len(whole) // 2], "flipped": bytes(flipped), "empty": b""}[spoil])
    again = QualityReference.of(generator, WEIGHTS, cases, judges[False])
    np.testing.assert_equal([entry.figures for entry in again.entries], [entry.figures for entry in quick.entries])
    with np.load(path) as file:
        assert len(file["figures"]) == len(cases)


@pytest.mark.parametrize(
    "broken", [lambda image, mask: image[:, :, :8], lambda image, mask: image * np.float32("nan"), lambda image, mask: image[0]]
)
def test_no_image_is_no_fill(broken: Callable[[Image, Image], Image], quick: QualityReference) -> None:
    with pytest.raises(VerificationError, match="is not an image of 64 px"):
        measure_quality(broken, quick)


def test_every_slice_has_its_bound(quick: QualityReference) -> None:
    quality = measure_quality(generator, quick)
    for size, bound in [("thin", 0.002), ("small", 0.002), ("object", 0.002), ("large", 0.008)]:
        for rise, missed in ((bound, 0), (bound + 1e-5, 1), (float("nan"), 1)):
            assert len(_with_rise(quality, size, rise).misses) == missed


def _with_rise(quality: Quality, size: HoleSize | str, rise: float) -> Quality:
    slices = tuple(dataclasses.replace(one, lpips_rise=rise) if one.slice == size else one for one in quality.slices)
    return dataclasses.replace(quality, slices=slices)
