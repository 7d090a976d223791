"""How well a figure orders what people have ordered: Kendall's tau, and the share of pairs in the same order."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mobile_inpaint.metrics.bootstrap import Floats


def kendall_tau(one: Floats, other: Floats) -> float:
    """Kendall's tau-b of two lists of values, [n]: 1 where both have the same order, -1 where the orders are reversed.

    NaN where all values of a list are equal.

    Source: Kendall, The treatment of ties in ranking problems (1945).
    """
    above = np.triu_indices(len(one), 1)
    signs = [np.sign(values[:, None] - values[None, :])[above] for values in (np.asarray(one), np.asarray(other))]
    return float(tau_of_signs(signs[0], signs[1], np.ones((1, len(signs[0]))))[0])


def tau_of_signs(votes: Floats, figures: Floats, weights: Floats) -> npt.NDArray[np.float64]:
    """Kendall's tau-b over given pairs, one for each line of weights; NaN where nothing is ordered.

    Args:
        votes: [n], 1 where the first of a pair is preferred, -1 where the second is, 0 for a tie.
        figures: [n], likewise by the figure.
        weights: [k, n], how much each pair counts.
    """
    ordered = (weights @ np.abs(votes)) * (weights @ np.abs(figures))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(ordered > 0, (weights @ (votes * figures)) / np.sqrt(ordered), math.nan)


def accuracy_of_signs(votes: Floats, figures: Floats, weights: Floats) -> npt.NDArray[np.float64]:
    """Of the pairs that the votes order, the share that the figure orders alike; equal figures are half right.

    The arguments are those of :func:`tau_of_signs`. NaN where the votes order nothing.
    """
    decided = weights @ np.abs(votes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(decided > 0, (weights @ (np.abs(votes) * (1 + votes * figures) / 2)) / decided, math.nan)
