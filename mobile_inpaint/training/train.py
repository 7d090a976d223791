"""The training loop, read from top to bottom."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import cast

import torch

from mobile_inpaint import schema
from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.checkpoint import Checkpoints
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.distillation.teacher import open_teacher
from mobile_inpaint.training.distillation.teacher_cache import Lessons
from mobile_inpaint.training.distributed import launch
from mobile_inpaint.training.generator import starting_generator
from mobile_inpaint.training.log import Entry
from mobile_inpaint.training.losses.terms import Losses
from mobile_inpaint.training.result import MODEL, photos_digest
from mobile_inpaint.training.resume import Resumed, resumed
from mobile_inpaint.training.run_writer import Keeper
from mobile_inpaint.training.samples import Samples, batches
from mobile_inpaint.training.state import State
from mobile_inpaint.training.step import NotFinite, train_step
from mobile_inpaint.training.stopping import Stop


@dataclass(frozen=True)
class Outcome:
    """How a run, or one session of it, ended.

    Attributes:
        step: done so far.
        stopped: why before the last step; None when all are done.
        seconds: over all sessions.
        model: the file of weights.
        first: whether this is the first of the processes, which wrote it.
    """

    step: int
    stopped: str | None
    seconds: float
    model: Path
    first: bool


def train(
    config: TrainConfig,
    photos: PhotoSource,
    run: Path,
    *,
    resume: bool = False,
    minutes: float = 0,
    watch: Callable[[Entry], None] = lambda entry: None,
    note: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Trains a generator on ``photos`` and leaves it in the folder ``run``; call it in every process that ``torchrun`` started.

    The same steps are the same to rounding whatever the number of processes, and on a CPU bit for bit whether the run was
    killed and resumed or not.

    Args:
        config: what to do.
        photos: what to learn from.
        run: gets ``checkpoints/``, ``log.jsonl``, ``grids/``, ``model.safetensors`` and ``run.json``.
        resume: go on from the newest checkpoint in ``run`` that is not damaged; damaged ones are set aside.
        minutes: stop cleanly after so many; 0 is no limit.
        watch: told of each entry of the log, in the first process.
        note: told of each checkpoint, of each damaged file and of each photo that is left out, in the first process.

    Raises:
        TrainingError: the run cannot start, go on or be resumed; the newest checkpoint stays as it is.
        ModelNotFound, CheckpointNotFound, WeightsError, ManifestError: of the network or its teacher.
        ToolchainMissing: of an extra that the configuration asks for.
    """
    checkpoints = Checkpoints(run, config.run.keep)
    with Stop(minutes) as stop, ExitStack() as open_files:
        fabric = launch(config.run)
        world, first = fabric.world_size, fabric.is_global_zero
        if config.data.batch % world:
            raise TrainingError(f"data.batch {config.data.batch} cannot be shared evenly by {world} processes")

        digest = photos_digest(photos)
        samples = Samples(photos, config.data.size_px, config.data.seed, config.data.holes)
        before: Resumed | None = None
        if resume:
            before = resumed(config, checkpoints, digest, fabric.device)
            state, origin = before.state, before.origin
        elif last := checkpoints.last():
            raise TrainingError(f"{last}: a run is here already; go on with it by --resume, or name another folder with --out")
        else:
            state, origin = starting_state(config, samples, fabric.device, note if first else lambda line: None)
        losses = open_losses(config).to(fabric.device)
        lessons = Lessons(losses.teacher, run / "lessons") if losses.teacher and config.data.different else None
        fabric.barrier()  # whoever looks for checkpoints has done so before the first is written

        def agree(flag: int) -> int:
            if world == 1:
                return flag
            return int(cast(torch.Tensor, fabric.all_reduce(torch.tensor(flag, device=fabric.device), reduce_op="max")))

        stopped, clock = None, time.perf_counter()
        try:
            keeper = None
            if first:
                for line in before.settle(checkpoints) if before else ():
                    note(line)
                keeper = Keeper(run, config, checkpoints, digest, origin, samples, state, losses.teacher, watch, note)
                open_files.enter_context(closing(keeper))
            for batch in batches(
                samples,
                config.data.batch // world,
                range(state.step, config.run.steps),
                different=config.data.different,
                rank=fabric.global_rank,
                world=world,
                workers=config.run.workers,
                warn=note if first else lambda line: None,
            ):
                measured = train_step(fabric, config, losses, state, batch, lessons)
                now = time.perf_counter()
                state.seconds, clock = state.seconds + now - clock, now

                stopped = stop.reason(agree)
                if keeper:
                    keeper.after_step(measured, last=stopped is not None or state.step == config.run.steps)
                if stopped:
                    break
        except NotFinite as error:
            raise TrainingError(
                f"{error}: {checkpoints.last_good()}; lower the learning rates or set optimizer.clip, and start another run "
                f"with --from {run / MODEL}"
            ) from error
        except OSError as error:
            raise TrainingError(
                f"{error.filename or run}: cannot be written ({error.strerror or error}): {checkpoints.last_good()}"
            ) from error
    return Outcome(state.step, stopped if state.step < config.run.steps else None, state.seconds, run / MODEL, first)


def starting_state(
    config: TrainConfig, samples: Samples, device: torch.device, note: Callable[[str], None] = lambda line: None
) -> tuple[State, str]:
    """Step 0, and where its weights are from, as JSON; empty of a random start.

    Where a network is narrowed it sees the samples of the first steps; ``note`` is told of it.

    Raises:
        TrainingError: the network cannot be trained so.
        ModelNotFound, CheckpointNotFound, WeightsError: there is no such network, or no such weights.
    """
    drawn = map(samples.__getitem__, count())
    generator, provenance = starting_generator(config.generator, config.data.seed, drawn, note)
    if generator.resolution != config.data.size_px:
        raise TrainingError(f"data.size_px is {config.data.size_px}, but {generator.name} takes {generator.resolution} px")
    return State.start(config, generator, device), json.dumps(schema.dump(provenance)) if provenance else ""


def open_losses(config: TrainConfig) -> Losses:
    """The losses of a run with their teacher, if any of them asks one."""
    teacher = open_teacher(config.teacher) if config.loss.needs_teacher else None
    return Losses(config.loss, teacher, config.discriminator.kind)
