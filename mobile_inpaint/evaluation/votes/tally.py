"""What follows from votes: a score for each system, and how far each figure agrees with the votes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.votes.vote_file import VoteFile
from mobile_inpaint.metrics import bradley_terry
from mobile_inpaint.metrics.agreement import accuracy_of_signs, kendall_tau, tau_of_signs
from mobile_inpaint.metrics.bootstrap import RESAMPLES, Interval
from mobile_inpaint.quoting import listed

_PERCENTILES = (2.5, 97.5)
_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """Of one system.

    Attributes:
        system: by name.
        strength: in natural log odds, see :func:`~mobile_inpaint.metrics.bradley_terry.fit`; those of all systems add up to 0.
        interval: its 95 % bootstrap interval.
        preferred: how often it is preferred to a system of mean strength, a tie being half, 0 to 1.
        preferred_interval: its 95 % bootstrap interval.
        wins, ties, losses: votes as they were given.
    """

    system: str
    strength: float
    interval: Interval
    preferred: float
    preferred_interval: Interval
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class Agreement:
    """Of one figure with the votes.

    Attributes:
        figure: by name.
        title: for people.
        better: ``less``, ``more``, or ``like the photo``: then nearer to the photo's own value is better.
        accuracy: of the votes that are no ties, the share for which the figure prefers the same fill; equal figures are half.
        accuracy_interval: its 95 % bootstrap interval.
        tau: Kendall's tau-b over the voted pairs.
        tau_interval: its 95 % bootstrap interval.
        systems_tau: Kendall's tau-b of the systems' mean figures with their scores; NaN where either has no order.
    """

    figure: str
    title: str
    better: str
    accuracy: float
    accuracy_interval: Interval
    tau: float
    tau_interval: Interval
    systems_tau: float


@dataclass(frozen=True)
class Tally:
    """The result.

    Attributes:
        photos, voters, votes: how many.
        scores: the strongest first.
        tie_parameter: see :func:`~mobile_inpaint.metrics.bradley_terry.fit`.
        agreements: the highest accuracy first; empty where every vote is a tie.
    """

    photos: int
    voters: int
    votes: int
    scores: tuple[Score, ...]
    tie_parameter: float
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True)
class _Ballots:
    """Every vote: [n] each, first system < second; the choice is 1 for the first, -1 for the second, 0 for a tie."""

    photo: npt.NDArray[np.int64]
    voter: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    choice: npt.NDArray[np.int64]


def tally(files: Sequence[VoteFile]) -> Tally:
    """Scores and agreements out of the votes of one or more files.

    A resample of the bootstrap draws the photos anew and, where there are several, the voters, both with replacement; a vote
    counts as often as its photo was drawn times as often as its voter was. Votes on one photo, or by one person, are thus never
    taken for independent.

    Raises:
        TrainingError: the votes do not connect all systems.

    Source: Owen, The pigeonhole bootstrap (2007), for drawing two things at once.
    """
    systems, ballots = files[0].systems, _ballots(files)
    weights = np.concatenate([np.ones((1, len(ballots.choice))), _resampled(ballots)])
    counts = _counts(ballots, len(systems), weights)
    groups = bradley_terry.connected(counts[0], len(systems))
    if len(groups) > 1:
        apart = " / ".join(listed(systems[one] for one in sorted(group)) for group in sorted(groups, key=min))
        raise TrainingError(f"no vote connects these systems with each other: {apart}; collect votes on more pairs")
    found = bradley_terry.fit(counts, len(systems))
    scores = _scores(systems, ballots, found)
    return Tally(
        len(set(ballots.photo.tolist())),
        len({file.voter for file in files if file.votes}),
        len(ballots.choice),
        tuple(sorted(scores, key=lambda score: -score.strength)),
        float(found[0, -1]),
        _agreements(files, ballots, found[0, :-1], weights) if ballots.choice.any() else (),
    )


def _ballots(files: Sequence[VoteFile]) -> _Ballots:
    photos = dict[tuple[str, str], int]()
    voters = dict[str, int]()
    lines = []
    for file in files:
        for vote in file.votes:
            photo = photos.setdefault((file.photos, file.cases[vote.case].photo), len(photos))
            voter = voters.setdefault(file.voter, len(voters))
            choice = {"left": 1, "none": 0, "right": -1}[vote.choice]
            ordered = vote.left < vote.right
            pair = (vote.left, vote.right) if ordered else (vote.right, vote.left)
            lines.append((photo, voter, *pair, choice if ordered else -choice))
    return _Ballots(*np.array(lines).T)


def _resampled(ballots: _Ballots) -> _Numbers:
    """How often each vote counts in each resample, [resamples, votes]; none of them is without a vote."""
    random = np.random.default_rng(0)
    weights = np.ones((RESAMPLES, len(ballots.choice)))
    for owner in (ballots.photo, ballots.voter):
        number = int(owner.max()) + 1
        if number > 1:
            weights *= random.multinomial(number, np.full(number, 1 / number), RESAMPLES)[:, owner]
    return weights[weights.any(axis=1)]


def _counts(ballots: _Ballots, systems: int, weights: _Numbers) -> _Numbers:
    """By resample, pair and outcome."""
    places = {pair: place for place, pair in enumerate(bradley_terry.pairs_of(systems))}
    outcome = np.select([ballots.choice > 0, ballots.choice < 0], [0, 1], 2)
    cells = np.array([places[pair] for pair in zip(ballots.first.tolist(), ballots.second.tolist(), strict=True)]) * 3 + outcome
    member = np.zeros((len(cells), len(places) * 3))
    member[np.arange(len(cells)), cells] = 1
    return (weights @ member).reshape(len(weights), len(places), 3)


def _scores(systems: Sequence[str], ballots: _Ballots, found: _Numbers) -> list[Score]:
    strengths, shares = found[:, :-1], bradley_terry.preferred(found)
    scores = []
    for place, name in enumerate(systems):
        own = np.where(ballots.first == place, ballots.choice, -ballots.choice)[
            (ballots.first == place) | (ballots.second == place)
        ]
        scores.append(
            Score(
                name,
                float(strengths[0, place]),
                _interval(strengths[1:, place]),
                float(shares[0, place]),
                _interval(shares[1:, place]),
                int((own > 0).sum()),
                int((own == 0).sum()),
                int((own < 0).sum()),
            )
        )
    return scores


def _agreements(files: Sequence[VoteFile], ballots: _Ballots, strengths: _Numbers, weights: _Numbers) -> tuple[Agreement, ...]:
    made, choices = [], ballots.choice.astype(np.float64)
    for name, facts in files[0].figures.items():
        cases = [[_badness(case.figures[name], facts.better) for case in file.cases] for file in files]
        voted = np.array([cases[place][vote.case] for place, file in enumerate(files) for vote in file.votes])
        rows = np.arange(len(voted))
        signs = np.sign(voted[rows, ballots.second] - voted[rows, ballots.first])
        accuracy, tau = (measure(choices, signs, weights) for measure in (accuracy_of_signs, tau_of_signs))
        means = np.concatenate([np.array(own) for own in cases]).mean(axis=0)
        made.append(
            Agreement(
                name,
                facts.title,
                facts.better,
                float(accuracy[0]),
                _interval(accuracy[1:]),
                float(tau[0]),
                _interval(tau[1:]),
                kendall_tau(-means, strengths),
            )
        )
    return tuple(sorted(made, key=lambda one: -one.accuracy))


def _badness(values: Sequence[float], better: str) -> _Numbers:
    """Of each system, less being better."""
    photo, own = values[0], np.array(values[1:])
    return {"less": own, "more": -own}.get(better, np.abs(own - photo))


def _interval(values: _Numbers) -> Interval:
    kept = values[np.isfinite(values)]
    if not len(kept):
        return math.nan, math.nan
    low, high = np.percentile(kept, _PERCENTILES)
    return float(low), float(high)
