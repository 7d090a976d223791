"""What a generator is trained for: named terms, each with a weight of its own; 0 is off and costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, cast

import torch
from torch import Tensor, nn

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.metrics.perceptual import Lpips
from mobile_inpaint.metrics.spectrum import Spectra, lattice, spectrum_difference
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.schema import Range
from mobile_inpaint.training.distillation.losses import hole_l1, levels_l1
from mobile_inpaint.training.distillation.teacher import Teacher
from mobile_inpaint.training.losses.adversarial import Discriminate, fooling, r1_penalty, telling
from mobile_inpaint.training.losses.feature_cache import Views
from mobile_inpaint.training.losses.perceptual import (
    Grid,
    Looks,
    feature_difference,
    focal_frequency,
    lpips_distance,
    surroundings,
)

Scalars = dict[str, Tensor]
"""Values of the terms by name, before their weights, without gradients."""


_Weight = Annotated[float, Range(0, 1e38)]  # what single precision holds
TERMS = ("adversarial", "levels", "teacher_l1", "teacher_lpips", "l1", "lpips", "features", "frequency", "spectrum", "lattice")
"""What a generator's loss can be the sum of, by the names of the weights."""


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms; by default those of the published MI-GAN.

    Attributes:
        adversarial: fooling the discriminator.
        levels: the teacher's RGB residual of each level, in the hole.
        teacher_l1, teacher_lpips: the teacher's image, in the hole, and in it and around it.
        l1, lpips: the photo itself, in the hole, and in it and around it.
        features: the photo's VGG feature maps, in the hole and around it.
        frequency: the photo's spectrum, of the whole picture and with its phases.
        spectrum: as much texture of every fineness and direction as the photo has in the hole, wherever it lies.
        lattice: nothing that stands out of the spectrum at the network's own periods.
        levels_from_px: the smallest side whose residual is compared.
        lpips_trunk: of both LPIPS terms; ``vgg`` takes ten times as long as ``alex``.
        ring_px: how far around the hole LPIPS and features look.
        r1_gamma: of the discriminator's gradient penalty; 0 is off.
        r1_every: steps between two penalties; each counts for all of them.
    """

    adversarial: _Weight = 1.0
    levels: _Weight = 2.0
    teacher_l1: _Weight = 0.0
    teacher_lpips: _Weight = 0.0
    l1: _Weight = 0.0
    lpips: _Weight = 0.0
    features: _Weight = 0.0
    frequency: _Weight = 0.0
    spectrum: _Weight = 0.0
    lattice: _Weight = 0.0
    levels_from_px: Annotated[int, Range(1, 65_536)] = 32
    lpips_trunk: Literal["alex", "vgg"] = "alex"
    ring_px: Annotated[int, Range(0, 65_536)] = 16
    r1_gamma: _Weight = 10.0
    r1_every: Annotated[int, Range(1, 1_000_000_000)] = 16

    def __post_init__(self) -> None:
        if not all(0 <= weight < float("inf") for weight in (*(getattr(self, term) for term in TERMS), self.r1_gamma)):
            raise TrainingError("losses: a weight is 0 for off, or a positive number")
        if not self.weights:
            raise TrainingError("losses: every weight is 0, so that there is nothing to learn; switch one on")
        if self.ring_px < 0 or self.r1_every < 1 or self.levels_from_px < 1:
            raise TrainingError("losses: ring_px must be at least 0, r1_every and levels_from_px at least 1")

    @property
    def weights(self) -> dict[str, float]:
        """Those of the generator's terms that are on."""
        return {term: weight for term in TERMS if (weight := getattr(self, term))}

    @property
    def needs_discriminator(self) -> bool:
        """Whether the generator plays against one."""
        return self.adversarial > 0

    @property
    def needs_teacher(self) -> bool:
        """Whether a term compares with a teacher's answer."""
        return any(term in self.weights for term in ("levels", "teacher_l1", "teacher_lpips"))


