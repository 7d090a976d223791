"""How sure a mean is: bootstrap intervals, of a figure, of a difference and of a ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
_PERCENTILES = (2.5, 97.5)

Interval = tuple[float, float]
Floats = npt.NDArray[np.floating[Any]]


def interval(values: Floats) -> Interval:
    """The 95 % bootstrap interval of the mean of ``values``, [n]: the percentiles of 2000 resamples, the same at each call."""
    low, high = np.percentile(values[_drawn(len(values))].mean(axis=1), _PERCENTILES)
    return float(low), float(high)


def ratio_interval(values: Floats, others: Floats) -> Interval:
    """The same of ``values.mean() / others.mean()``, both [n] and paired: a resample draws each pair together.

    Source: Efron, Tibshirani, An Introduction to the Bootstrap (1993), chapters 10 and 13.
    """
    drawn = _drawn(len(values))
    low, high = np.percentile(values[drawn].mean(axis=1) / others[drawn].mean(axis=1), _PERCENTILES)
    return float(low), float(high)


def _drawn(count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
