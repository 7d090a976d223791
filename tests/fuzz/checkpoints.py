"""Checkpoints of a run that is resumed: damaged, edited, cut, swapped."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

from . import stock, tensors
from .case import Case, Judge, Outcome, Place
from .damage import damaged, extreme
from .documents import hostile_json, hostile_toml

_trained: Path | None = None


def prepare(out: Path) -> None:
    """Makes the run that is resumed, in a process of its own: a worker is forked from one that has computed nothing."""
    global _trained
    _trained = out / "tiny-run"
    if not (_trained / "complete").exists():
        shutil.rmtree(_trained, ignore_errors=True)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                stock.train(_trained)
                code = 0
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("the run that is to be resumed cannot be made")
        (_trained / "complete").touch()


def _run() -> Path:
    assert _trained is not None, "prepare() comes first"
    return _trained / "run"


@functools.cache
def _document() -> Any:
    import torch

    return torch.load(_last(), weights_only=True)


@functools.cache
def _last() -> Path:
    return sorted((_run() / "checkpoints").glob("*.pt"))[-1]


def make(random: random.Random, place: Place) -> Case:
    """``train --resume`` of a finished run whose newest checkpoint, or several, is damaged."""
    assert _trained is not None
    run = place.box / "run"
    shutil.copytree(_run(), run)
    undamaged = random.random() < 0.03
    if not undamaged:
        newest = run / "checkpoints" / _last().name
        victims = [newest] if random.random() < 0.8 else sorted((run / "checkpoints").glob("*.pt"))
        for victim in victims:
            victim.write_bytes(_damaged(random, victim.read_bytes()))
        if random.random() < 0.1:
            _rearranged(random, run, newest)
    steps = ["--steps", "2"] if random.random() < 0.5 else []
    config = ["--config", str(_trained / "c.toml")] if random.random() < 0.5 else []
    command = ["train", "--photos", str(_trained / "photos"), "--out", str(run), "--resume", *steps, *config]
    # nothing is allowed to change unless the run goes on: then its last step is computed again
    return Case(command, _same_result(run), ("run/*", "run/*/*"), undamaged=undamaged)


def _damaged(random: random.Random, data: bytes) -> bytes:
    match random.randrange(10):
        case 0 | 1 | 2 | 3:
            return damaged(random, data)
        case 4 | 5:
            try:
                return tensors.archive(random, data)
            except Exception:  # packed in another way: then as bytes
                return damaged(random, data)
        case 6:
            content = bytearray(data)  # one byte in the middle, where the weights are
            content[random.randrange(len(data) // 4, 3 * len(data) // 4)] ^= 1 << random.randrange(8)
            return bytes(content)
        case _:
            return _edited(random)


def _edited(random: random.Random) -> bytes:
    """Saved by PyTorch as it should be, but with other values in it."""
    import copy

    import torch

    document = copy.deepcopy(_document())
    for _ in range(random.choice((1, 1, 2))):
        state = document.get("state") if isinstance(document, dict) else None
        match random.randrange(10):
            case 0 if isinstance(document, dict) and document:
                document[random.choice(list(document))] = tensors.anything(random)
            case 1 if isinstance(document, dict) and document:
                del document[random.choice(list(document))]
            case 2 if isinstance(document, dict) and isinstance(document.get("config"), str):
                document["config"] = hostile_json(random, json.loads(_document()["config"])).decode(errors="replace")
            case 3 if isinstance(state, dict) and state:
                state[random.choice(list(state))] = tensors.anything(random)
            case 4 if isinstance(state, dict):
                state["step"] = random.choice((extreme(random), -1, 1.5, "2", 10**30, 3, None))
            case 5 if isinstance(state, dict):
                state["network"] = {"name": random.choice(("migan-256", "x", "", None, 1)), "variant": _variant(random, state)}
            case 6 | 7 if isinstance(state, dict) and isinstance(state.get("networks"), dict):
                network = state["networks"].get(random.choice(("generator", "average")))
                if isinstance(network, dict) and network:
                    name = random.choice(list(network))
                    network[name] = tensors.tensor(random, network[name]) if isinstance(network[name], torch.Tensor) else None
            case 8 if isinstance(state, dict) and isinstance(state.get("optimizers"), dict):
                optimizer = state["optimizers"].get("generator")
                if isinstance(optimizer, dict) and optimizer:
                    optimizer[random.choice(list(optimizer))] = tensors.anything(random)
            case _:
                if random.random() < 0.1:
                    document = tensors.anything(random)
    try:
        return tensors.saved(document, legacy=random.random() >= 0.9)
    except Exception:  # it cannot be saved
        return b""


def _variant(random: random.Random, state: Any) -> Any:
    network = state.get("network")
    variant = dict(network["variant"]) if isinstance(network, dict) and isinstance(network.get("variant"), dict) else {}
    if variant:
        variant[random.choice(list(variant))] = random.choice((extreme(random), 0, -1, 2**20, "x", None, 1.5))
    return variant if random.random() < 0.8 else tensors.anything(random)


def _rearranged(random: random.Random, run: Path, newest: Path) -> None:
    """Names, links and other files of the run that are not as the tool leaves them."""
    folder = newest.parent
    match random.randrange(8):
        case 0:
            newest.rename(
                folder / random.choice(("step-00000009.pt", "step-9999999999999999999999.pt", "step-0.pt", "step-00000001.pt"))
            )
        case 1:
            newest.unlink()
            newest.mkdir()
        case 2:
            newest.unlink()
            newest.symlink_to(random.choice((newest, Path("/dev/zero"), run / "none")))
        case 3:
            (folder / ".step-00000002.pt.1").write_bytes(b"left")
        case 4:
            (run / "log.jsonl").write_bytes(
                random.choice(
                    (b"", b"x\n", b'{"step": 1', b'{"step": "x"}\n', b"\xff\n", b"[" * 5000 + b"\n", b"1" * 5000 + b"\n")
                )
            )
        case 5:
            (run / "run.json").write_bytes(random.choice((b"", b"[]", b"{}", b"\xff", b"[" * 5000)))
        case 6:
            (run / "config.toml").write_bytes(hostile_toml(random, stock.TOML))
        case _:
            shutil.rmtree(folder)


def _same_result(run: Path) -> Judge:
    """A run that went on ended where the unbroken one did: what was damaged was not used."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        if (run / "model.safetensors").read_bytes() != (_run() / "model.safetensors").read_bytes():
            return "a damaged checkpoint is resumed: the result is another"
        return None

    return judge
