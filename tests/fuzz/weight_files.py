"""Files of weights that a user adds to the store, or fills with: PyTorch's, safetensors, ONNX."""

from __future__ import annotations

import functools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import models, stock, tensors
from .case import Case, Judge, Outcome, Place
from .damage import damaged


@functools.cache
def _state() -> Any:
    from safetensors.torch import load_file

    return load_file(stock.path(stock.CHECKPOINT))


@functools.cache
def _good(suffix: str) -> bytes:
    if suffix == ".onnx":
        return stock.content("toy-fp32.onnx")
    return stock.content(stock.CHECKPOINT) if suffix == ".safetensors" else tensors.saved(_state())


def make(random: random.Random, place: Place) -> Case:
    """``weights add`` or ``fill --model`` with a damaged file."""
    suffix = random.choice((".safetensors", ".safetensors", ".pt", ".pt", ".pth", ".onnx"))
    path, data = place.box / f"w{suffix}", _good(suffix)
    undamaged = suffix != ".onnx" and random.random() < 0.03
    if not undamaged:
        data = _damaged(random, suffix, data)
    path.write_bytes(data)
    if random.random() < 0.7:
        command = ["weights", "add", "mine", str(path), *(("--model", "migan-256") if random.random() < 0.2 else ())]
        case = Case(command, _kept(path, place.home))
    else:
        case = models.fill_by(place, path, "--model")
    return replace(case, undamaged=undamaged)


def _damaged(random: random.Random, suffix: str, data: bytes) -> bytes:
    if suffix == ".safetensors":
        return tensors.safetensors(random, data)
    if suffix == ".onnx":
        return damaged(random, data)
    match random.randrange(6):
        case 0 | 1:
            return damaged(random, data)
        case 2 | 3:
            return tensors.archive(random, data)
        case 4:
            return tensors.pickled(random) if random.random() < 0.5 else tensors.saved(_edited(random), legacy=True)
        case _:
            return tensors.saved(_edited(random))


def _edited(random: random.Random) -> Any:
    """The state dict with other tensors, other names or another shape of its own."""
    state = dict(_state())
    for _ in range(random.choice((1, 1, 3))):
        name = random.choice(list(state))
        match random.randrange(6):
            case 0 | 1 | 2:
                old = _state().get(name)
                state[name] = tensors.tensor(random, old) if old is not None else None
            case 3:
                del state[name]
            case 4:
                state[random.choice(("x", 1, None, "encoder.b32.x", "synthesis.b4.conv.weight", "\x1b[31m", "x" * 5000))] = (
                    state[name]
                )
            case _:
                return random.choice(
                    (list(state.values()), {"state_dict": state}, {"g_ema": state}, None, [], state[name], {1: state}, "x")
                )
    return state


def _kept(path: Path, home: Path) -> Judge:
    """What was added is the file, whole, and makes a network that can be opened."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        kept = [file for file in (home / "store" / "weights" / "mine").iterdir() if file.name != "card.json"]
        if [file.read_bytes() for file in kept] != [path.read_bytes()]:
            return "the store's copy is not the file"
        from mobile_inpaint.models.registry import open_checkpoint

        network, _ = open_checkpoint(path)
        for name, value in network.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                return f"weights that are no numbers are added ({name.rpartition('.')[2]})"
        return None

    return judge
