"""Where a run goes on: its newest checkpoint that is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.checkpoint import WITHOUT_DIGEST, Checkpoints, DamagedCheckpoint, none_left, read_checkpoint
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.state import State


@dataclass(frozen=True)
class Resumed:
    """A run that goes on.

    Attributes:
        state: of the run.
        origin: of the weights at step 0, as JSON; empty of a random start.
        path: the checkpoint it goes on from.
        has_digest: whether damage in that one would have been noticed.
        damaged: the newer ones, and what is wrong with each.
    """

    state: State
    origin: str
    path: Path
    has_digest: bool
    damaged: dict[Path, str]

    def settle(self, checkpoints: Checkpoints) -> Iterator[str]:
        """Sets aside what is damaged; yields a line about each, and one about a checkpoint without a digest.

        Call it in one process, when all of them have read their checkpoint.

        Raises:
            OSError: a file cannot be renamed.
        """
        for path, fault in self.damaged.items():
            kept = checkpoints.set_aside(path)
            yield f"{fault}; going on from {self.path.name}, the damaged one is kept as {kept.name}"
        if not self.has_digest:
            yield (
                f"{self.path}: written by an earlier version, without a digest, so that damage to its numbers goes unnoticed; "
                "the next checkpoint will have one"
            )


def resumed(config: TrainConfig, checkpoints: Checkpoints, photos: str, device: torch.device) -> Resumed:
    """The run in the newest checkpoint that is not damaged; no file is changed.

    Args:
        config: must be the run's but for ``[run]``.
        checkpoints: of the run.
        photos: digest of the set of photos; must be the run's.
        device: gets the networks.

    Raises:
        TrainingError: there is no good checkpoint, or it is of another configuration or of other photos.
    """
    damaged: dict[Path, DamagedCheckpoint] = {}
    for step, path in reversed(checkpoints.steps().items()):
        try:
            document, theirs = read_checkpoint(path)
            if differences := config.differences(theirs):
                raise TrainingError(f"{path}: of a run with another configuration: {', '.join(differences)}")
            if document["photos"] != photos:
                raise TrainingError(f"{path}: of a run on other photos; name the same ones with --photos, or start another run")
            state = State.resumed(config, document["state"], device, path)
            if state.step != step:
                raise DamagedCheckpoint(f"{path}: damaged: 'step' is {state.step}, the file's name says {step}")
        except DamagedCheckpoint as error:
            damaged[path] = error
            continue
        faults = {path: str(error) for path, error in damaged.items()}
        return Resumed(state, document["origin"], path, document["format"] != WITHOUT_DIGEST, faults)
    raise none_left(checkpoints, list(damaged.values()))
