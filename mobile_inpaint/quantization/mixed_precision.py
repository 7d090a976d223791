"""Which layers stay in floating point: as few as keep the fills of an 8-bit artifact within given bounds.

First each group of layers is made integers alone, and what that does to the fills is its sensitivity. Then the groups that
hurt most for what they cost stay float, more and more of them, until the bounds hold; at last each of those is put back if
the bounds hold without it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mobile_inpaint import documents, files, schema
from mobile_inpaint.artifact import HoleSize
from mobile_inpaint.checkpoints import store
from mobile_inpaint.data.quality_photos import QualityCase
from mobile_inpaint.defaults import MAX_RISE_FREE, MAX_RISE_OBJECT
from mobile_inpaint.errors import ExportError
from mobile_inpaint.evaluation.quality import drop
from mobile_inpaint.evaluation.quality_reference import QualityReference, filled
from mobile_inpaint.models.base import Generator
from mobile_inpaint.photo.image import Fill, Pixels
from mobile_inpaint.targets.layers import layer_calls

SENSITIVITY_CROPS = 6
"""Of each size of hole that is looked at; the distance to another fill of the same network is a steady figure."""
SENSITIVITY_WEIGHTS: dict[HoleSize, float] = {"thin": 1.0, "object": 1.0, "large": MAX_RISE_OBJECT / MAX_RISE_FREE}
"""Free-form holes count as much less as more is allowed there. Small ones show little."""

Make = Callable[[tuple[str, ...]], tuple[Fill, int]]
"""Given names of float layers: the artifact loaded, and its size in bytes."""
Speed = Callable[[Fill], float]
"""How many times as fast as the all-float file a Fill is."""
Advance = Callable[[int, int, str], None]
"""Is told how much of how much is done, and what comes next."""


@dataclass(frozen=True)
class Group:
    """Layers that go together, as a separable convolution's two do.

    Attributes:
        name: the module that they are the parts of.
        layers: their names.
        work: their share of all values that the network's layers compute.
        weights: their share of the layers' weights, which four bytes hold in a float and one in an integer.
        sensitivity: mean LPIPS from the fills of the file whose layers are all float, when these alone are integers, by
            :data:`SENSITIVITY_WEIGHTS`.
    """

    name: str
    layers: tuple[str, ...]
    work: float
    weights: float
    sensitivity: float = float("nan")

    @property
    def harm_for_cost(self) -> float:
        """What leaving it in floating point is worth: sensitivity over the time and the bytes that this costs."""
        return self.sensitivity / (self.work + self.weights)


@dataclass(frozen=True)
class Mix:
    """One choice, measured.

    Attributes:
        float_groups: groups that stay float.
        rise_object, rise_free: mean rise of LPIPS to the truth over the generator's, on object-sized and free-form holes.
        rise_smaller: the larger of those on thin strokes and on small holes; None where the others miss their bounds already.
        bytes: size of the artifact.
        float_work: share of the network's values that are computed in floating point.
        speed: how many times as fast as the all-float file, in turn on this machine; None where it cannot be run here.
    """

    float_groups: tuple[str, ...]
    rise_object: float
    rise_free: float
    rise_smaller: float | None
    bytes: int
    float_work: float
    speed: float | None

    @property
    def rises(self) -> str:
        """All of them, to be read."""
        smaller = "" if self.rise_smaller is None else f", {self.rise_smaller:+.4f} smaller"
        return f"{self.rise_object:+.4f} object{smaller}, {self.rise_free:+.4f} free-form"


@dataclass(frozen=True)
class Search:
    """What was looked at and what was found.

    Attributes:
        max_rise_object, max_rise_free: the bounds, on holes up to an object's size and on free-form ones.
        groups: with their sensitivities, in the order of the network.
        mixes: every choice that was measured, in that order.
        chosen: the one that keeps the bounds with the least work in floating point.
    """

    max_rise_object: float
    max_rise_free: float
    groups: tuple[Group, ...]
    mixes: tuple[Mix, ...]
    chosen: Mix

    @property
    def float_layers(self) -> tuple[str, ...]:
        """Names of the layers that stay float."""
        return _layers(self.groups, self.chosen.float_groups)


def groups_of(network: Generator) -> list[Group]:
    """The network's convolutions in the order in which they run, those of one block together.

    Args:
        network: fused.
    """
    calls = layer_calls(network)
    sizes = {name: call.values for name, call in calls.items()}
    held = {name: math.prod(call.weight_shape) for name, call in calls.items()}
    siblings = Counter(name.rpartition(".")[0] for name in sizes)
    grouped: dict[str, list[str]] = {}
    for name in sizes:
        block = name.rpartition(".")[0]
        grouped.setdefault(block if siblings[block] > 1 else name, []).append(name)

    def share(of: dict[str, int], names: list[str]) -> float:
        return sum(of[name] for name in names) / sum(of.values())

    return [Group(name, tuple(own), share(sizes, own), share(held, own)) for name, own in grouped.items()]


def search(
    network: Generator,
    make: Make,
    reference: QualityReference,
    bounds: tuple[float, float],
    identity: str,
    speed: Speed | None = None,
    advance: Advance = lambda *_: None,
) -> Search:
    """The mix for ``bounds``. What was measured is kept, so that a search that was stopped goes on where it was.

    Args:
        network: fused, as it is quantized.
        make: quantizes.
        reference: the generator's fills; all of its object-sized and free-form cases are measured for each mix, the others for
            those that keep the bounds there.
        bounds: what LPIPS may rise by on holes up to an object's size and on free-form ones; as artifacts are judged.
        identity: of everything else that decides the figures: weights, target, versions, settings.
        speed: times each mix; it decides nothing, for times are not the same twice.
        advance: told how far it is.

    Raises:
        ExportError: no mix keeps the bounds.
    """
    measured = _Measured(network, make, reference, bounds, identity, speed)
    groups = measured.sensitivities(advance)
    by_harm = sorted(groups, key=lambda group: (-group.harm_for_cost, group.name))
    order = [group.name for group in by_harm]
    rounds = len(order).bit_length() + 1

    def keeps(count: int) -> bool:
        return measured.keeps(order[:count])

    low, high, step = 0, len(order), 0
    advance(0, rounds, "all layers int8")
    if keeps(0):
        high = 0
    while high - low > 1:
        step += 1
        middle = (low + high) // 2
        advance(step, rounds, f"{middle} of {len(order)} groups float")
        low, high = (low, middle) if keeps(middle) else (middle, high)
    if high == len(order):
        nearest = measured.mix(order[: high - 1])
        raise ExportError(
            f"no mix keeps LPIPS within +{bounds[0]:g} (up to an object's size), +{bounds[1]:g} (free-form): with all but "
            f"one of {len(order)} groups float it rises by {nearest.rises}; allow more with --max-drop, or export fp16"
        )
    chosen = order[:high]
    for done, name in enumerate(reversed(order[:high])):
        advance(done, high, f"without {name}")
        fewer = [other for other in chosen if other != name]
        if measured.keeps(fewer):
            chosen = fewer
    return Search(*bounds, tuple(groups), tuple(measured.mixes), measured.mix(chosen))


@dataclass(frozen=True)
class _Kept:
    """What a search left on disk: figures by what was measured."""

    figures: dict[str, tuple[float, ...]]


class _Measured:
    """Figures, computed when first asked for and kept on disk."""

    def __init__(
        self,
        network: Generator,
        make: Make,
        reference: QualityReference,
        bounds: tuple[float, float],
        identity: str,
        speed: Speed | None,
    ) -> None:
        self._make = functools.lru_cache(maxsize=1)(make)  # what was just made is asked for again where it keeps the bounds
        self._reference, self._bounds, self._speed = reference, bounds, speed
        self._groups = groups_of(network)
        key = hashlib.sha256(f"{identity} {reference.cases.name} {len(reference.entries)}".encode()).hexdigest()
        self._path = store.home() / "cache" / f"mixed-{key[:16]}.json"
        self._kept = self._read()
        self.mixes: list[Mix] = []

    def sensitivities(self, advance: Advance) -> list[Group]:
        found = []
        for done, group in enumerate(self._groups):
            advance(done, len(self._groups), f"sensitivity of {group.name}")
            (value,) = self._once(f"{group.name} alone by size", lambda group=group: self._alone(group))  # type: ignore[misc]
            found.append(replace(group, sensitivity=round(value, 6)))
        return found

    def keeps(self, float_groups: Sequence[str]) -> bool:
        smaller = self.mix(float_groups).rise_smaller
        return smaller is not None and smaller <= self._bounds[0]

    def mix(self, float_groups: Sequence[str]) -> Mix:
        names = tuple(sorted(float_groups))
        rise_object, rise_free, size, *speed = self._once(" ".join(("mix", *names)), lambda: self._together(names))
        smaller = None
        if rise_object <= self._bounds[0] and rise_free <= self._bounds[1]:
            smaller = max(self._once(" ".join(("smaller", *names)), lambda: self._smaller(names)))
        mix = Mix(
            float_groups=names,
            rise_object=round(rise_object, 6),
            rise_free=round(rise_free, 6),
            rise_smaller=None if smaller is None else round(smaller, 6),
            bytes=int(size),
            float_work=round(sum(group.work for group in self._groups if group.name in names), 6),
            speed=round(speed[0], 3) if speed else None,
        )
        if mix not in self.mixes:
            self.mixes.append(mix)
        return mix

    @functools.cached_property
    def _all_float(self) -> list[tuple[QualityCase, Pixels]]:
        """Cases, and the fills of the file whose layers are all float.

        Not the generator's fills: integers drop faint noise and equalize first, and what that does to a fill would hide what
        one layer does.
        """
        fill, _ = self._make(tuple(name for group in self._groups for name in group.layers))
        photos = self._reference.only(tuple(SENSITIVITY_WEIGHTS), SENSITIVITY_CROPS).by_photo()
        return [(case, filled(fill, case)) for photo in photos for case in photo.cases]

    def _alone(self, group: Group) -> list[float]:
        fill, _ = self._make(tuple(name for other in self._groups if other is not group for name in other.layers))
        judge, weighed = self._reference.judge, list[float]()
        for case, expected in self._all_float:
            weighed += [SENSITIVITY_WEIGHTS[case.slice] * distance for distance in judge.lpips(expected, [filled(fill, case)])]
        return [float(np.mean(weighed))]

    def _together(self, names: Sequence[str]) -> list[float]:
        fill, size = self._make(_layers(self._groups, names))
        return [*drop(fill, self._reference), size, *([self._speed(fill)] if self._speed else [])]

    def _smaller(self, names: Sequence[str]) -> list[float]:
        fill, _ = self._make(_layers(self._groups, names))
        return [drop(fill, self._reference, [slice])[0] for slice in ("thin", "small")]

    def _once(self, key: str, compute: Callable[[], list[float]]) -> list[float]:
        if key not in self._kept:
            self._kept[key] = compute()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            files.write_whole(self._path, json.dumps(self._kept))
        return self._kept[key]

    def _read(self) -> dict[str, list[float]]:
        try:
            kept = schema.load(_Kept, {"figures": documents.read_json(self._path, ExportError)}, self._path.name, ExportError)
        except ExportError:  # not there, or damaged: measured anew
            return {}
        return {key: list(values) for key, values in kept.figures.items() if values}


def save(found: Search, path: Path) -> None:
    """Writes the search as JSON."""
    files.write_whole(path, json.dumps(schema.dump(found), indent=2) + "\n")


def _layers(groups: Sequence[Group], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(layer for group in groups if group.name in names for layer in group.layers)
