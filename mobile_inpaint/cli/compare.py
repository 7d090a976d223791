"""``mobile-inpaint compare``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.errors import BenchError

if TYPE_CHECKING:
    from mobile_inpaint.bench.report.latency_report import LatencyReport


def compare(
    before: Annotated[Path, typer.Argument(metavar="A.json", help="The earlier report, as bench --record kept it.")],
    after: Annotated[Path, typer.Argument(metavar="B.json", help="The later report.")],
    fail_on_regression: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Exit with 1 if B is slower by more than this, for example 5%, over the whole 95 % interval.",
        ),
    ] = None,
    json: console.Json = False,
) -> None:
    """Compare two reports of bench, and say how sure the difference is."""
    from dataclasses import asdict

    from mobile_inpaint.bench.record.comparison import FEWEST_RUNS, Change, parse_percent
    from mobile_inpaint.bench.report.latency_report import LatencyReport

    tolerated = None if fail_on_regression is None else parse_percent(fail_on_regression)
    earlier, later = LatencyReport.load(before), LatencyReport.load(after)
    if tolerated is not None and min(len(earlier.times_ms), len(later.times_ms)) < FEWEST_RUNS:
        raise BenchError(f"a gate needs {FEWEST_RUNS} timed runs of each at least; measure with more --iterations")
    change = Change.between(earlier, later)
    regression = None if tolerated is None or change.reasons else change.is_regression(tolerated)
    if json:
        figures = [{"figure": name, "a": a, "b": b} for name, a, b in _figures(earlier, later)]
        console.emit({"figures": figures, "change": asdict(change), "tolerated": tolerated, "regression": regression})
    else:
        console.say(f"A: {earlier.subject.name}, {earlier.runtime}, {earlier.machine.device}, {earlier.date[:10]}")
        console.say(f"B: {later.subject.name}, {later.runtime}, {later.machine.device}, {later.date[:10]}\n")
        rows = [(name, *_rounded(a, b)) for name, a, b in _figures(earlier, later)]
        console.table(("figure", "A", "B", "B / A"), rows)
        console.say(f"\nB takes {change}", "" if regression is None else "bad" if regression else "good")
    if change.reasons:
        because = f"not comparable: {', '.join(change.reasons)}"
        if tolerated is not None:
            raise BenchError(f"{because}; a gate needs two reports of the same device, threads and size")
        console.note(because)
    elif tolerated is not None and regression:
        raise BenchError(f"regression: B takes {change}; tolerated are {1 + tolerated:.3f}")
    elif tolerated is not None and change.is_undecided(tolerated):
        console.note(f"undecided: the interval reaches beyond {tolerated:.1%}; measure both in turn, or with more --iterations")


def _figures(earlier: LatencyReport, later: LatencyReport) -> Iterator[tuple[str, float, float]]:
    """Each figure that both have."""
    for name, a, b in (
        ("P50 ms", earlier.statistics.p50_ms, later.statistics.p50_ms),
        ("P90 ms", earlier.statistics.p90_ms, later.statistics.p90_ms),
        ("P99 ms", earlier.statistics.p99_ms, later.statistics.p99_ms),
        ("mean ms", earlier.statistics.mean_ms, later.statistics.mean_ms),
        ("compile ms", earlier.compile_ms, later.compile_ms),
        ("cold load ms", earlier.load_ms, later.load_ms),
        ("first run ms", earlier.first_ms, later.first_ms),
        ("peak MB", earlier.peak_mb, later.peak_mb),
        ("energy mJ", earlier.energy_mj, later.energy_mj),
        ("file MB", earlier.subject.file_mb, later.subject.file_mb),
    ):
        if a is not None and b is not None:
            yield name, a, b


def _rounded(a: float, b: float) -> tuple[str, str, str]:
    return f"{a:.1f}", f"{b:.1f}", f"{b / a:.3f}" if a else ""
