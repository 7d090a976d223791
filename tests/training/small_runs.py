"""Small runs for the tests of training."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import torch

from mobile_inpaint.training.checkpoint import Checkpoints, read_checkpoint
from mobile_inpaint.training.config import TrainConfig, config_from

TOML = """
[generator]
variant = "migan-256"
overrides = { resolution = 32, ch_base = 256, ch_max = 16 }

[discriminator]
ch_base = 256
ch_max = 16

[data]
size_px = 32
batch = 8

[loss]
levels = 0
l1 = 1
r1_every = 4

[run]
steps = 8
workers = 0
threads = 1
log_every = 1
checkpoint_every = 4
grid_every = 0
"""


def config(teacher: str | None = None, **tables: dict[str, Any]) -> TrainConfig:
    """That of `TOML` with other values in its tables."""
    table = tomllib.loads(TOML)
    if teacher:
        table["teacher"] = teacher
    for name, values in tables.items():
        table[name] = {**table.get(name, {}), **values}
    return config_from(table, "test")


def entries(run: Path) -> list[dict[str, Any]]:
    """The log."""
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def last(run: Path) -> Path:
    """The newest checkpoint."""
    found = Checkpoints(run, 1).last()
    assert found
    return found


def numbers(run: Path) -> dict[str, torch.Tensor]:
    """All that the newest checkpoint holds of networks and optimizers."""
    state = read_checkpoint(last(run))[0]["state"]
    flat = {f"{name}.{key}": value for name, network in state["networks"].items() for key, value in network.items()}
    for name, optimizer in state["optimizers"].items():
        for number, moments in optimizer["state"].items():
            flat |= {f"{name}.{number}.{key}": value for key, value in moments.items()}
    return flat
