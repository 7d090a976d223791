"""The ranges that 8 bits must cover, read off the values that a network's tensors take on photos."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Quantization

BINS = 1 << 12
"""Of a histogram from -limit to limit."""
TAKEN = 1 << 18
"""Values of one tensor that are counted per run, evenly spread; the largest and the smallest are always seen."""
LEVELS = 256
SHARES = np.linspace(0.25, 1.0, 76)
"""What is tried of the whole range, where a criterion decides."""
LOWER_SHARES = np.linspace(0.1, 1.0, 91)
"""The same of its negative part, where that counts for less."""

Range = tuple[float, float]


class Histogram:
    """Counts of values between -limit and limit; the limit is a power of two and doubles as often as need be."""

    def __init__(self) -> None:
        self.limit = 2.0**-20
        self.counts = np.zeros(BINS, np.int64)
        self.low, self.high = math.inf, -math.inf

    def add(self, values: npt.NDArray[Any]) -> None:
        """Counts ``values``; of a large array every n-th."""
        flat = values.ravel(order="K")
        if flat.size == 0:
            return
        low, high = float(flat.min()), float(flat.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        while max(-low, high) > self.limit:
            left, right = self.counts[: BINS // 2], self.counts[BINS // 2 :]
            middle = np.concatenate([left.reshape(-1, 2).sum(1), right.reshape(-1, 2).sum(1)])
            self.counts = np.pad(middle, BINS // 4)
            self.limit *= 2
        # an odd step, so that it does not fall in with the rows of a map whose side is a power of two
        taken = flat[:: (flat.size // TAKEN) | 1]
        self.counts += np.histogram(taken, BINS, (-self.limit, self.limit))[0]

    def range(self, settings: Quantization, slope: float = 1.0) -> Range:
        """The range that ``settings`` ask for; zero lies in it, for padding is zero.

        Args:
            settings: the method.
            slope: what negative values are multiplied by before anything reads them. Below 1 the range gives up as many of
                them as lowers the squared error of what is read; methods that keep every value keep these too.
        """
        low, high = min(self.low, 0.0), max(self.high, 0.0)
        if settings.ranges == "minmax":
            return low, high
        if settings.ranges == "percentile":
            low, high = self._percentile(settings.percentile, low, high)
        else:
            cost = self._squared_error if settings.ranges == "mse" else self._divergence
            share = min(SHARES[::-1], key=lambda share: cost(share * low, share * high))
            low, high = float(share * low), float(share * high)
        if slope < 1:
            low = float(min(LOWER_SHARES[::-1] * low, key=lambda low: self._squared_error(low, high, slope)))
        return low, high

    @property
    def _width(self) -> float:
        return 2 * self.limit / BINS

    @property
    def _centres(self) -> npt.NDArray[np.floating[Any]]:
        return (np.arange(BINS) + 0.5) * self._width - self.limit

    def _percentile(self, percentile: float, low: float, high: float) -> Range:
        total, tail = np.cumsum(self.counts), (1 - percentile / 100) / 2 * self.counts.sum()
        first = int(np.searchsorted(total, tail, side="right"))
        last = int(np.searchsorted(total, total[-1] - tail, side="left"))
        return max(low, min(first * self._width - self.limit, 0.0)), min(high, max((last + 1) * self._width - self.limit, 0.0))

    def _squared_error(self, low: float, high: float, slope: float = 1.0) -> float:
        clipped = np.clip(self._centres, low, high)
        step = (high - low) / (LEVELS - 1)
        weight = np.where(self._centres < 0, slope**2, 1)
        return float(self.counts @ (weight * ((self._centres - clipped) ** 2 + (clipped != 0) * step * step / 12)))

    def _divergence(self, low: float, high: float) -> float:
        """Kullback-Leibler, from the counts to what is left of them after clipping and rounding to levels."""
        clipped = np.clip(self._centres, low, high)
        seen = np.zeros(BINS)
        np.add.at(seen, np.clip(((clipped + self.limit) / self._width).astype(np.int64), 0, BINS - 1), self.counts)
        inside = (self._centres >= low) & (self._centres <= high)
        level = np.rint((clipped - low) / max((high - low) / (LEVELS - 1), 1e-30)).astype(np.int64)
        known = inside & (seen > 0)
        of_level = np.bincount(level[inside], self.counts[inside].astype(np.float64), LEVELS)
        width = np.bincount(level[known], minlength=LEVELS)
        told = np.where(known, of_level[level] / np.maximum(width[level], 1), 0)
        p, q = seen / seen.sum(), told / max(told.sum(), 1)
        return float(np.sum(np.where(p > 0, p * np.log(np.maximum(p, 1e-12) / np.maximum(q, 1e-12)), 0)))


class Ranges:
    """A histogram of every tensor it is shown; give it as ``see`` to :meth:`~mobile_inpaint.targets.base.Target.observe`.

    Args:
        slopes: of the leaky ReLU that a tensor goes through before anything else reads it, by name
            (:func:`~mobile_inpaint.targets.constraints.slopes`).
        shared: whose range a tensor takes as its own (:func:`~mobile_inpaint.targets.constraints.shared`).
    """

    def __init__(self, slopes: Mapping[str, float] | None = None, shared: Mapping[str, str] | None = None) -> None:
        self._of: dict[str, Histogram] = {}
        self._slopes, self._shared = slopes or {}, shared or {}

    def __call__(self, name: str, values: npt.NDArray[Any]) -> None:
        """Counts one run's values of the tensor ``name``."""
        self._of.setdefault(name, Histogram()).add(values)

    def __contains__(self, name: str) -> bool:
        return name in self._of

    def of(self, name: str, settings: Quantization) -> Range:
        """(low, high) of the tensor ``name``, as ``settings`` estimate it."""
        name = self._shared.get(name, name)
        return self._of[name].range(settings, self._slopes.get(name, 1.0))

    def all(self, settings: Quantization) -> dict[str, Range]:
        """The same of every tensor."""
        return {name: self.of(name, settings) for name in self._of}
