"""The three verbs that do the main job, as a user types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cli import main


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A folder with a photo and masks of its object in the three conventions."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    hole = np.zeros((90, 120), np.uint8)
    hole[30:50, 40:70] = 255
    Image.fromarray(hole).save(tmp_path / "white.png")
    Image.fromarray(255 - hole).save(tmp_path / "black.png")
    Image.fromarray(np.dstack([noise, 255 - hole])).save(tmp_path / "alpha.png")
    return tmp_path


def pixels(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(Image.open(path).convert("RGB"))


def fails(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line on stderr of a command that must exit 1."""
    assert main(arguments) == (2 if arguments == ["export"] else 1)
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("mobile-inpaint: ")
    assert captured.out == ""
    return lines[0]


def test_export_then_verify_then_fill(
    small_checkpoint: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "artifacts"
    model = ["--model", str(small_checkpoint)]
    targets = ["--target", "onnx", "--target", "tflite"]
    assert main(["export", *targets, "--precision", "fp32", *model, "--out", str(out), "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert [each["manifest"]["file"] for each in exported] == ["toy-fp32.onnx", "toy-fp32.tflite"]
    assert exported[0]["manifest"]["verification"]["outside_max_abs_error"] == 0
    artifact = out / "toy-fp32.onnx"
    assert main(["verify", str(artifact), *model]) == 0
    assert "≥ 90" in capsys.readouterr().out

    photo = pixels(scene / "photo.png")
    hole = pixels(scene / "white.png")[..., 0] > 0
    by_model = []
    for name in ("white", "black", "alpha"):
        result = scene / f"out_{name}.png"
        assert (
            main(
                [
                    "fill",
                    str(scene / "photo.png"),
                    "--mask",
                    str(scene / f"{name}.png"),
                    "--hole",
                    name,
                    "--out",
                    str(result),
                    *model,
                ]
            )
            == 0
        )
        by_model.append(pixels(result))
    capsys.readouterr()
    assert all(np.array_equal(result, by_model[0]) for result in by_model)
    assert np.array_equal(by_model[0][~hole], photo[~hole])
    assert (by_model[0][hole] != photo[hole]).any(axis=-1).mean() > 0.9

    arguments = ["fill", str(scene / "photo.png"), "--mask", str(scene / "white.png")]
    assert main([*arguments, "--artifact", str(artifact), "--out", str(scene / "by_artifact.png"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["hole_pixels"] == int(hole.sum())
    assert np.abs(pixels(scene / "by_artifact.png").astype(int) - by_model[0]).max() <= 1


def test_grow_changes_nothing_outside_the_grown_mask(small_checkpoint: Path, scene: Path) -> None:
    from mobile_inpaint import Mask

    photo, out = scene / "photo.png", scene / "grown.png"
    arguments = ["fill", str(photo), "--mask", str(scene / "white.png"), "--model", str(small_checkpoint), "--out", str(out)]
    assert main([*arguments, "--grow", "5"]) == 0
    grown = Mask.open(scene / "white.png").grow(5).hole
    assert grown.sum() > 600
    assert np.array_equal(pixels(out)[~grown], pixels(photo)[~grown])
    assert main([*arguments, "--grow", "auto"]) == 0


def test_a_mask_on_the_objects_own_edge_gets_a_hint(
    small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = np.full((120, 160, 3), 200, np.uint8)
    photo[40:80, 50:100] = 20
    mask = np.zeros((120, 160), np.uint8)
    mask[40:80, 50:100] = 255
    Image.fromarray(photo).save(tmp_path / "p.png")
    Image.fromarray(mask).save(tmp_path / "m.png")
    arguments = ["fill", str(tmp_path / "p.png"), "--mask", str(tmp_path / "m.png"), "--model", str(small_checkpoint)]
    assert main([*arguments, "--out", str(tmp_path / "o.png")]) == 0
    assert "--grow auto" in capsys.readouterr().err


def test_bad_input_is_one_line(small_checkpoint: Path, scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, mask, out = str(scene / "photo.png"), str(scene / "white.png"), str(scene / "o.png")
    model = ["--model", str(small_checkpoint)]
    Image.new("L", (10, 10), 255).save(scene / "small.png")
    Image.new("L", (120, 90), 0).save(scene / "empty.png")
    Image.new("L", (120, 90), 255).save(scene / "full.png")
    (scene / "broken.png").write_bytes((scene / "photo.png").read_bytes()[:200])
    for arguments, message in (
        (["fill", photo, "--mask", str(scene / "small.png"), "--out", out, *model], "10 x 10"),
        (["fill", photo, "--mask", str(scene / "empty.png"), "--out", out, *model], "nothing"),
        (["fill", photo, "--mask", str(scene / "full.png"), "--out", out, *model], "--allow-full"),
        (["fill", str(scene / "broken.png"), "--mask", mask, "--out", out, *model], "broken.png"),
        (["fill", str(scene / "none.png"), "--mask", mask, "--out", out, *model], "none.png"),
        (["fill", photo, "--mask", mask, "--out", out, "--hole", "grey", *model], "white"),
        (["fill", photo, "--mask", mask, "--out", out, "--grow", "lots", *model], "auto or a whole number"),
        (["fill", photo, "--mask", mask, "--out", str(scene / "o.xyz"), *model], "xyz"),
        (["fill", photo, "--mask", mask, "--out", photo, *model], "--overwrite|overwrite"),
        (["fill", photo, "--mask", mask, "--out", out, "--max-pixels", "100", *model], "--max-pixels"),
        (["fill", photo, "--mask", mask, "--out", out, "--model", "migan-9000"], "migan-512-places2"),
        (["fill", photo, "--mask", mask, "--out", out, "--artifact", str(scene / "a.onnx")], "no such artifact"),
        (["export"], "--target coreml|onnx|tflite|all"),
        (["export", "--target", "ncnn"], "coreml, onnx, tflite"),
        (["export", "--target", "onnx", "--precision", "w4", *model], "fp32, fp16"),
        (["verify", str(scene / "photo.png")], "not an artifact"),
    ):
        assert re.search(message, fails(capsys, arguments)), arguments
    assert not (scene / "o.png").exists()


def test_a_full_mask_is_filled_when_asked(small_checkpoint: Path, scene: Path) -> None:
    Image.new("L", (120, 90), 255).save(scene / "full.png")
    arguments = ["fill", str(scene / "photo.png"), "--mask", str(scene / "full.png"), "--model", str(small_checkpoint)]
    assert main([*arguments, "--out", str(scene / "o.png"), "--allow-full"]) == 0
    assert pixels(scene / "o.png").shape == (90, 120, 3)


@pytest.mark.slow
def test_the_published_artifacts_agree_on_a_real_photo(
    published_artifacts: dict[tuple[str, str], Artifact], tmp_path: Path
) -> None:
    demo = Path(__file__).parents[2] / "demo"
    hole = pixels(demo / "wren_mask.png")[..., 0] >= 128
    results = {}
    for (target, precision), artifact in published_artifacts.items():
        out = tmp_path / f"{target}-{precision}.png"
        arguments = ["fill", str(demo / "wren.jpg"), "--mask", str(demo / "wren_mask.png"), "--artifact", str(artifact.path)]
        assert main([*arguments, "--out", str(out)]) == 0
        results[target, precision] = pixels(out).astype(int)
    photo, reference = pixels(demo / "wren.jpg"), results["onnx", "fp32"]
    for key, result in results.items():
        assert np.array_equal(result[~hole], photo[~hole]), key
        difference = np.abs(result - reference)[hole]
        assert np.percentile(difference, 99) <= (1 if key[1] == "fp32" else 3), key
