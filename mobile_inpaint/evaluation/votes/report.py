"""A tally as tables, and as JSON."""

from __future__ import annotations

import math
from typing import Any

from mobile_inpaint import schema
from mobile_inpaint.evaluation.report.tables import Table
from mobile_inpaint.evaluation.votes.tally import Tally
from mobile_inpaint.metrics.bootstrap import Interval


def tally_tables(found: Tally) -> list[Table]:
    """The scores, then each figure's agreement with the votes."""
    about = f"{found.votes} votes on {found.photos} photos by {_counted(found.voters, 'voter')}"
    scores = [
        [
            score.system,
            f"{score.strength:+.2f} {_between(score.interval, '+.2f')}",
            f"{score.preferred:.0%} {_between(score.preferred_interval, '.0%')}",
            f"{score.wins}/{score.ties}/{score.losses}",
        ]
        for score in found.scores
    ]
    made = [Table(f"{about}: scores and 95 % intervals", ["", "log odds", "preferred to the mean", "won/tied/lost"], scores)]
    if found.agreements:
        lines = [
            [
                one.title,
                one.better,
                f"{one.accuracy:.0%} {_between(one.accuracy_interval, '.0%')}",
                f"{one.tau:+.2f} {_between(one.tau_interval, '+.2f')}" if math.isfinite(one.tau) else "-",
                f"{one.systems_tau:+.2f}" if math.isfinite(one.systems_tau) else "-",
            ]
            for one in found.agreements
        ]
        heads = ["", "better", "same choice", "tau, pairs", "tau, systems"]
        made.append(Table("Agreement of each figure with the votes", heads, lines))
    return made


def tally_document(found: Tally) -> dict[str, Any]:
    """Everything, for ``json``; a number that does not exist is null."""
    document: dict[str, Any] = _without_nan(schema.dump(found))
    return document


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _between(interval: Interval, form: str) -> str:
    low, high = interval
    return f"({low:{form}} to {high:{form}})" if math.isfinite(low) else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
