"""The game of generator and discriminator: non-saturating losses and R1.

A discriminator is ``discriminator(image, mask) -> logits [N, 1]``, or :class:`Places`; image float [N, 3, S, S], RGB in [0,1],
or what a trunk made of it; mask float [N, 1, S, S], 1 = hole.

Source: MI-GAN (Sargsyan et al., ICCV 2023), section 3.4; R1 is Mescheder, Geiger, Nowozin, Which Training Methods for GANs do
actually Converge? (2018), computed every few steps as in StyleGAN2 (Karras et al., 2020), appendix B.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.losses.perceptual import Looks


class Places(NamedTuple):
    """What a discriminator says that judges many places of a picture.

    Attributes:
        logits: [N, L], above 0 = rather a photo.
        counts: [N, L], how much each counts; 1 in sum over a picture.
    """

    logits: Tensor
    counts: Tensor


Discriminate = Callable[[Any, Tensor], Tensor | Places]


def fooling(discriminator: nn.Module, fill: Tensor | Looks, mask: Tensor) -> Tensor:
    """The generator's loss, a float scalar: how surely the discriminator tells the fill from a photo.

    Args:
        discriminator: gets no gradient.
        fill: float [N, 3, S, S], RGB nominally in [0,1], or what a trunk makes of it.
        mask: float [N, 1, S, S], 1 = hole.
    """
    with _frozen(discriminator):
        return _surprise(discriminator(fill, mask), -1)


def telling(discriminator: Discriminate, fill: Tensor | Looks, image: Tensor | Looks, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The discriminator's two losses, float scalars, of the fill and of the photo with the same hole.

    Args:
        discriminator: whose losses they are.
        fill: float [N, 3, S, S], RGB nominally in [0,1], or what a trunk makes of it; gets no gradient.
        image: the photo, likewise, in [0,1].
        mask: float [N, 1, S, S], 1 = hole.
    """
    return _surprise(discriminator(fill.detach(), mask), 1), _surprise(discriminator(image, mask), -1)


def r1_penalty(discriminator: Discriminate, image: Tensor, mask: Tensor) -> Tensor:
    """The squared length of the logit's gradient at a photo and its mask, averaged over the batch, before gamma / 2.

    In float32 whatever the autocast: it squares what 8 bits have rounded. Its units are the published ones, RGB in [-1,1], so
    that the published gamma fits.

    Raises:
        TrainingError: the discriminator judges places.
    """
    image, mask = image.detach().float().requires_grad_(), mask.detach().float().requires_grad_()
    with torch.autocast(image.device.type, enabled=False):
        logits = discriminator(image, mask)
        if isinstance(logits, Places):
            raise TrainingError("losses: a discriminator that judges places has no gradient penalty; set r1_gamma to 0")
        of_image, of_mask = torch.autograd.grad(logits.sum(), (image, mask), create_graph=True)
        # the halves: [0,1] is twice as steep as [-1,1]
        penalty = (of_image / 2).square().sum((1, 2, 3)) + of_mask.square().sum((1, 2, 3))
        # the last bias has no part in the penalty; a gradient of zero, not none, lets its Adam take the step with the others
        return (penalty + 0 * logits.flatten()).mean()


def _surprise(verdict: Tensor | Places, sign: int) -> Tensor:
    """The mean of softplus over the logits times ``sign``, over the batch and as far as each place counts."""
    if isinstance(verdict, Places):
        return (softplus(sign * verdict.logits.float()) * verdict.counts).sum(1).mean()
    return softplus(sign * verdict.float()).mean()


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """No parameter of ``network`` that wants a gradient wants one here."""
    wanting = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in wanting:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanting:
            parameter.requires_grad_()
