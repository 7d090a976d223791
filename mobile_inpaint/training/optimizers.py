"""Adam for both players, and the learning rate at each step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn
from torch.optim import Adam

from mobile_inpaint.training.config import OptimizerConfig

GENERATOR_REGULARISED_EVERY = 4
"""Published training corrects the generator's Adam for a regularisation every 4 steps (which then computes nothing)."""


def adam(
    network: nn.Module, scales: Mapping[str, float], lr: float, config: OptimizerConfig, *, regularised_every: int
) -> Adam:
    """Adam over all that ``network`` learns, one group for each learning rate.

    Args:
        network: with gradients.
        scales: by parameter name, the factor of its learning rate where that is not 1; see
            :meth:`~mobile_inpaint.models.base.Generator.lr_scales`.
        lr: learning rate, before any correction.
        config: for the betas.
        regularised_every: steps between two with a regularisation of their own; as there are then ``k + 1`` steps for every
            ``k``, they are corrected by ``c = k / (k + 1)``: ``lr * c``, ``beta ** c``.

    Source: MI-GAN's training configuration; lazy regularisation is StyleGAN2's (Karras et al., 2020, appendix B).
    """
    correction = regularised_every / (regularised_every + 1)
    by_scale: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        by_scale.setdefault(scales.get(name, 1.0), []).append(parameter)
    groups = [{"params": same, "full_lr": lr * correction * scale} for scale, same in by_scale.items()]
    betas = (float(config.beta1**correction), float(config.beta2**correction))
    return Adam(groups, lr=lr * correction, betas=betas, eps=1e-8)


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Sets every group's learning rate to ``factor`` times its full one."""
    for group in optimizer.param_groups:
        group["lr"] = group["full_lr"] * factor


def schedule_factor(config: OptimizerConfig, step: int, steps: int) -> float:
    """The share of the full learning rate at ``step`` (0 = first) of ``steps``, in [0,1]."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    if config.schedule == "constant":
        return 1.0
    done = (step - config.warm_up + 1) / max(steps - config.warm_up, 1)
    return config.final + (1 - config.final) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
