"""How sure a mean or a median is: bootstrap intervals, of a figure, of a difference and of a ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
_FEWEST_RESAMPLES = 200
_MOST_DRAWN = 20_000_000
"""Values of all resamples: of longer series fewer resamples are drawn, for time; 2000 up to 10,000 values."""
_AT_A_TIME = 1_000_000
"""Values drawn at a time, for memory."""
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


def median_ratio_interval(values: Floats, others: Floats, paired: bool = False) -> Interval:
    """The 95 % bootstrap interval of ``median(values) / median(others)``, [n] and [m], each in the order it was taken.

    Neighbours in time share their disturbances, so whole stretches of about the cube root of n are drawn and not single values,
    which would make the interval too narrow.

    Args:
        values: of one series.
        others: of the other.
        paired: the i-th of both were taken together, n = m, and are drawn together.

    Source: Politis, Romano, A circular block-resampling procedure for stationary data (1992).
    """
    resamples = max(_FEWEST_RESAMPLES, min(RESAMPLES, _MOST_DRAWN // max(len(values), len(others))))
    ratios = _medians(values, resamples, 0) / _medians(others, resamples, 0 if paired else 1)
    low, high = np.percentile(ratios, _PERCENTILES)
    return float(low), float(high)


def _medians(values: Floats, resamples: int, seed: int) -> Floats:
    """Of so many resamples of stretches."""
    count = len(values)
    length = max(1, round(count ** (1 / 3)))
    begins = np.random.default_rng(seed).integers(0, count, (resamples, -(-count // length), 1))
    step = max(1, _AT_A_TIME // count)
    return np.concatenate(
        [
            np.median(values[((part + np.arange(length)) % count).reshape(len(part), -1)[:, :count]], axis=1)
            for part in (begins[start : start + step] for start in range(0, resamples, step))
        ]
    )


def _drawn(count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
