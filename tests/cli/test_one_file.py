"""``--io photo`` from export to a filled photo, for every format, and what happens when one kind is taken for the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pil

from mobile_inpaint import load_artifact, load_pipeline
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cli import main
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.photo.image import to_pixels
from mobile_inpaint.targets import guarded
from mobile_inpaint.targets.registry import get_target, list_targets


@pytest.fixture(scope="module")
def pipelines(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small network in every format, photo in and photo out, black masks."""
    out = tmp_path_factory.mktemp("pipelines")
    arguments = ["--target", "all", "--model", str(small_checkpoint), "--precision", "fp32"]
    assert main(["export", *arguments, "--io", "photo", "--hole", "black", "--out", str(out)]) == 0
    return out


def pipeline(folder: Path, target: str) -> Path:
    return folder / f"toy-fp32-photo{get_target(target).suffix}"


@pytest.mark.parametrize("target", list_targets())
def test_says_what_it_takes(pipelines: Path, target: str) -> None:
    contract = Artifact.open(pipeline(pipelines, target)).manifest.contract
    assert (contract.io, contract.hole) == ("photo", 0)
    assert [tensor.name for tensor in (*contract.inputs, contract.output)] == ["image", "mask", "result"]
    assert {tensor.dtype for tensor in contract.inputs} == {"uint8"}


@pytest.mark.parametrize("target", list_targets())
def test_fills_and_leaves_the_rest(pipelines: Path, target: str) -> None:
    photo = golden_photos(64)[1]
    pixels, hole = to_pixels(photo.image), photo.mask[0, 0] > 0
    result = load_pipeline(pipeline(pipelines, target))(pixels, hole)
    assert np.array_equal(result[~hole], pixels[~hole])
    hidden = np.where(hole[..., None], 255 - pixels, pixels)
    assert np.array_equal(load_pipeline(pipeline(pipelines, target))(hidden, hole), result)
    with pytest.raises(ManifestError, match="open it with load_pipeline"):
        load_artifact(pipeline(pipelines, target))


def test_verify_and_fill_take_it(pipelines: Path, small_checkpoint: Path, tmp_path: Path) -> None:
    file = str(pipeline(pipelines, "onnx"))
    assert main(["verify", file, "--model", str(small_checkpoint)]) == 0
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    mask = np.zeros((90, 120), np.uint8)
    mask[30:50, 40:70] = 255
    pil.fromarray(picture).save(tmp_path / "photo.png")
    pil.fromarray(mask).save(tmp_path / "mask.png")
    arguments = ["fill", str(tmp_path / "photo.png"), "--mask", str(tmp_path / "mask.png"), "--artifact"]
    assert main([*arguments, file, "--out", str(tmp_path / "out.png")]) == 0
    assert np.array_equal(np.asarray(pil.open(tmp_path / "out.png"))[mask == 0], picture[mask == 0])
    with pytest.raises(MobileInpaintError, match="the photo is 120x90, this pipeline takes 64x64 alone"):
        load_pipeline(pipeline(pipelines, "tflite"))(picture, mask > 0)


def test_a_larger_photo_earns_a_pipeline_more_time_and_a_network_none(
    pipelines: Path, small_artifacts: dict[str, Artifact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network alone sees squares of one size, whatever the photo's."""
    allowances = []

    class Recorded(guarded.Guard):
        def __init__(self, path: Path, *, more_seconds: float = 0, more_bytes: int = 0, device: str = "cpu") -> None:
            allowances.append((more_seconds, more_bytes))
            super().__init__(path, more_seconds=more_seconds, more_bytes=more_bytes, device=device)

    monkeypatch.setattr(guarded, "Guard", Recorded)
    pil.new("RGB", (120, 90)).save(tmp_path / "photo.png")
    mask = pil.new("L", (120, 90))
    mask.paste(255, (40, 30, 70, 50))
    mask.save(tmp_path / "mask.png")
    arguments = ["fill", str(tmp_path / "photo.png"), "--mask", str(tmp_path / "mask.png"), "--artifact"]
    for artifact in (small_artifacts["onnx"].path, pipeline(pipelines, "onnx")):
        assert main([*arguments, str(artifact), "--out", str(tmp_path / "out.png")]) == 0
    assert allowances == [(0, 0), (pytest.approx(0.108), 120 * 90 * 256)]


def test_black_masks_are_for_pipelines(small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["export", "--target", "onnx", "--model", str(small_checkpoint), "--hole", "black", "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert "only a one-file pipeline has it; add --io photo" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
