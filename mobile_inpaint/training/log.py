"""The record of a run: one JSON object a line, and TensorBoard's event files where they are asked for."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mobile_inpaint import files
from mobile_inpaint.errors import ToolchainMissing

_LARGEST_BYTES = 500_000_000
"""A million entries."""
_LONGEST_LINE = 100_000


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

    Lines that are no entries are left out; the file that held them is kept as ``log.jsonl.damaged``.

    Args:
        run: the run's folder.
        step: done so far.
        tensorboard: also write event files.
        note: told of a damaged record.

    Raises:
        OSError: the folder cannot be written to.
        ToolchainMissing: TensorBoard is not installed.
    """

    def __init__(self, run: Path, step: int, *, tensorboard: bool, note: Callable[[str], None] = lambda line: None) -> None:
        path = run / "log.jsonl"
        kept, fault = _entries(path, step)
        if fault:
            aside = path.with_name(f"{path.name}.damaged")
            path.replace(aside)
            note(f"{path}: {fault}; its {len(kept)} good entries are kept, and the file as it was is {aside.name}")
        files.write_whole(path, "".join(kept))
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


def _entries(path: Path, step: int) -> tuple[list[str], str]:
    """The record's lines up to ``step``, and what is wrong with the file; a kill may have cut the last line short."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return [], ""
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
        return [], "not a record of this run"
    kept, foreign = list[str](), 0
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            number = _step_of(line)
            if number is None:
                foreign += line.endswith(b"\n") or len(line) == _LONGEST_LINE
            elif number <= step:
                kept.append(line.decode())
    return kept, f"{foreign} lines are no entries" if foreign else ""


def _step_of(line: bytes) -> int | None:
    """The step of an entry; None of a line that is none."""
    try:
        entry = json.loads(line.decode()) if line.endswith(b"}\n") else None
    except (ValueError, RecursionError):
        return None
    number = entry.get("step") if isinstance(entry, dict) else None
    return number if type(number) is int and number >= 0 else None


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ToolchainMissing(
            "run.tensorboard: TensorBoard is not installed: pip install 'mobile-inpaint[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1)
