"""The record of a run: one JSON object a line, and TensorBoard's event files where they are asked for."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mobile_inpaint.errors import ToolchainMissing


@dataclass(frozen=True)
class Entry:
    """What is written of the steps since the entry before.

    Attributes:
        step: the last of them, 1 = first.
        images: seen since the run began.
        seconds: since the run began, over all sessions.
        images_per_second: over these steps, over all processes.
        lr: learning rate of each optimizer at ``step``, of what is not re-parameterized.
        losses: mean over these steps of each term, before its weight; ``total`` after.
        gradients: mean norm of each network's gradient, before clipping.
    """

    step: int
    images: int
    seconds: float
    images_per_second: float
    lr: Mapping[str, float]
    losses: Mapping[str, float]
    gradients: Mapping[str, float]


class Log:
    """``<run>/log.jsonl``, continued after ``step``: what a killed session wrote beyond it is dropped.

    Raises:
        OSError: the folder cannot be written to.
        ToolchainMissing: TensorBoard is not installed.
    """

    def __init__(self, run: Path, step: int, *, tensorboard: bool) -> None:
        path = run / "log.jsonl"
        kept = [line for line in _lines(path) if _step(line) <= step]
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            partial.write_text("".join(kept), encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._board = _board(run / "tensorboard", step) if tensorboard else None

    def write(self, entry: Entry) -> None:
        """Appends ``entry``, on the file system when this returns."""
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()
        if self._board:
            for group in ("losses", "gradients", "lr"):
                for name, value in getattr(entry, group).items():
                    self._board.add_scalar(f"{group}/{name}", value, entry.step)
            self._board.add_scalar("images_per_second", entry.images_per_second, entry.step)

    def close(self) -> None:
        """Ends the record."""
        self._file.close()
        if self._board:
            self._board.close()


def _step(line: str) -> float:
    """Of an entry; beyond every step where the line is none, so that it is dropped."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return math.inf


def _lines(path: Path) -> list[str]:
    """Whole lines of the record; a kill may have cut the last one short."""
    if not path.exists():
        return []
    return [
        line for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) if line.endswith("}\n")
    ]


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ToolchainMissing(
            "run.tensorboard: TensorBoard is not installed: pip install 'mobile-inpaint[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1)
