"""What ``evaluate`` prints: the tables of the report, made to fit a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mobile_inpaint.cli import console
from mobile_inpaint.evaluation.report.tables import Table

_WIDTH = 80
_INTERVAL = re.compile(r" \([^()]* to [^()]*\)")


def show(tables: Sequence[Table], *, verbose: bool) -> None:
    """Prints ``tables``; as they are where ``verbose``, otherwise turned or without intervals where they are too wide."""
    for table in tables:
        fitting = table if verbose else _fitting(table)
        console.table(fitting.heads, fitting.lines, fitting.title)
        console.say("")


def _fitting(table: Table) -> Table:
    """The first that fits: the table, its rows as columns, both without intervals."""
    short = Table(
        table.title.replace(" and 95 % intervals", ""),
        table.heads,
        [[_INTERVAL.sub("", cell) for cell in line] for line in table.lines],
    )
    ways = [table, _turned(table), short, _turned(short)]
    return next((way for way in ways if _width(way) <= _WIDTH), ways[-1])


def _turned(table: Table) -> Table:
    heads, *lines = zip(table.heads, *table.lines, strict=True)
    return Table(table.title, heads, lines)


def _width(table: Table) -> int:
    columns = zip(table.heads, *table.lines, strict=True)
    return sum(max(map(len, column)) + 2 for column in columns) - 2