class Losses(nn.Module):
    """The terms of a config, with the networks that measure them.

    Move it to the device of the generator; nothing in it learns or need be saved.

    Args:
        config: the weights.
        teacher: what is asked where a term needs a teacher's answer and the caller has none at hand.
        opponent: the kind of discriminator; a projected one judges what LPIPS's AlexNet makes of pictures.

    Raises:
        WeightsError: weights of a perceptual term are not here and cannot be fetched.
    """

    def __init__(self, config: LossConfig, teacher: Teacher | None = None, opponent: str = "migan") -> None:
        super().__init__()
        self.config = config
        self.teacher = teacher
        self.projects = config.needs_discriminator and opponent == "projected"
        trunks: set[Literal["alex", "vgg"]] = set()
        if config.lpips or config.teacher_lpips:
            trunks.add(config.lpips_trunk)
        if config.features:
            trunks.add("vgg")
        if self.projects:
            trunks.add("alex")
        self.trunks = nn.ModuleDict({trunk: Lpips(trunk) for trunk in sorted(trunks)})

    def views(self, answer: GeneratorOutput, image: Tensor, mask: Tensor, grid: Grid = (0, 0)) -> Views:
        """A batch for both players to be judged by.

        Args:
            answer: what the generator made of it.
            image: the photos, float [N, 3, S, S], RGB in [0,1].
            mask: float [N, 1, S, S], 1 = hole.
            grid: where trunks begin to look; see :func:`~mobile_inpaint.training.losses.perceptual.any_grid`.
        """
        return Views(self.trunks, answer, image, mask, grid)

    def generator(
        self, views: Views, discriminator: nn.Module | None = None, lesson: GeneratorOutput | None = None
    ) -> tuple[Tensor, Scalars]:
        """The generator's loss, and the value of each term that is on.

        Args:
            views: of the batch.
            discriminator: its opponent; needed where ``adversarial`` is on, given no gradient.
            lesson: the teacher's answer where it is at hand; else the teacher is asked.

        Raises:
            TrainingError: a term is on whose discriminator, teacher or levels are missing.
        """
        config, answer, image, mask = self.config, views.answer, views.image, views.mask
        fill, trunk = answer.image, config.lpips_trunk

        @cache
        def taught() -> GeneratorOutput:
            return lesson or self._ask(image, mask)

        @cache
        def spectra() -> Spectra:
            return Spectra.of(fill, mask)

        @cache
        def around() -> Tensor:
            return views.seen(surroundings(mask, config.ring_px))

        def fooled() -> Tensor:
            fake, _, hole = self._judged(views)
            return fooling(_given(discriminator), fake, hole)

        def lpips_to(other: Looks) -> Tensor:
            return lpips_distance(self._trunk(trunk), views.fill(trunk), other, around())

        terms: dict[str, Callable[[], Tensor]] = {
            "adversarial": fooled,
            "levels": lambda: levels_l1(answer.levels, taught().levels, mask, config.levels_from_px),
            "teacher_l1": lambda: hole_l1(fill, taught().image, mask),
            "teacher_lpips": lambda: lpips_to(views.of(trunk, taught().image)),
            "l1": lambda: hole_l1(fill, image, mask),
            "lpips": lambda: lpips_to(views.photo(trunk)),
            "features": lambda: feature_difference(views.fill("vgg"), views.photo("vgg"), around()),
            "frequency": lambda: focal_frequency(fill, image),
            "spectrum": lambda: spectrum_difference(spectra(), Spectra.of(image, mask)),
            "lattice": lambda: lattice(spectra()).clamp_min(0).mean(),
        }
        values = {term: terms[term]() for term in config.weights}
        total = torch.stack([weight * values[term] for term, weight in config.weights.items()]).sum()
        return total, {term: value.detach() for term, value in values.items()}

    def discriminator(self, discriminator: Discriminate, views: Views) -> tuple[Tensor, Scalars]:
        """The discriminator's loss, and its two terms ``fake`` and ``real``; no gradient for the generator.

        Args:
            discriminator: ``discriminator(image, mask) -> logits``, or of AlexNet's looks where it is a projected one.
            views: of the batch.
        """
        fake, real = telling(discriminator, *self._judged(views))
        return fake + real, {"fake": fake.detach(), "real": real.detach()}

    def regularizes(self, step: int) -> bool:
        """Whether :meth:`regularizer` is due at this step, the first being 0."""
        return self.config.needs_discriminator and self.config.r1_gamma > 0 and step % self.config.r1_every == 0

    def regularizer(self, discriminator: Discriminate, image: Tensor, mask: Tensor) -> tuple[Tensor, Scalars]:
        """The discriminator's gradient penalty, times the steps it counts for, and its value ``r1`` before gamma.

        Args:
            discriminator: whose gradient is measured.
            image: float [N, 3, S, S], RGB in [0,1].
            mask: float [N, 1, S, S], 1 = hole.
        """
        penalty = r1_penalty(discriminator, image, mask)
        return self.config.r1_gamma / 2 * self.config.r1_every * penalty, {"r1": penalty.detach()}

    def _judged(self, views: Views) -> tuple[Tensor | Looks, Tensor | Looks, Tensor]:
        """What a discriminator is shown: fill, photo, hole."""
        if self.projects:
            return views.fill("alex"), views.photo("alex"), views.seen(views.mask)
        return views.answer.image, views.image, views.mask

    def _trunk(self, name: str) -> Lpips:
        return cast(Lpips, self.trunks[name])

    def _ask(self, image: Tensor, mask: Tensor) -> GeneratorOutput:
        if self.teacher is None:
            raise TrainingError("losses: a term needs a teacher; name one, or switch off levels, teacher_l1 and teacher_lpips")
        answer: GeneratorOutput = self.teacher(image, mask)
        return answer


def _given(discriminator: nn.Module | None) -> nn.Module:
    if discriminator is None:
        raise TrainingError("losses: 'adversarial' is on and needs a discriminator; give one, or switch it off")
    return discriminator
