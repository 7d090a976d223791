"""TOML: the configuration of a training run, and recipes of an export."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

from . import stock
from .case import Case, Place
from .documents import hostile_toml

_RECIPE = """
target = "onnx"
checkpoint = "no-such-checkpoint"
precision = "fp16"
io = "tensor"
hole = "white"
toolchain = "pins.txt"

[quantization]
ranges = "percentile"
percentile = 99.99
equalization = 0.5
samples = 32
seed = 0
float_layers = ["a", "b"]
"""
_MORE = """
teacher = "migan-lite"

[generator]
checkpoint = "no-such-checkpoint"
tensors = 1
pace = 9
noise = "random"

[discriminator]
kind = "migan"
ch_base = 256
ch_max = 16

[data]
size_px = 32
batch = 2
different = 0
seed = 0

[optimizer]
generator_lr = 0.001
beta1 = 0.0
schedule = "cosine"
warm_up = 10
clip = 1.5

[loss]
adversarial = 1
l1 = 1
r1_gamma = 10
"""


def make_training(random: random.Random, place: Place) -> Case:
    """``train`` with a damaged configuration; there are no photos, so that a good one ends there too."""
    text = random.choice((stock.TOML, _MORE))
    config = place.box / "c.toml"
    config.write_bytes(text.encode() if random.random() < 0.03 else hostile_toml(random, text))
    return Case(["train", "--config", str(config), "--photos", str(place.box / "none"), "--out", str(place.box / "run")])


def make_recipe(random: random.Random, place: Place) -> Case:
    """``export`` with a damaged recipe or damaged pins; its checkpoint is nowhere, so that a good one ends there too."""
    recipe, pins = place.box / "r.toml", place.box / "pins.txt"
    good = (Path(__file__).parents[2] / "export" / "toolchains" / "onnx.txt").read_text(encoding="utf-8")
    of_pins = random.random() < 0.15
    pins.write_bytes(hostile_toml(random, good) if of_pins else good.encode())
    recipe.write_bytes(_RECIPE.encode() if of_pins else hostile_toml(random, _RECIPE))
    return Case(
        ["export", "--recipe", str(recipe), "--out", str(place.box / "out")], call=lambda arguments: _export(recipe, arguments)
    )


def _export(recipe: Path, arguments: list[str]) -> int:
    """``export``, unless the recipe is good and asks for a checkpoint that there is: that export would only take time."""
    from mobile_inpaint.checkpoints import store
    from mobile_inpaint.cli import main
    from mobile_inpaint.export.recipe import load_recipe

    with contextlib.suppress(Exception):
        if load_recipe(recipe).checkpoint in [card.name for card in store.list_checkpoints()]:
            return 0
    return main(arguments)
