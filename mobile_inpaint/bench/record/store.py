"""The record: one JSON a measurement, never changed afterwards, and the table and plots that are made from all of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mobile_inpaint import files
from mobile_inpaint.bench.report import tables
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.bench.report.plots import charts
from mobile_inpaint.checkout import CHECKOUT
from mobile_inpaint.errors import BenchError

PLOTS = "plots"
"""The folder of the record's charts."""
_CHART = re.compile(r"(latency|memory|quality(-\d+)?|paper)\.svg")
"""What :func:`~mobile_inpaint.bench.report.plots.charts` calls its files."""


def checkout_record(here: Path) -> Path | None:
    """``benchmarks/`` of the checkout this package runs from, if ``here`` is inside that checkout."""
    record = CHECKOUT / "benchmarks"
    return record if here.is_relative_to(CHECKOUT) and (record / "results").is_dir() else None


def add(record: Path, reports: Iterable[LatencyReport]) -> list[Path]:
    """Writes each report to ``record/results/<device>/<file>.<date>.json`` and makes the :func:`pages` of the record anew.

    A file that is there stays as it is; a second report of the same second gets a number.
    """
    written = [_write(record / "results" / report.machine.device, report) for report in reports]
    make_pages(record)
    return written


def make_pages(record: Path) -> None:
    """Writes the :func:`pages` of the record anew, and takes away plots that nothing makes any more; other files stay."""
    made = pages(read(record))
    for name, text in made.items():
        (record / name).parent.mkdir(exist_ok=True)
        files.write_whole(record / name, text)
    old_charts = {f"{PLOTS}/{path.name}" for path in (record / PLOTS).glob("*.svg") if _CHART.fullmatch(path.name)}
    for left_over in old_charts - set(made):
        (record / left_over).unlink()


def read(record: Path) -> list[LatencyReport]:
    """Every report under ``record/results``, oldest first.

    Raises:
        BenchError: one is not a report.
    """
    reports = [LatencyReport.load(path) for path in sorted((record / "results").glob("*/*.json"))]
    return sorted(reports, key=lambda report: report.date)


def gather(places: Sequence[Path]) -> list[LatencyReport]:
    """The reports at ``places``, which are reports or records; without any, those of the checkout's record.

    Raises:
        BenchError: one is neither, or there is nothing to read.
    """
    if not places:
        own = checkout_record(Path.cwd())
        if own is None:
            raise BenchError(
                "no reports named, and no checkout here that keeps any: name FILE.json, or the folder given to bench --record"
            )
        places = [own]
    reports = [report for place in places for report in (read(place) if place.is_dir() else [LatencyReport.load(place)])]
    if not reports:
        raise BenchError(f"{', '.join(map(str, places))}: no reports; make some with: mobile-inpaint bench --record DIR")
    return reports


def pages(reports: Sequence[LatencyReport]) -> dict[str, str]:
    """What is made from the results, by its path in the record: ``table.md`` and the plots that it shows."""
    drawn = {f"{PLOTS}/{name}.svg": (caption, svg) for name, caption, svg in charts(reports)}
    pictures = {path: caption for path, (caption, _) in drawn.items()}
    return {"table.md": markdown(reports, pictures), **{path: svg for path, (_, svg) in drawn.items()}}


def markdown(reports: Sequence[LatencyReport], pictures: Mapping[str, str] | None = None) -> str:
    """The whole record for people: for each machine the newest measurement of each file, and what others published.

    Args:
        reports: all there are, old ones as well.
        pictures: captions by path, to show above the tables.
    """
    parts = [
        "# Measured by `mobile-inpaint bench`",
        "Only rows with the same date were measured in turn and may be compared to a few per cent. The ratio to the\n"
        "published graph is the median over the rounds of one run, its 10th and 90th percentile in brackets. No figure of one\n"
        "machine stands for another.",
        *(f"![{caption}]({path})\n\n{caption}" for path, caption in (pictures or {}).items()),
    ]
    for machine, own in tables.by_machine(reports):
        shown = (tables.timings(own, reports), tables.costs(own))
        parts += [f"## {' · '.join(machine)}", *map(tables.as_markdown, shown)]
    if reports:
        parts += ["## Beside published timings", tables.as_markdown(tables.published(reports))]
    return "\n\n".join(parts) + "\n"


def _write(folder: Path, report: LatencyReport) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = report.date.removesuffix("+00:00").replace(":", "").replace("-", "")
    for number in itertools.count(1):
        path = folder / f"{report.subject.name}.{stamp}{'' if number == 1 else f'-{number}'}.json"
        try:
            files.write_new(path, report.to_json())
        except FileExistsError:
            continue
        return path
    raise AssertionError("itertools.count ended")


if __name__ == "__main__":  # after a report was deleted, or published.toml changed
    make_pages(CHECKOUT / "benchmarks")
