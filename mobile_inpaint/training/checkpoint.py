"""Checkpoints of a run: one file each, whole or not there, from which the run goes on as if it had never stopped.

::

    <run>/checkpoints/step-00001000.pt

Nothing of a random generator's state is kept, because none is carried from step to step: whatever a step draws, it draws from
(seed, step, process), as samples are drawn from (seed, index).
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import torch

from mobile_inpaint import files, strict
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.config import TrainConfig, config_from

FORMAT = 1
_KEYS = {"format", "config", "photos", "origin", "state"}
_NAME = re.compile(r"step-(\d{8,})\.pt")


class Checkpoints:
    """Those in one run's folder.

    Args:
        run: the run's folder; need not exist.
        keep: how many stay when another is saved.
    """

    def __init__(self, run: Path, keep: int) -> None:
        self.folder = run / "checkpoints"
        self.keep = keep

    def steps(self) -> dict[int, Path]:
        """Those there are, oldest first."""
        found = {int(match[1]): path for path in self.folder.glob("step-*.pt") if (match := _NAME.fullmatch(path.name))}
        return dict(sorted(found.items()))

    def last(self) -> Path | None:
        """The newest."""
        return next(reversed(self.steps().values()), None)

    def last_good(self) -> str:
        """Half a sentence that names the newest, for messages."""
        return f"the last good checkpoint is {last}" if (last := self.last()) else "there is no checkpoint yet"

    def save(self, state: dict[str, Any], config: TrainConfig, photos: str, origin: str) -> Path:
        """Writes ``state`` and removes the oldest beyond ``keep``.

        Args:
            state: of :class:`~mobile_inpaint.training.state.State`.
            config: of the run.
            photos: digest of the set of photos.
            origin: of the weights at step 0, as JSON; empty of a random start.

        Returns:
            the file, on the disk when this returns.

        Raises:
            TrainingError: it cannot be written; names the last good one, which stays.
        """
        document = {
            "format": FORMAT,
            "config": json.dumps(strict.dump(config)),
            "photos": photos,
            "origin": origin,
            "state": state,
        }
        # into memory first: a full disk is then one OSError from one write, and not whatever the container's writer makes of it
        packed = io.BytesIO()
        torch.save(document, packed)
        path = self.folder / f"step-{state['step']:08d}.pt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(path, packed.getbuffer())
            for old in list(self.steps().values())[: -self.keep]:
                old.unlink()
        except OSError as error:
            raise TrainingError(
                f"{path}: cannot be written ({error.strerror}): {self.last_good()}; make room, then continue with --resume"
            ) from error
        return path


def read_checkpoint(path: Path) -> tuple[dict[str, Any], TrainConfig]:
    """What :meth:`Checkpoints.save` wrote, on the CPU, and its run's configuration. Nothing in the file is executed.

    Raises:
        TrainingError: not a checkpoint of a run, damaged, or of a newer version.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        document = torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises nearly anything
        raise TrainingError(f"{path}: damaged, or not a checkpoint; delete it to go on from the one before") from error
    if not isinstance(document, dict) or not document.keys() >= _KEYS:
        raise TrainingError(f"{path}: not a training checkpoint of mobile-inpaint; to start from its weights use --from")
    if document["format"] != FORMAT:
        raise TrainingError(f"{path}: of format {document['format']}, this version reads {FORMAT}")
    return document, config_from(json.loads(document["config"]), str(path))


def recorded_config(run: Path) -> TrainConfig:
    """The configuration of the run in the folder ``run``.

    Raises:
        TrainingError: there is no checkpoint, or see :func:`read_checkpoint`.
    """
    checkpoints = Checkpoints(run, 1)
    if not (last := checkpoints.last()):
        raise TrainingError(f"{checkpoints.folder}: no checkpoint to go on from; start the run without --resume")
    return read_checkpoint(last)[1]


def _write(path: Path, content: memoryview) -> None:
    """``content`` at ``path``, complete and on the disk, or nothing."""
    files.write_whole(path, content, durable=True)
