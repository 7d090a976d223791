from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mobile_inpaint.errors import RecipeError, ToolchainMissing
from mobile_inpaint.export.recipe import load_recipe, read_pins

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "export/recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_recipe_loads_and_opens_with_the_command_that_runs_it(path: Path) -> None:
    recipe = load_recipe(path)
    assert path.name == f"{recipe.checkpoint}-{recipe.precision}.{recipe.target}.toml"
    assert path.read_text().splitlines()[0] == f"# mobile-inpaint export --recipe {path.relative_to(ROOT)}"


def test_pin_files_and_extras_are_in_step() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for pins in (ROOT / "export/toolchains").glob("*.txt"):
        ours = {f"{name}=={version}" for name, version in read_pins(pins).items() if name != "torch"}
        assert ours == set(extras[pins.stem])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('target = "ncnn"', "'target' is 'ncnn': there are coreml, onnx, tflite"),
        ('target = "onnx"\nprecision = "pal4"', "onnx has fp32, fp16"),
        ('target = "onnx"\nprecison = "fp16"\ncheckpoint = 3', "unknown key 'precison'.*'checkpoint' must be text"),
        ("target = ", "not TOML"),
        ("", "key 'target' is missing"),
    ],
)
def test_a_bad_recipe_is_refused_with_all_its_faults(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / "bad.toml")


def test_another_toolchain_than_pinned_is_refused_with_the_pip_line(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("onnx==1.0.0\nno-such-thing==1  # never\n")
    (tmp_path / "r.toml").write_text('target = "onnx"\ntoolchain = "old.txt"\n')
    with pytest.raises(ToolchainMissing, match=r"onnx .* \(not 1.0.0\), no-such-thing missing .*pip install -r"):
        load_recipe(tmp_path / "r.toml")
