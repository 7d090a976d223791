"""What a series of times says: percentiles and spread, the ratio of two series, and whether to doubt either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

UNSTEADY = 0.10
"""The interquartile range, as a share of the median, above which a timing is called unsteady."""

SLOWED = 0.10
"""The rise from the first third of the runs to the last above which a device is suspected of throttling."""


@dataclass(frozen=True)
class Statistics:
    """Of a series of times in milliseconds.

    Percentiles interpolate linearly between the two nearest times (Hyndman and Fan's definition 7, numpy's default); the
    deviation is that of a sample (n - 1).
    """

    n: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    std_ms: float
    iqr_ms: float
    min_ms: float
    max_ms: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Statistics:
        """The statistics of ``times_ms``, which holds at least one."""
        p25, p50, p75, p90, p95, p99 = np.percentile(times_ms, (25, 50, 75, 90, 95, 99)).tolist()
        std = float(np.std(times_ms, ddof=1)) if len(times_ms) > 1 else 0.0
        mean = float(np.mean(times_ms))
        return cls(len(times_ms), p50, p90, p95, p99, mean, std, p75 - p25, min(times_ms), max(times_ms))

    @property
    def unsteady(self) -> bool:
        """The middle half of the times spans more than a tenth of their median."""
        return self.iqr_ms > UNSTEADY * self.p50_ms


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as a reference, over the rounds in which both were timed: the median and its spread."""

    median: float
    p10: float
    p90: float

    @classmethod
    def of(cls, reference_ms: Sequence[float], times_ms: Sequence[float]) -> Ratio:
        """The ratio of ``reference_ms`` to ``times_ms``, round by round; above 1 is faster than the reference.

        Raises:
            ValueError: they are not of the same rounds.
        """
        if len(reference_ms) != len(times_ms):
            raise ValueError(f"{len(reference_ms)} rounds beside {len(times_ms)}")
        ratios = np.asarray(reference_ms) / np.asarray(times_ms)
        p10, p50, p90 = np.percentile(ratios, (10, 50, 90)).tolist()
        return cls(p50, p10, p90)


def doubts(times_ms: Sequence[float], completed: bool) -> Iterator[str]:
    """Why to doubt these times, whatever device took them: a line each, for a report's ``warnings``.

    Args:
        times_ms: of the timed runs, in order.
        completed: the output was seen to change each time that the input did.
    """
    its = Statistics.of(times_ms)
    if its.unsteady:
        yield f"unsteady: the middle half of the times spans {its.iqr_ms / its.p50_ms:.0%} of their median"
    third = len(times_ms) // 3
    if third:
        rise = float(np.percentile(times_ms[-third:], 25) / np.median(times_ms[:third])) - 1
        if rise > SLOWED:  # of nearly all of them, for times that jump to and fro are unsteady and nothing else
            yield f"slower towards the end: the last third of the runs took {rise:.0%} longer than the first, as when throttled"
    if not completed:
        yield "the output did not change with the input, so these may be times of a dispatch, not of finished work"
