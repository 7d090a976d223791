"""What a run writes as it goes: log, grids, checkpoints and the network so far, each when it is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch

from mobile_inpaint import files
from mobile_inpaint.training.checkpoint import Checkpoints
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.distillation.teacher import Teacher
from mobile_inpaint.training.log import Entry, Log
from mobile_inpaint.training.optimizers import schedule_factor
from mobile_inpaint.training.result import save_result
from mobile_inpaint.training.sample_grid import grid_batch, save_grid
from mobile_inpaint.training.samples import Samples
from mobile_inpaint.training.state import State
from mobile_inpaint.training.step import Measured


class Keeper:
    """The first process's; the others have none.

    What a killed session left unfinished is removed. If a kill came after the last checkpoint, what follows it is written now.

    Args:
        run: the run's folder; made here.
        config: of the run.
        checkpoints: in that folder.
        photos: digest of the set of photos.
        origin: of the weights at step 0, as JSON; empty of a random start.
        samples: to take the grid's photos from.
        state: of the run, looked at whenever something is due.
        teacher: gets a column on the grids, where there is one.
        watch: told of each entry of the log.
        note: told of each checkpoint, and of a record that was damaged.
    """

    def __init__(
        self,
        run: Path,
        config: TrainConfig,
        checkpoints: Checkpoints,
        photos: str,
        origin: str,
        samples: Samples,
        state: State,
        teacher: Teacher | None,
        watch: Callable[[Entry], None],
        note: Callable[[str], None],
    ) -> None:
        run.mkdir(parents=True, exist_ok=True)
        for folder in (run, checkpoints.folder, run / "grids"):
            files.sweep(folder)
        self._run, self._config, self._checkpoints, self._photos, self._origin = run, config, checkpoints, photos, origin
        self._state, self._teacher, self._watch, self._note = state, teacher, watch, note
        self._device = next(state.generator.parameters()).device
        self._log = Log(run, state.step, tensorboard=config.run.tensorboard, note=note)
        self._grid = grid_batch(samples, config.run.grid_rows) if config.run.grid_every and config.run.grid_rows else None
        self._measured: list[Measured] = []
        self._since = state.seconds
        if state.step == config.run.steps:
            self._finish()

    def after_step(self, measured: Measured, *, last: bool) -> None:
        """Writes what is due after this step; after the last one, everything.

        Raises:
            TrainingError: a checkpoint cannot be written.
            OSError: another file cannot be written.
        """
        run, step = self._config.run, self._state.step
        self._measured.append(measured)
        if _due(step, run.log_every, last):
            entry = self._entry()
            self._log.write(entry)
            self._watch(entry)
        if _due(step, run.checkpoint_every, last):
            path = self._checkpoints.save(self._state.state_dict(), self._config, self._photos, self._origin)
            save_result(self._run, self._state, self._config, self._photos, self._origin)
            self._note(f"step {step} of {run.steps}: {path}")
        if self._grid and _due(step, run.grid_every, last):
            self._draw(*self._grid)

    def close(self) -> None:
        """Ends the record."""
        self._log.close()

    def _finish(self) -> None:
        self._checkpoints.remove_old()
        save_result(self._run, self._state, self._config, self._photos, self._origin)
        if self._grid:
            self._draw(*self._grid)

    def _entry(self) -> Entry:
        state, optimizer, size = self._state, self._config.optimizer, self._config.data.batch
        factor = schedule_factor(optimizer, state.step - 1, self._config.run.steps)
        full = {"generator": optimizer.generator_lr, "discriminator": optimizer.discriminator_lr}
        entry = Entry(
            step=state.step,
            images=state.step * size,
            seconds=round(state.seconds, 3),
            images_per_second=round(len(self._measured) * size / max(state.seconds - self._since, 1e-9), 3),
            lr={name: full[name] * factor for name in state.optimizers},
            losses=_means([measured.losses for measured in self._measured]),
            gradients=_means([measured.gradients for measured in self._measured]),
        )
        self._measured, self._since = [], state.seconds
        return entry

    def _draw(self, image: torch.Tensor, mask: torch.Tensor) -> None:
        generator, average, teacher = self._state.generator, self._state.average, self._teacher
        fills: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = [generator, average]
        if teacher:
            fills.append(lambda one, hole: teacher(one, hole).image)
        path = self._run / "grids" / f"step-{self._state.step:08d}.png"
        save_grid(path, image.to(self._device), mask.to(self._device), fills)


def _due(step: int, every: int, last: bool) -> bool:
    return last or (every > 0 and step % every == 0)


def _means(found: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each name over those that have it: the gradient penalty is not taken in every step."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for one in found:
        for name, value in one.items():
            values[name].append(value)
    return {name: sum(all_) / len(all_) for name, all_ in values.items()}
