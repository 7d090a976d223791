"""Two reports beside each other: how much slower one is, how sure that is, and whether it may be said at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mobile_inpaint.bench.record.published import differences
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.errors import BenchError
from mobile_inpaint.metrics.bootstrap import median_ratio_interval
from mobile_inpaint.quoting import quoted

FEWEST_RUNS = 10
"""Below that an interval says too little to fail anybody's build by."""


@dataclass(frozen=True)
class Change:
    """From an earlier report to a later one.

    Attributes:
        ratio: the later median time over the earlier one; above 1 is slower.
        low, high: its 95 % bootstrap interval over the runs of both; what differs from one call of ``bench`` to the next is not
            in it unless both were measured in turn.
        in_turn: both were.
        reasons: why the two must not be compared; none when they may be.
    """

    ratio: float
    low: float
    high: float
    in_turn: bool
    reasons: tuple[str, ...]

    @classmethod
    def between(cls, before: LatencyReport, after: LatencyReport) -> Change:
        """How ``after`` changed from ``before``."""
        earlier, later = np.asarray(before.times_ms), np.asarray(after.times_ms)
        in_turn = before.date == after.date and after.subject.name in before.in_turn_with and len(earlier) == len(later)
        low, high = median_ratio_interval(later, earlier, paired=in_turn)
        ratio = after.statistics.p50_ms / before.statistics.p50_ms
        return cls(ratio, low, high, in_turn, differences(after, before))

    def is_regression(self, tolerated: float) -> bool:
        """Slower by more than the share ``tolerated``, and surely so: the whole interval lies above."""
        return self.low > 1 + tolerated

    def is_undecided(self, tolerated: float) -> bool:
        """Neither surely slower by more than ``tolerated`` nor surely not: more runs would tell."""
        return not self.is_regression(tolerated) and self.high > 1 + tolerated

    def __str__(self) -> str:
        sure = f"95 % interval {self.low:.3f} to {self.high:.3f}"
        return f"{self.ratio:.3f} times as long ({sure}), measured {'in turn' if self.in_turn else 'apart'}"


def parse_percent(text: str) -> float:
    """The share that a text such as ``5%`` or ``2.5 %`` names.

    Raises:
        BenchError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    if found is None:
        raise BenchError(f"{quoted(text)} is no percentage; write for example 5%")
    return float(found[1]) / 100
