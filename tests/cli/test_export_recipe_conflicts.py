"""With ``--recipe``, an option that says something else than the recipe is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint import defaults
from mobile_inpaint.artifact import Quantization
from mobile_inpaint.cli import export as verb
from mobile_inpaint.cli import main
from mobile_inpaint.export.recipe import Recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "r.toml"
    path.write_text('target = "onnx"\nprecision = "fp16"\n[quantization]\nsamples = 32\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--model", "migan-512-places2", "migan-lite"),
        ("--precision", "fp32", "fp16"),
        ("--io", "photo", "tensor"),
        ("--hole", "black", "white"),
        ("--detail", "off", "auto"),
        ("--seed", "7", "0"),
        ("--target", "tflite", "onnx"),
        ("--min-deployment-target", "iOS17", "nothing"),
        ("--ranges", "mse", "percentile"),
        ("--percentile", "99", "99.99"),
        ("--equalization", "0.25", "0.5"),
        ("--calib-samples", "8", "32"),
    ],
)
def test_a_conflicting_option_is_refused(
    recipe: Path, option: str, value: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--recipe", str(recipe), option, value, "--out", str(recipe.parent / "out")]) == 1
    told = capfd.readouterr().err
    assert told == (
        f"mobile-inpaint: {option} {value}: the recipe r.toml says {says}; leave {option} out, or change the recipe\n"
    )
    assert not (recipe.parent / "out").exists()


def test_an_option_that_agrees_is_taken(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("mobile_inpaint.export.run.export_recipes", lambda wanted, *args, **options: asked.extend(wanted))
    options = ["--model", "migan-lite", "--precision", "fp16", "--io", "tensor", "--hole", "white", "--seed", "0"]
    assert main(["export", "--recipe", str(recipe), *options, "--target", "onnx"]) == 0
    assert asked == [Recipe("onnx", "migan-lite", "fp16", quantization=Quantization(samples=32))]


def test_the_defaults_of_a_recipe_are_those_of_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []
    monkeypatch.setattr("mobile_inpaint.export.run.export_recipes", lambda wanted, *args, **options: asked.extend(wanted))
    (tmp_path / "r.toml").write_text('target = "onnx"\n', encoding="utf-8")
    assert main(["export", "--target", "onnx"]) == 0
    assert main(["export", "--recipe", str(tmp_path / "r.toml")]) == 0
    assert asked == [Recipe("onnx")] * 2
    assert Recipe("onnx").checkpoint == defaults.CHECKPOINT
    assert verb.bounds(f"{defaults.MAX_RISE_OBJECT},{defaults.MAX_RISE_FREE}") == (0.002, 0.008)
