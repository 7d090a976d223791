"""All that a run changes: the networks, their optimizers, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.optim import Adam

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models import create_model
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.fake_quantize import with_rounding
from mobile_inpaint.models.migan_discriminator import Discriminator
from mobile_inpaint.training.config import TrainConfig
from mobile_inpaint.training.generator import averaged_copy, set_noise
from mobile_inpaint.training.optimizers import GENERATOR_REGULARISED_EVERY, adam
from mobile_inpaint.training.projected import Projected


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
        set_noise(generator, config.generator.noise)
        # shapes alone, on no device: nine tensors a convolution need not fit into memory
        with torch.device("meta"):
            variant = vars(cast(Any, generator).variant)
            published = create_model(generator.name, **{**variant, "tensors": config.generator.pace})
        optimizers = {
            "generator": adam(
                generator,
                published,
                config.optimizer.generator_lr,
                config.optimizer,
                regularised_every=GENERATOR_REGULARISED_EVERY,
            )
        }
        discriminator = None
        if config.loss.adversarial:
            discriminator = _discriminator(config, config.discriminator.tensors).to(device)
            with torch.device("meta"):
                published_discriminator = _discriminator(config, config.generator.pace)
            optimizers["discriminator"] = adam(
                discriminator,
                published_discriminator,
                config.optimizer.discriminator_lr,
                config.optimizer,
                regularised_every=config.loss.r1_every,
            )
        return cls(generator, averaged_copy(generator), discriminator, optimizers)

    @classmethod
    def resumed(cls, config: TrainConfig, saved: dict[str, Any], device: torch.device) -> State:
        """What :meth:`state_dict` gave; ``config`` must be the same but for ``[run]``.

        Raises:
            TrainingError: another version made its networks otherwise.
        """
        network = saved["network"]
        generator = create_model(network["name"], **network["variant"]).train()
        if config.generator.integers_by:
            with_rounding(generator)
        state = cls.start(config, generator, device)
        for name, module in state.networks.items():
            try:
                module.load_state_dict(saved["networks"][name])
            except RuntimeError as error:  # it names every key in a line of its own
                raise TrainingError(
                    f"the checkpoint's {name} is not built as this version builds it; go on with the version that wrote it, "
                    "or begin another run from its model.safetensors with --from"
                ) from error
        for name, optimizer in state.optimizers.items():
            optimizer.load_state_dict(saved["optimizers"][name])
        state.step, state.seconds = saved["step"], saved["seconds"]
        return state

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Those whose weights a checkpoint holds, by name."""
        every = {"generator": self.generator, "average": self.average, "discriminator": self.discriminator}
        return {name: network for name, network in every.items() if network is not None}

    def state_dict(self) -> dict[str, Any]:
        """Everything, as tensors, numbers and text."""
        return {
            "network": {"name": self.generator.name, "variant": vars(cast(Any, self.generator).variant)},
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "step": self.step,
            "seconds": self.seconds,
        }


def _discriminator(config: TrainConfig, tensors: int) -> nn.Module:
    size = config.discriminator
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.data.seed)
        if size.kind == "projected":
            return Projected()
        return Discriminator(config.data.size_px, size.ch_base, size.ch_max, tensors)
