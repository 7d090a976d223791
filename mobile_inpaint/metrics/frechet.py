"""How far two sets of pictures lie apart, by the mean and spread of their features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_SPLITS = 20


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """The squared Fréchet distance of two normal distributions fitted to features, [n, d] and [m, d]; at least 0.

    Computed from the features themselves and not from d by d covariances: with centred features A and B, divided by the roots
    of n - 1 and m - 1, the trace of the root of the covariances' product is the sum of the singular values of A Bᵀ. That is
    exact whatever the ranks. Where a set has more pictures than features, the triangle of its QR decomposition stands for it.

    Source: Dowson, Landau, The Fréchet Distance between Multivariate Normal Distributions (1982), equation 16; as a figure of
    generated pictures: Heusel et al., GANs Trained by a Two Time-Scale Update Rule (2017).
    """
    one, other = one.double(), other.double()
    a, b = _centred(one), _centred(other)
    means = (one.mean(0) - other.mean(0)).square().sum()
    shared = torch.linalg.svdvals(_no_taller(a) @ _no_taller(b).T).sum()
    return max(0.0, float(means + a.square().sum() + b.square().sum() - 2 * shared))


def _no_taller(rows: Tensor) -> Tensor:
    """[min(n, d), d] for [n, d]: an orthogonal factor changes no singular value."""
    return torch.linalg.qr(rows, mode="r").R if len(rows) > rows.shape[1] else rows


def split_half_floor(features: Tensor, seed: int = 0) -> float:
    """What the distance is between two halves of one set, [n, d], drawn by lot: the mean of 20 draws.

    With far fewer pictures than features most of a distance is this. Two runs on the same set may be compared all the same,
    for there each picture stands beside itself.
    """
    random, half = np.random.default_rng(seed), len(features) // 2
    draws = (random.permutation(len(features)) for _ in range(_SPLITS))
    halves = ((features[draw[:half]], features[draw[half : 2 * half]]) for draw in draws)
    return float(np.mean([frechet_distance(one, other) for one, other in halves]))


def _centred(features: Tensor) -> Tensor:
    centred: Tensor = (features - features.mean(0)) / max(len(features) - 1, 1) ** 0.5
    return centred
