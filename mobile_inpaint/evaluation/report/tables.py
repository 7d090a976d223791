"""An evaluation as JSON, and as the tables that its Markdown and its HTML page have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mobile_inpaint.evaluation.evaluate import PHOTO, Evaluation
from mobile_inpaint.evaluation.figures import KINDS
from mobile_inpaint.metrics.bootstrap import Interval
from mobile_inpaint.metrics.distribution import SetFeatures

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


def legend(evaluation: Evaluation) -> list[str]:
    """A line about each figure."""
    return [f"{KINDS[name].title}: {KINDS[name].meaning} ({KINDS[name].better})" for name in evaluation.figures]


def headline(evaluation: Evaluation) -> list[str]:
    """A sentence for each kind of hole and other candidate: the ratio of LPIPS."""
    return [
        f"{kind} holes: LPIPS of {evaluation.names[0]} is {_ratio(versus.ratio, versus.ratio_interval)} times that of {other}"
        for kind in evaluation.kinds
        for other in evaluation.names[1:]
        for versus in [evaluation.versus(kind, other, "lpips")]
    ]


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


def _means(evaluation: Evaluation, kind: str) -> Table:
    photos = len(evaluation.values(kind, PHOTO, "lpips"))
    lines = []
    for name in (PHOTO, *evaluation.names):
        cells = [name]
        for figure in evaluation.figures:
            mean = evaluation.mean(kind, name, figure)
            cells.append(_with_interval(mean.mean, mean.interval, KINDS[figure].digits))
        lines.append(cells)
    title = f"{kind} holes, {photos} photos: means and 95 % intervals"
    return Table(title, ["", *(KINDS[name].title for name in evaluation.figures)], lines)


def _versus(evaluation: Evaluation, kind: str, other: str) -> Table:
    lines = []
    for figure in evaluation.figures:
        versus, digits = evaluation.versus(kind, other, figure), KINDS[figure].digits
        low, high = (f"{value:+.{digits}f}" for value in versus.difference_interval)
        ratio = _ratio(versus.ratio, versus.ratio_interval) if figure in _RATIOS else ""
        lines.append([KINDS[figure].title, f"{versus.difference:+.{digits}f} ({low} to {high})", ratio])
    return Table(f"{kind} holes: {evaluation.names[0]} beside {other}, photo by photo", ["", "difference", "ratio"], lines)


def _sets(evaluation: Evaluation, kind: str, features: SetFeatures) -> Table:
    lines = []
    for name in evaluation.names:
        figures = evaluation.sets[kind, name]
        scores = [f"{score:.3f}" for score in figures.scores] if figures.scores else ["too few photos"] * 2
        lines.append([name, f"{figures.distance:.4g}", f"{figures.floor:.4g}", *scores])
    return Table(f"{kind} holes: the set as a whole", ["", features.distance, "split-half floor", "P-IDS", "U-IDS"], lines)


def _with_interval(value: float, interval: Interval, digits: int) -> str:
    low, high = (f"{bound:.{digits}f}" for bound in interval)
    return f"{value:.{digits}f}" if low == high else f"{value:.{digits}f} ({low} to {high})"


def _ratio(value: float, interval: Interval) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
