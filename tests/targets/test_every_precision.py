"""Integers and palettes: every format in every precision it has, made, verified and judged; w8a8 at full size."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mobile_inpaint import load_artifact
from mobile_inpaint.artifact import Artifact, sha256_of
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import CalibrationError, ExportError, UnsupportedPrecision
from mobile_inpaint.export.pipeline import new_contract
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.targets.layers import layers
from mobile_inpaint.targets.registry import get_target, list_targets

FEWER_BITS = [
    (target, precision) for target in list_targets() for precision in get_target(target).choices if row_of(precision).judged
]
COMPOSITING = {
    "onnx": {"Add": 1, "Clip": 1, "Concat": 1, "Mul": 2, "Sub": 1},
    "tflite": {"ADD": 1, "MUL": 2, "SUB": 1},
}


@pytest.mark.parametrize(("target", "precision"), FEWER_BITS)
def test_is_made_verified_and_judged(
    small_session: ExportSession, tmp_path: Path, target: str, precision: PrecisionName
) -> None:
    artifact = small_session.export(target, precision, tmp_path)
    assert artifact.manifest.verification is not None
    assert artifact.manifest.verification.outside_max_abs_error == 0
    assert artifact.manifest.quality is not None
    assert [one.slice for one in artifact.manifest.quality.slices] == ["thin", "small", "object", "large"]
    settings = artifact.manifest.contract.quantization
    if row_of(precision).calibrated:
        assert settings is not None
        assert settings.samples == 6
        assert "sha256" in settings.photos
    fill = load_artifact(artifact.path)
    photo = golden_photos(64)[1]
    hidden = np.where(photo.mask > 0, np.float32(0.25), photo.image)
    assert np.array_equal(fill(hidden, photo.mask), fill(photo.image, photo.mask)), "what lies under the hole is not read"


@pytest.mark.parametrize("target", list_targets())
def test_quantizing_twice_gives_the_same_bytes(small_session: ExportSession, tmp_path: Path, target: str) -> None:
    kind = get_target(target)
    contract = new_contract(small_session.prepared, kind, "w8a8", None)
    for name in ("one", "two"):
        small_session.quantizing.write(kind, contract, tmp_path / f"{name}{kind.suffix}")
    assert sha256_of(tmp_path / f"one{kind.suffix}") == sha256_of(tmp_path / f"two{kind.suffix}")


@pytest.mark.parametrize("target", list_targets())
def test_layers_that_were_named_stay_float(small_session: ExportSession, tmp_path: Path, target: str) -> None:
    kind, names = get_target(target), layers(small_session.quantizing.network)
    contract, counts = new_contract(small_session.prepared, kind, "auto", None), []
    for number, chosen in enumerate(((), tuple(names[10:12]), tuple(names))):
        out = tmp_path / f"{number}{kind.suffix}"
        assert small_session.quantizing.write(kind, contract, out, chosen).quantization is not None
        counts.append(sum(kind.float_ops(out).values()))
    assert counts[0] + 4 <= counts[1] < counts[2]


@pytest.mark.slow
@pytest.mark.parametrize("target", COMPOSITING)
def test_the_published_network_in_8_bits(published_int8: dict[str, Artifact], target: str) -> None:
    manifest = published_int8[target].manifest
    assert manifest.bytes <= 8e6
    assert manifest.verification is not None
    assert manifest.verification.computes_in == "int8"
    assert np.mean(manifest.verification.psnr_db) > 24, "the mean: rounding alone makes another large fill, at 16 to 20 dB"
    assert manifest.quality is not None
    # three photos tell a broken quantizer from a working one, and no more: plain min-max costs +.017 and +.065
    rises = {one.slice: one.lpips_rise for one in manifest.quality.slices}
    assert rises["object"] < 0.008
    assert rises["large"] < 0.03
    assert get_target(target).float_ops(published_int8[target].path) == COMPOSITING[target]


def test_a_precision_that_the_format_lacks_names_those_it_has(small_prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedPrecision, match="it has fp32, fp16, w8a32, w8a8, pal8"):
        ExportSession(small_prepared).export("coreml", "w8a16", tmp_path)
    with pytest.raises(UnsupportedPrecision, match="target 'onnx' has no precision 'pal4'"):
        ExportSession(small_prepared).export("onnx", "pal4", tmp_path)


def test_integers_need_photos(small_prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(CalibrationError, match="holds no pictures to calibrate on"):
        ExportSession(small_prepared, calibration=tmp_path / "photos").export("onnx", "w8a8", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_misses_its_bounds_is_not_left_behind(small_session: ExportSession, tmp_path: Path) -> None:
    strict = dataclasses.replace(small_session.gate, max_rise_object=-1.0, keep_rejected=False)
    with pytest.raises(ExportError, match=r"not worth shipping: .*object .*at most \+-1.0000"):
        small_session.export("onnx", "w8a8", tmp_path, gate=strict)
    assert list(tmp_path.iterdir()) == []
