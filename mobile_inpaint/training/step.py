"""One step of training: the generator learns, then its opponent, on the same batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.distillation.teacher_cache import Lessons
from mobile_inpaint.training.distributed import seed_step
from mobile_inpaint.training.generator import advance_average, decay_at
from mobile_inpaint.training.losses.perceptual import any_grid
from mobile_inpaint.training.losses.terms import Losses, Scalars
from mobile_inpaint.training.optimizers import schedule_factor, set_learning_rate
from mobile_inpaint.training.samples import Batch
from mobile_inpaint.training.state import State

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Measured:
    """What a step found, averaged over all processes.

    Attributes:
        losses: each term before its weight; ``total`` and ``discriminator`` are what the two players minimise.
        gradients: norm of each player's gradient, before clipping.
    """

    losses: dict[str, float]
    gradients: dict[str, float]


class NotFinite(TrainingError):
    """A loss or a gradient that is no number; the step that met it changed no weight of that player."""


def train_step(
    fabric: Fabric, config: TrainConfig, losses: Losses, state: State, batch: Batch, lessons: Lessons | None = None
) -> Measured:
    """Moves ``state`` on by one step.

    The discriminator is shown the fills that the generator has just learned from; published training fills the batch again.

    Args:
        fabric: launched; each process gives its own part of the batch.
        config: of the run.
        losses: on the device.
        state: changed in place.
        batch: of this process.
        lessons: where the teacher's answers are kept, if they are.

    Raises:
        NotFinite: names step and term.
    """
    seed_step(config.data.seed, state.step, fabric.global_rank)
    factor = schedule_factor(config.optimizer, state.step, config.run.steps)
    for optimizer in state.optimizers.values():
        set_learning_rate(optimizer, factor)
    image = fabric.to_device(batch.image).contiguous(memory_format=torch.channels_last)
    mask = fabric.to_device(batch.mask)
    grid = any_grid(config.data.seed, state.step)
    player = _Player(fabric, state, config.optimizer.clip)

    with fabric.autocast():
        answer = state.generator.forward_train(image, mask)
        lesson = lessons(batch.numbers, image, mask) if lessons else None
        views = losses.views(answer, image, mask, grid)
        loss, terms = losses.generator(views, state.discriminator, lesson)
    player.learn("generator", state.generator, loss, {**terms, "total": loss})

    if state.discriminator:
        with fabric.autocast():
            loss, terms = losses.discriminator(state.discriminator, views)
        player.learn("discriminator", state.discriminator, loss, {**terms, "discriminator": loss})
        if losses.regularizes(state.step):
            loss, terms = losses.regularizer(state.discriminator, image, mask)
            player.learn("discriminator", state.discriminator, loss, terms)

    state.step += 1
    size = config.data.batch
    half_life, ramp_up = config.optimizer.ema_images, config.optimizer.ema_ramp_up
    advance_average(state.average, state.generator, decay_at(state.step * size, size, half_life, ramp_up))
    return player.measured


class _Player:
    """Makes one network after the other follow its loss."""

    def __init__(self, fabric: Fabric, state: State, clip: float) -> None:
        self._fabric, self._state, self._clip = fabric, state, clip
        self.measured = Measured({}, {})

    def learn(self, name: str, network: nn.Module, loss: Tensor, terms: Scalars) -> None:
        """One step of the optimizer ``name``.

        Gradients are averaged here and not by DDP, which would have to be told which parameters the gradient penalty, a
        gradient of a gradient, leaves out.
        """
        optimizer = self._state.optimizers[name]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = {key: p.grad for key, p in network.named_parameters() if p.grad is not None}
        norm = self._average(list(gradients.values()))
        values = self._mean(torch.stack([*(value.detach().float() for value in terms.values()), norm])).tolist()
        found = dict(zip([*terms, f"the gradient of the {name}"], values, strict=True))
        for key, value in found.items():
            if not math.isfinite(value):
                wrong = [name for name, gradient in gradients.items() if not torch.isfinite(gradient).all()]
                first = f", first in '{wrong[0]}'" if wrong and key not in terms else ""
                raise NotFinite(f"step {self._state.step + 1}: {'loss ' if key in terms else ''}{key} is {value}{first}")
        self.measured.losses.update({key: found[key] for key in terms})
        self.measured.gradients[name] = max(values[-1], self.measured.gradients.get(name, 0.0))
        if self._clip:
            torch.nn.utils.clip_grads_with_norm_(network.parameters(), self._clip, norm)
        optimizer.step()

    def _average(self, gradients: list[Tensor]) -> Tensor:
        """The norm of the gradients, each now the mean over all processes."""
        if self._fabric.world_size > 1:
            flat = self._mean(torch.cat([gradient.flatten() for gradient in gradients]))
            parts = torch.split(flat, [gradient.numel() for gradient in gradients])
            torch._foreach_copy_(gradients, [part.view(g.shape) for part, g in zip(parts, gradients, strict=True)])
        return torch.nn.utils.get_total_norm(gradients)

    def _mean(self, values: Tensor) -> Tensor:
        return cast(Tensor, self._fabric.all_reduce(values, reduce_op="mean")) if self._fabric.world_size > 1 else values
