"""An evaluation as JSON, and as the tables that its Markdown and its HTML page have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from mobile_inpaint.evaluation.evaluate import PHOTO, Evaluation
from mobile_inpaint.evaluation.figures import KINDS
from mobile_inpaint.metrics.bootstrap import Interval
from mobile_inpaint.metrics.distribution import SetFeatures

FEWEST = 10
"""Photos that a 95 % interval is drawn from."""
_RATIOS = ("lpips", "lpips_hole", "lpips_vgg", "dists")
"""Distances to the photo, of which a ratio says something."""


class Table(NamedTuple):
    """A table: title, column heads, and lines of cells, the first of each naming the line."""

    title: str
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]


def tables(evaluation: Evaluation, features: SetFeatures) -> list[Table]:
    """Means with intervals, the first candidate beside each other one, and figures of sets, by kind of hole."""
    made = []
    for kind in evaluation.kinds:
        made.append(_means(evaluation, kind))
        made += [_versus(evaluation, kind, other) for other in evaluation.names[1:]]
        made.append(_sets(evaluation, kind, features))
    return made


def means(evaluation: Evaluation) -> list[Table]:
    """The first table alone of each kind of hole."""
    return [_means(evaluation, kind) for kind in evaluation.kinds]


def legend(evaluation: Evaluation) -> list[str]:
    """A line about each figure."""
    return [f"{KINDS[name].title}: {KINDS[name].meaning} ({KINDS[name].better})" for name in evaluation.figures]


def headline(evaluation: Evaluation) -> list[str]:
    """A sentence for each kind of hole and other candidate: the ratio of LPIPS."""
    lines = []
    for kind in evaluation.kinds:
        for other in evaluation.names[1:]:
            versus = evaluation.versus(kind, other, "lpips")
            ratio = _ratio(versus.ratio, versus.ratio_interval if _has_intervals(evaluation, kind) else None)
            lines.append(f"{kind} holes: LPIPS of {evaluation.names[0]} is {ratio} times that of {other}")
    return lines


def document(evaluation: Evaluation, features: SetFeatures) -> dict[str, Any]:
    """Every figure of every fill, and what was derived from them, for ``json``."""
    return {
        "photos": evaluation.photos,
        "size_px": evaluation.size_px,
        "seed": evaluation.seed,
        "candidates": [{"name": one.name, **one.facts} for one in evaluation.candidates],
        "kinds": {kind: _kind(evaluation, kind, features) for kind in evaluation.kinds},
        "rows": [
            {"photo": row.photo, "kind": row.kind, "share": round(row.share, 5), "candidate": row.candidate}
            | {name: round(value, 6) for name, value in row.figures.items()}
            for row in evaluation.rows
        ],
    }


def _kind(evaluation: Evaluation, kind: str, features: SetFeatures) -> dict[str, Any]:
    first, *others = evaluation.names
    return {
        "photos": len(evaluation.values(kind, first, "lpips")),
        "means": {
            name: {figure: evaluation.mean(kind, name, figure)._asdict() for figure in evaluation.figures}
            for name in (PHOTO, *evaluation.names)
        },
        f"{first} versus": {
            other: {
                figure: {
                    key: value
                    for key, value in evaluation.versus(kind, other, figure)._asdict().items()
                    if figure in _RATIOS or not key.startswith("ratio")
                }
                for figure in evaluation.figures
            }
            for other in others
        },
        "sets": {
            name: {
                features.distance: figures.distance,
                "split-half floor": figures.floor,
                "P-IDS": figures.scores and figures.scores.paired,
                "U-IDS": figures.scores and figures.scores.unpaired,
            }
            for name in evaluation.names
            for figures in [evaluation.sets[kind, name]]
        },
    }


def rounded(value: float, digits: int, sign: Literal["", "+"] = "") -> str:
    """``value`` with so many digits behind the point, and never as a negative zero."""
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}"


def _has_intervals(evaluation: Evaluation, kind: str) -> bool:
    return len(evaluation.values(kind, PHOTO, "lpips")) >= FEWEST


def _means(evaluation: Evaluation, kind: str) -> Table:
    photos = len(evaluation.values(kind, PHOTO, "lpips"))
    sure = _has_intervals(evaluation, kind)
    lines = []
    for name in (PHOTO, *evaluation.names):
        cells = [name]
        for figure in evaluation.figures:
            mean = evaluation.mean(kind, name, figure)
            digits = KINDS[figure].digits
            cells.append(_with_interval(mean.mean, mean.interval, digits) if sure else rounded(mean.mean, digits))
        lines.append(cells)
    intervals = "and 95 % intervals" if sure else f"only; intervals need {FEWEST} photos"
    title = f"{kind} holes, {photos} photos: means {intervals}"
    return Table(title, ["", *(KINDS[name].title for name in evaluation.figures)], lines)


def _versus(evaluation: Evaluation, kind: str, other: str) -> Table:
    lines, sure = [], _has_intervals(evaluation, kind)
    for figure in evaluation.figures:
        versus, digits = evaluation.versus(kind, other, figure), KINDS[figure].digits
        low, high = (rounded(value, digits, "+") for value in versus.difference_interval)
        ratio = _ratio(versus.ratio, versus.ratio_interval if sure else None) if figure in _RATIOS else ""
        difference = rounded(versus.difference, digits, "+") + (f" ({low} to {high})" if sure else "")
        lines.append([KINDS[figure].title, difference, ratio])
    return Table(f"{kind} holes: {evaluation.names[0]} beside {other}, photo by photo", ["", "difference", "ratio"], lines)


def _sets(evaluation: Evaluation, kind: str, features: SetFeatures) -> Table:
    lines = []
    for name in evaluation.names:
        figures = evaluation.sets[kind, name]
        scores = [f"{score:.3f}" for score in figures.scores] if figures.scores else ["too few photos"] * 2
        lines.append([name, f"{figures.distance:.4g}", f"{figures.floor:.4g}", *scores])
    return Table(f"{kind} holes: the set as a whole", ["", features.distance, "split-half floor", "P-IDS", "U-IDS"], lines)


def _with_interval(value: float, interval: Interval, digits: int) -> str:
    low, high = (rounded(bound, digits) for bound in interval)
    return rounded(value, digits) if low == high else f"{rounded(value, digits)} ({low} to {high})"


def _ratio(value: float, interval: Interval | None) -> str:
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
