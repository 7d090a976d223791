"""All that a run changes: the networks, their optimizers, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.optim import Adam

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import create_model, family_of, numbers_of
from mobile_inpaint.quantization.fake_quantize import with_rounding
from mobile_inpaint.quoting import quoted
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.generator import averaged_copy
from mobile_inpaint.training.losses.projected import Projected
from mobile_inpaint.training.optimizers import GENERATOR_REGULARISED_EVERY, adam
from mobile_inpaint.training.saved_state import SavedState


@dataclass
class State:
    """A run after ``step`` steps.

    Attributes:
        generator: what is trained.
        average: the moving average of its weights: what is kept in the end.
        discriminator: its opponent, where a loss has use for one.
        optimizers: one for ``generator``, one for ``discriminator`` if there is one.
        step: done so far.
        seconds: spent so far, over all sessions.
    """

    generator: Generator
    average: Generator
    discriminator: nn.Module | None
    optimizers: dict[str, Adam]
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, config: TrainConfig, generator: Generator, device: torch.device) -> State:
        """Step 0 with ``generator``, which is moved to ``device``."""
        generator = generator.to(device)
        generator.set_noise(config.generator.noise)
        optimizers = {
            "generator": adam(
                generator,
                generator.lr_scales(config.generator.pace),
                config.optimizer.generator_lr,
                config.optimizer,
                regularised_every=GENERATOR_REGULARISED_EVERY,
            )
        }
        discriminator = None
        if config.loss.adversarial:
            discriminator = make_discriminator(config, generator.name).to(device)
            scales = getattr(discriminator, "lr_scales", None)
            optimizers["discriminator"] = adam(
                discriminator,
                scales(config.generator.pace) if scales else {},
                config.optimizer.discriminator_lr,
                config.optimizer,
                regularised_every=config.loss.r1_every,
            )
        return cls(generator, averaged_copy(generator), discriminator, optimizers)

    @classmethod
    def resumed(cls, config: TrainConfig, saved: object, device: torch.device, where: object = "the checkpoint") -> State:
        """What :meth:`state_dict` gave; ``config`` must be the same but for ``[run]``.

        Nothing as large as the networks is allocated before every tensor in ``saved`` has been compared with them.

        Args:
            config: of the run.
            saved: out of a file that nobody has checked.
            device: gets the networks.
            where: the file, to open the messages with.

        Raises:
            DamagedCheckpoint: values that no run has saved.
            TrainingError: another version made its networks otherwise.
        """
        checked = SavedState(saved, config, where)

        def generator() -> Generator:
            try:
                network = create_model(checked.network, None, seed=0, plain=False, **checked.variant).train()
            except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
                raise checked.damaged(f"'network.variant' is {quoted(checked.variant)}, which no network has") from error
            if config.generator.integers_by:
                with_rounding(network)
            return network

        with torch.device("meta"):
            planned: dict[str, nn.Module] = {"generator": generator(), "average": generator()}
            if config.loss.adversarial:
                planned["discriminator"] = make_discriminator(config, checked.network)
        checked.check_size(cast(Generator, planned["generator"]).resolution, config)
        checked.check_networks(planned)
        state = cls.start(config, generator(), device)
        for name, module in state.networks.items():
            module.load_state_dict(checked.networks[name])
        for name, optimizer in state.optimizers.items():
            optimizer.load_state_dict(checked.optimizer(name, optimizer))
        state.step, state.seconds = checked.step, checked.seconds
        return state

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Those whose weights a checkpoint holds, by name."""
        every = {"generator": self.generator, "average": self.average, "discriminator": self.discriminator}
        return {name: network for name, network in every.items() if network is not None}

    def state_dict(self) -> dict[str, Any]:
        """Everything, as tensors, numbers and text."""
        return {
            "network": {"name": self.generator.name, "variant": numbers_of(self.generator)},
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "step": self.step,
            "seconds": self.seconds,
        }


def make_discriminator(config: TrainConfig, model: str) -> nn.Module:
    """The discriminator that ``config`` asks for, for the network called ``model``, with a random start by the run's seed.

    Raises:
        TrainingError: neither training nor the network's family has one of that kind.
    """
    size = config.discriminator
    kinds = {**family_of(model).discriminators, "projected": _projected}
    if size.kind not in kinds:
        known = ", ".join(kinds)
        raise TrainingError(f"discriminator.kind: {model} cannot train with {quoted(size.kind)}: there are {known}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.data.seed)
        return kinds[size.kind](config.data.size_px, vars(size), size.tensors)


def _projected(size_px: int, numbers: Mapping[str, Any], branches: int) -> nn.Module:
    return Projected()
