"""What artifacts' fills are worth, on one footing: not all of them were judged on the same photos."""

from __future__ import annotations

from collections.abc import Iterable

from mobile_inpaint.artifact import SliceQuality
from mobile_inpaint.bench.report.latency_report import LatencyReport, Subject

SLICE = "object"


def lpips_by_file(reports: Iterable[LatencyReport]) -> dict[str, float]:
    """By sha256 each judged artifact's LPIPS to the truth in holes of an object's size.

    It is that of the artifact's fp32 generator, on the most crops that any artifact of this checkpoint was judged on, and the
    artifact's own rise above its generator, which was measured on the same crops whichever these were.
    """
    judged = {report.subject.sha256: report.subject for report in reports if _slice(report.subject)}
    largest: dict[str | None, SliceQuality] = {}
    for subject in judged.values():
        own, most = _slice(subject), largest.get(subject.checkpoint)
        if own and (most is None or own.crops > most.crops):
            largest[subject.checkpoint] = own
    return {
        sha256: largest[subject.checkpoint].lpips - largest[subject.checkpoint].lpips_rise + own.lpips_rise
        for sha256, subject in judged.items()
        if (own := _slice(subject))
    }


def _slice(subject: Subject) -> SliceQuality | None:
    return next((one for one in subject.quality.slices if one.slice == SLICE), None) if subject.quality else None
