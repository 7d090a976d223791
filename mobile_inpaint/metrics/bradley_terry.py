"""Scores of systems from votes on pairs: the Bradley-Terry model with ties as Davidson models them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from mobile_inpaint.metrics.bootstrap import Floats

OUTCOMES = ("first", "second", "tie")
"""Of one comparison: the last axis of the counts."""
PRIOR = 3.0
"""Standard deviation of the prior of every parameter, in natural log odds."""
_MOST_STEPS = 200
_LONGEST_STEP = 1.0
_CLOSE = 1e-9


def pairs_of(systems: int) -> list[tuple[int, int]]:
    """The pairs (first, second) of so many systems, first < second, in the order of the counts."""
    return list(combinations(range(systems), 2))


def fit(counts: Floats, systems: int) -> npt.NDArray[np.float64]:
    """The parameters that explain the counts best: strengths that add up to 0, then the tie parameter, [..., systems + 1].

    For systems i and j with strengths b_i and b_j, in natural log odds, and the tie parameter v::

        P(i wins) : P(j wins) : P(tie) = exp(b_i) : exp(b_j) : exp(v + (b_i + b_j) / 2)

    Without ties this is the Bradley-Terry model. A tie pulls both systems together; it does not count as half a win. A normal
    prior of deviation `PRIOR` keeps the strength of a system finite that won, or lost, every comparison; among a hundred votes
    it changes nothing that can be seen. The logarithm of the posterior is concave, so that Newton's method finds its maximum.

    Args:
        counts: [..., pairs, 3], how often each of `OUTCOMES` came, in the order of :func:`pairs_of`.
        systems: how many, at least 2.

    Source: Davidson, On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison Experiments (1970).
    """
    design = _design(systems)
    batch = counts.shape[:-2]
    found = np.zeros((int(np.prod(batch)), systems + 1))
    flat = np.asarray(counts, np.float64).reshape(len(found), -1, len(OUTCOMES))
    games = flat.sum(-1, keepdims=True)
    stiffness = np.eye(systems + 1) / PRIOR**2
    squares = np.einsum("pok,pol->pokl", design, design).reshape(-1, (systems + 1) ** 2)
    for _ in range(_MOST_STEPS):
        chances = _chances(found, design)
        slope = np.einsum("bpo,pok->bk", flat - games * chances, design) - found / PRIOR**2
        if np.abs(slope).max(initial=0) < _CLOSE * max(1.0, float(games.max(initial=0))):
            break
        means = np.einsum("bpo,pok->bpk", chances, design)
        curvature = ((games * chances).reshape(len(found), -1) @ squares).reshape(-1, systems + 1, systems + 1)
        curvature -= (games * means).swapaxes(1, 2) @ means
        step = np.linalg.solve(curvature + stiffness, slope[..., None])[..., 0]
        longest = np.abs(step).max(-1, keepdims=True)
        found += step * np.minimum(1, _LONGEST_STEP / np.maximum(longest, _LONGEST_STEP))
    return found.reshape(*batch, systems + 1)


def chances(parameters: Floats, systems: int) -> npt.NDArray[np.float64]:
    """What the model expects of each pair, [..., pairs, 3] as in `OUTCOMES`, from the parameters of :func:`fit`."""
    flat = np.asarray(parameters, np.float64).reshape(-1, systems + 1)
    return _chances(flat, _design(systems)).reshape(*parameters.shape[:-1], -1, len(OUTCOMES))


def preferred(parameters: Floats) -> npt.NDArray[np.float64]:
    """How often each system is preferred to one of mean strength, a tie being half: [..., systems] in [0,1]."""
    strengths, ties = parameters[..., :-1], parameters[..., -1:]
    win, loss, tie = np.exp(strengths / 2), np.exp(-strengths / 2), np.exp(ties)
    found: npt.NDArray[np.float64] = (win + tie / 2) / (win + loss + tie)
    return found


def connected(counts: Floats, systems: int) -> list[set[int]]:
    """The groups of systems that votes connect, directly or through others; only inside a group can strengths be compared."""
    groups = [{one} for one in range(systems)]
    for (first, second), votes in zip(pairs_of(systems), counts.sum(-1), strict=True):
        if votes > 0:
            joined = next(group for group in groups if first in group) | next(group for group in groups if second in group)
            groups = [joined, *(group for group in groups if not group & joined)]
    return groups


def _design(systems: int) -> npt.NDArray[np.float64]:
    """By pair and outcome, what multiplies each parameter in the outcome's log weight: [pairs, 3, systems + 1]."""
    pairs = pairs_of(systems)
    design = np.zeros((len(pairs), len(OUTCOMES), systems + 1))
    for place, (first, second) in enumerate(pairs):
        design[place, 0, first] = design[place, 1, second] = 1
        design[place, 2, [first, second]] = 0.5
        design[place, 2, -1] = 1
    return design


def _chances(parameters: Floats, design: Floats) -> npt.NDArray[np.float64]:
    logits = np.einsum("bk,pok->bpo", parameters, design)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    found: npt.NDArray[np.float64] = weights / weights.sum(-1, keepdims=True)
    return found
