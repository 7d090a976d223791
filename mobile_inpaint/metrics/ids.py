"""How often a plane through feature space takes fills for photos: the discriminative scores P-IDS and U-IDS."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_PENALTY = 1.0


class Scores(NamedTuple):
    """Shares, 0 to 1, higher being better.

    Attributes:
        paired: of the fills, how many look more like photos to the plane than their own photo does (P-IDS).
        unpaired: of fills and photos, how many lie on the wrong side of the plane (U-IDS), 0.5 where nothing tells them apart.
    """

    paired: float
    unpaired: float


def pairs_needed(features: int) -> int:
    """Pairs of fill and photo from which the scores mean something: twice as many as there are features.

    Points up to about twice as many as they have dimensions can nearly always be parted by a plane, whatever they show: then
    both scores are 0.

    Source: Cover, Geometrical and Statistical Properties of Systems of Linear Inequalities (1965).
    """
    return 2 * features


def discriminative_scores(fills: Tensor, photos: Tensor) -> Scores:
    """The scores of features [n, d] of fills and, in the same order, of their photos, by a linear support vector machine.

    Its loss is the squared hinge with the cost 1, its bias counts among the weights that are kept small, as in liblinear,
    which the published scores are made with.

    Source: Zhao et al., Large Scale Image Completion via Co-Modulated Generative Adversarial Networks (2021), section 4.
    """
    weight, bias = _support_vector_machine(torch.cat([photos, fills]).double(), len(photos))
    real, fake = photos.double() @ weight + bias, fills.double() @ weight + bias
    wrong = (real < 0).double().mean() + (fake > 0).double().mean()
    return Scores(float((fake > real).double().mean()), float(wrong / 2))


def _support_vector_machine(points: Tensor, positives: int) -> tuple[Tensor, Tensor]:
    """Weights [d] and bias of the plane that parts the first ``positives`` points from the rest."""
    sides = torch.ones(len(points), dtype=points.dtype)
    sides[positives:] = -1
    # Solved round the points' middle and at one scale, where the solver is quick; the penalty is that of the plane as it is.
    middle, scale = points.mean(0), points.std().clamp_min(1e-12)
    scaled = (points - middle) / scale
    plane = torch.zeros(points.shape[1] + 1, dtype=points.dtype, requires_grad=True)
    solver: torch.optim.Optimizer = torch.optim.LBFGS(
        [plane], max_iter=1000, tolerance_grad=1e-7, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def unscaled() -> tuple[Tensor, Tensor]:
        weight = plane[:-1] / scale
        return weight, plane[-1] - weight @ middle

    def loss() -> float:
        weight, bias = unscaled()
        hinge = (1 - sides * (scaled @ plane[:-1] + plane[-1])).clamp_min(0).square().sum()
        total = (weight.square().sum() + bias.square()) / 2 + _PENALTY * hinge
        (plane.grad,) = torch.autograd.grad(total, plane)
        return float(total.detach())

    solver.step(loss)
    with torch.no_grad():
        return unscaled()
