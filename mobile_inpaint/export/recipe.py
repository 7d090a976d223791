"""A released artifact as a file: what to export, and with which versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mobile_inpaint import documents, schema
from mobile_inpaint.artifact import Io, Quantization
from mobile_inpaint.defaults import CALIBRATION_SAMPLES, CHECKPOINT, PRECISION
from mobile_inpaint.errors import RecipeError, ToolchainMissing
from mobile_inpaint.precision import PrecisionName
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.registry import get_target, list_targets
from mobile_inpaint.targets.toolchain import installed


@dataclass(frozen=True)
class Recipe:
    """One TOML table.

    Attributes:
        target: format to make.
        checkpoint: a name in the weights store, or a path to a file.
        precision: weights and arithmetic.
        deployment: oldest system, where the target knows any.
        io: ``photo`` for one file with our compositor in it.
        hole: of a photo's mask, the colour that is filled.
        detail: ``off`` writes a manifest with which the apps do not rebuild large holes from the photo's own patches.
        quantization: how integer activations are made; ``float_layers`` of a mix that was found before.
        toolchain: a pin file as pip reads it, relative to the recipe; each version must be the one installed.
    """

    target: str
    checkpoint: str = CHECKPOINT
    precision: PrecisionName = PRECISION
    deployment: str | None = None
    io: Io = "tensor"
    hole: Literal["white", "black"] = "white"
    detail: Literal["auto", "off"] = "auto"
    quantization: Quantization = field(default_factory=lambda: Quantization(samples=CALIBRATION_SAMPLES))
    toolchain: str | None = None


def load_recipe(path: Path) -> Recipe:
    """The recipe at ``path``, its names checked and its toolchain compared with what is installed.

    Raises:
        RecipeError: unreadable, an unknown key, a wrong type or an unknown name; all of them at once.
        ToolchainMissing: another version is installed than the recipe pins, or none.
    """
    recipe = schema.load(Recipe, documents.read_toml(path, RecipeError), str(path), RecipeError)
    if recipe.target not in list_targets():
        raise RecipeError(f"{path}: 'target' is {quoted(recipe.target)}: there are {', '.join(list_targets())}")
    precisions = get_target(recipe.target).choices
    if recipe.precision not in precisions:
        raise RecipeError(f"{path}: 'precision' is {quoted(recipe.precision)}: {recipe.target} has {', '.join(precisions)}")
    if recipe.toolchain is not None:
        _check_pins(path.parent / recipe.toolchain, path)
    return recipe


def read_pins(path: Path) -> dict[str, str]:
    """Distribution and version of each ``name==version`` line.

    Raises:
        RecipeError: unreadable, or a line of another form.
    """
    lines = [line.partition("#")[0].strip() for line in documents.read_text(path, RecipeError).splitlines()]
    pins = [line.partition("==") for line in lines if line]
    if faults := [name for name, separator, version in pins if not separator or not version]:
        raise RecipeError(f"{path}: must be lines of name==version, not {quoted(faults[0])}")
    return {name.strip(): version.strip() for name, _, version in pins}


def _check_pins(pins: Path, recipe: Path) -> None:
    found = {name: (version, installed(name)) for name, version in read_pins(pins).items()}
    # a local label as in 2.13.0+cpu tells how a wheel was built, not which release it is
    wrong = [
        f"{name} {have or 'missing'} (not {want})" for name, (want, have) in found.items() if (have or "").split("+")[0] != want
    ]
    if wrong:
        raise ToolchainMissing(f"{recipe.name}: pins another toolchain: {', '.join(wrong)}; run: pip install -r {pins}")
