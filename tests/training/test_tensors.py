"""Adam as published: corrected for lazy regularisation, and n tensors learn as one does at sqrt(n) times the rate."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from mobile_inpaint import create_model
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.migan.discriminator import Discriminator
from mobile_inpaint.training.config import OptimizerConfig
from mobile_inpaint.training.losses.terms import TERMS, LossConfig, Losses
from mobile_inpaint.training.optimizers import adam, set_learning_rate

STEPS = 8
"""Few enough that rounding, which grows from step to step, stays small."""


def generator(tensors: int) -> Generator:
    return create_model("migan-256", seed=1, resolution=32, ch_base=512, ch_max=16, tensors=tensors).train()


def discriminator(tensors: int) -> Discriminator:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Discriminator(32, 512, 16, tensors)


def summed(make: Callable[[int], nn.Module], tensors: int) -> nn.Module:
    """A network with one tensor a convolution, where each stands for all of ``make(tensors)``."""
    state = {
        name: value.sum(0, keepdim=True) / math.sqrt(len(value)) if name.endswith(".tensors") else value
        for name, value in make(tensors).state_dict().items()
    }
    network = make(1)
    network.load_state_dict(state)
    return network


def played(player: nn.Module, opponent: nn.Module, pace: int) -> torch.Tensor:
    """Both losses at each of so many steps, on one batch, at the speed of networks with ``pace`` tensors."""
    random = torch.Generator().manual_seed(3)
    image, mask = torch.rand(4, 3, 32, 32, generator=random), torch.zeros(4, 1, 32, 32)
    mask[:, :, 8:24, 4:20] = 1
    losses = Losses(LossConfig(**{**dict.fromkeys(TERMS, 0.0), "adversarial": 0.1, "l1": 1.0}))
    config = OptimizerConfig()
    optimizers = [
        adam(network, network.lr_scales(pace), 1e-3, config, regularised_every=every)  # type: ignore[operator]
        for network, every in ((player, 4), (opponent, 16))
    ]
    for optimizer in optimizers:
        set_learning_rate(optimizer, 1.0)
    found = []

    def learn(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.detach())

    for step in range(STEPS):
        views = losses.views(player.forward_train(image, mask), image, mask)
        learn(optimizers[0], losses.generator(views, opponent)[0])
        learn(optimizers[1], losses.discriminator(opponent, views)[0])
        if losses.regularizes(step):
            learn(optimizers[1], losses.regularizer(opponent, image, mask)[0])
    return torch.stack(found)


def test_adam_is_corrected_for_the_steps_that_regularise() -> None:
    """StyleGAN2's rule for lazy regularisation: of k + 1 steps k count, in the learning rate and in both betas."""
    config = OptimizerConfig(beta1=0.5, beta2=0.9)
    for every, share in ((4, 4 / 5), (16, 16 / 17)):
        (group,) = adam(discriminator(1), {}, 1e-3, config, regularised_every=every).param_groups
        assert group["lr"] == group["full_lr"] == pytest.approx(1e-3 * share)
        assert group["betas"] == pytest.approx((0.5**share, 0.9**share), rel=1e-9)


def test_one_tensor_at_twice_the_learning_rate_learns_as_four_do() -> None:
    four = played(generator(4), discriminator(4), pace=4)
    one = played(summed(generator, 4), summed(discriminator, 4), pace=4)
    slow = played(summed(generator, 4), summed(discriminator, 4), pace=1)
    torch.testing.assert_close(one, four, atol=1e-4, rtol=0)
    assert (slow - four).abs().max() > 1e-2
    assert four[-2] < four[0]  # it does learn


def test_all_tensors_of_a_convolution_get_one_gradient() -> None:
    network = discriminator(3)
    network(torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)).sum().backward()
    for name, parameter in network.named_parameters():
        if name.endswith(".tensors"):
            assert parameter.grad is not None
            assert torch.equal(parameter.grad[1], parameter.grad[0]) and torch.equal(parameter.grad[2], parameter.grad[0])
