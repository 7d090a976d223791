"""Fills held against photos whose truth is known: several fillers, the same squares, the same holes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.cases import Case, Cases
from mobile_inpaint.evaluation.figures import KINDS, Judge
from mobile_inpaint.metrics.bootstrap import Interval, interval, ratio_interval
from mobile_inpaint.metrics.distribution import SetFeatures, SetFigures, set_figures
from mobile_inpaint.photo.image import Fill, Pixels, to_image, to_pixels
from mobile_inpaint.photo.mask import Hole

Looked = Callable[[Case, Sequence[Pixels]], None]
"""Told of each case and of all fills of it, in the order of the candidates."""

Filler = Callable[[Pixels, Hole], Pixels]
"""``filler(pixels, hole) -> pixels``: HWC uint8 RGB and HW bool, True = fill."""

PHOTO = "the photo itself"
"""Whose own figures stand beside the fills': seams and texture are there in any photo."""


@dataclass(frozen=True)
class Candidate:
    """What is judged.

    Attributes:
        name: short, of its own among those compared.
        fill: what makes the fills.
        facts: what else is known of it (runtime, sha256, licence), for the report.
        network: the Fill of squares behind ``fill``, where there is one.
    """

    name: str
    fill: Filler
    facts: Mapping[str, str] = field(default_factory=dict)
    network: Fill | None = None


@dataclass(frozen=True)
class Row:
    """One fill.

    Attributes:
        photo, kind: of the case.
        share: of the square that is hole, 0 to 1.
        candidate: whose fill.
        figures: by the names in `KINDS`.
    """

    photo: str
    kind: str
    share: float
    candidate: str
    figures: Mapping[str, float]


class Mean(NamedTuple):
    """Of a figure over the photos, with its 95 % bootstrap interval."""

    mean: float
    interval: Interval


class Versus(NamedTuple):
    """Of a figure, the first candidate beside another on the same cases: difference and ratio of means, with intervals."""

    difference: float
    difference_interval: Interval
    ratio: float
    ratio_interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """Everything measured, and what it was measured on.

    Attributes:
        photos: the set, by name.
        kinds: of holes.
        size_px: side of the squares.
        seed: of their order and their holes.
        candidates: in the order asked for; the first is compared with each other one.
        rows: one for each fill, and each case's photo itself under the name `PHOTO`.
        sets: figures of sets, by kind of hole and candidate.
        insides: the fills' pixels in the hole, [n, 3] uint8, in the order of ``rows``; to draw them.
    """

    photos: str
    kinds: tuple[str, ...]
    size_px: int
    seed: int
    candidates: tuple[Candidate, ...]
    rows: tuple[Row, ...]
    sets: Mapping[tuple[str, str], SetFigures]
    insides: tuple[Pixels, ...] = field(repr=False, default=())

    @property
    def names(self) -> list[str]:
        """Of the candidates."""
        return [candidate.name for candidate in self.candidates]

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were measured."""
        return [name for name in KINDS if name in self.rows[0].figures]

    def values(self, kind: str, candidate: str, figure: str) -> list[float]:
        """The figure of each case of that kind, in the order of the photos."""
        return [row.figures[figure] for row in self.rows if row.kind == kind and row.candidate == candidate]

    def mean(self, kind: str, candidate: str, figure: str) -> Mean:
        """The figure's mean over the photos."""
        values = np.array(self.values(kind, candidate, figure))
        return Mean(float(values.mean()), interval(values))

    def versus(self, kind: str, other: str, figure: str) -> Versus:
        """The first candidate beside ``other``, photo by photo."""
        own, its = (np.array(self.values(kind, name, figure)) for name in (self.names[0], other))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio, spread = float(own.mean() / its.mean()), ratio_interval(own, its)
        return Versus(float((own - its).mean()), interval(own - its), ratio, spread)


def evaluate(
    candidates: Sequence[Candidate],
    cases: Cases,
    judge: Judge,
    features: SetFeatures,
    photos: str,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    looked: Looked | None = None,
) -> Evaluation:
    """The figures of every candidate's fill of every case.

    Args:
        candidates: at least one, each with a name of its own.
        cases: squares and holes.
        judge: the networks that judge.
        features: what figures of sets are taken on.
        photos: the set's name, for the report.
        progress: told what is looked at next, how many cases are done, and of how many.
        looked: told of each case and its fills; nobody is when None.

    Raises:
        TrainingError: two candidates of one name, a fill that is no picture, or no photo that can be read.
    """
    names = [PHOTO, *(candidate.name for candidate in candidates)]
    if len(set(names)) < len(names):
        raise TrainingError(f"two candidates have the same name: {', '.join(names[1:])}; rename a file")
    rows: list[Row] = []
    insides: list[Pixels] = []
    kept: dict[tuple[str, str], list[Tensor]] = {}
    for number, case in enumerate(cases):
        progress(f"{case.photo}, {case.kind}", number, len(cases))
        look = judge.look_at(case.truth, case.hole)
        fills = [_filled(one, case) for one in candidates]
        if looked is not None:
            looked(case, fills)
        for name, fill in zip(names, (case.truth, *fills), strict=True):
            scored = look.scored(fill) if name != PHOTO else look.photo
            rows.append(Row(case.photo, case.kind, float(case.hole.mean()), name, scored.figures))
            insides.append(fill[case.hole])
            kept.setdefault((case.kind, name), []).append(features.of(fill, scored.features))
    progress("comparing sets", len(cases), len(cases))
    stacked = {key: torch.stack(values) for key, values in kept.items()}
    sets = {
        (kind, name): set_figures(stacked[kind, name], stacked[kind, PHOTO], features)
        for kind, name in stacked
        if name != PHOTO
    }
    return Evaluation(photos, cases.kinds, cases.size_px, cases.seed, tuple(candidates), tuple(rows), sets, tuple(insides))


def of_network(fill: Fill) -> Filler:
    """A Fill of squares as a filler of bytes; known pixels come back as given."""
    return lambda pixels, hole: to_pixels(fill(to_image(pixels), hole[None, None].astype(np.float32)))


def _filled(candidate: Candidate, case: Case) -> Pixels:
    filled = candidate.fill(case.truth, case.hole)
    if filled.shape != case.truth.shape or filled.dtype != np.uint8:
        raise TrainingError(f"{candidate.name}: returned no picture of {case.hole.shape[0]} px for '{case.photo}'")
    return np.where(case.hole[..., None], filled, case.truth)
