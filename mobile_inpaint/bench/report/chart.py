"""Two kinds of chart as SVG text: bars, and dots on two axes. Narrow enough for a phone, in the reader's light or dark.

The same numbers give the same text, so that a generated chart can be kept in a repository.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Colour = Literal["blue", "orange", "green", "purple", "teal", "brown", "grey"]

WIDTH = 460
_LETTER = 7.2
"""Width that a letter takes, with room to spare."""
_STYLE = """
svg.chart { font: 13px system-ui, sans-serif; --ink: #1d2430; --soft: #5c6673; --line: #d8dde3; --bare: #fff;
  --blue: #2f6fb5; --orange: #c9671b; --green: #2e8b57; --purple: #7b4fa8; --teal: #1f8a94; --brown: #8a6d4b; --grey: #b6bdc5 }
@media (prefers-color-scheme: dark) { svg.chart { --ink: #e8ecf1; --soft: #a3adb8; --line: #3a434e; --bare: #14181d;
  --blue: #6fa8e6; --orange: #ee9a55; --green: #63c08d; --purple: #b48ee0; --teal: #57bec8; --brown: #c4a37c;
  --grey: #59636e } }
svg.chart text { fill: var(--ink) } svg.chart .soft { fill: var(--soft) } svg.chart .group { font-weight: 600 }
svg.chart .line { stroke: var(--line); stroke-width: 1 } svg.chart .whisker { stroke: var(--ink); stroke-width: 1.5 }
svg.chart .back { fill: var(--bare) }
"""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: stands above it.
        value: its length; below zero there is none.
        figure: stands behind it, with its unit.
        colour: ``grey`` is for what cannot be compared.
        low, high: ends of a whisker.
        inner: a darker part from the left, for example what is retained of a peak.
        note: a line below, for example why it cannot be compared.
    """

    label: str
    value: float
    figure: str
    colour: Colour
    low: float | None = None
    high: float | None = None
    inner: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Dot:
    """One dot; ``label`` stands below the chart, behind the dot's number."""

    label: str
    x: float
    y: float
    colour: Colour


def bars(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], one_scale: bool = True) -> str:
    """Horizontal bars from zero, under a heading for each group; all on one scale, or each group on its own."""
    drawn, y = [], 8
    everything = [bar for _, group in groups for bar in group]
    for heading, group in groups:
        scale = _scale(everything if one_scale else group)
        y += 14
        drawn.append(_text(0, y, heading, "group"))
        y += 6
        for bar in group:
            for line in _lines(bar.label):
                y += 15
                drawn.append(_text(0, y, line))
            drawn += _bar(bar, y + 5, scale)
            y += 22
            for line in _lines(bar.note):
                y += 13
                drawn.append(_text(0, y, line, "soft"))
            y += 4 if bar.note else 0
        y += 12
    return _svg(title, y, drawn)


def scatter(title: str, x_label: str, y_label: str, dots: Sequence[Dot]) -> str:
    """Numbered dots on two axes that begin at zero, with round numbers along both; below it what each number is."""
    left, bottom, height = 44, 232, 210
    x_ticks, y_ticks = _ticks(max(dot.x for dot in dots)), _ticks(max(dot.y for dot in dots))

    def place(dot_x: float, dot_y: float) -> tuple[float, float]:
        return left + dot_x / x_ticks[-1] * (WIDTH - left - 12), bottom - dot_y / y_ticks[-1] * (height - 8)

    drawn = [_text(0, 12, y_label, "soft")]
    for tick in y_ticks:
        _, y = place(0, tick)
        drawn.append(_line(left, y, WIDTH, y))
        drawn.append(_text(left - 6, y + 4, f"{tick:g}", "soft", "end"))
    for tick in x_ticks:
        x, _ = place(tick, 0)
        drawn.append(_text(x, bottom + 16, f"{tick:g}", "soft", "middle"))
    drawn.append(_text(WIDTH, bottom + 32, x_label, "soft", "end"))
    numbers: dict[tuple[float, float], list[int]] = {}
    below = bottom + 34
    for number, dot in enumerate(sorted(dots, key=lambda dot: (dot.x, dot.y, dot.label)), 1):
        x, y = place(dot.x, dot.y)
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="var(--{dot.colour})"/>')
        near = next((at for at in numbers if abs(at[0] - x) < 16 and abs(at[1] - y) < 14), (x, y))
        numbers.setdefault(near, []).append(number)
        drawn.append(f'<circle cx="6" cy="{below + 13}" r="5" fill="var(--{dot.colour})"/>')
        for line in _lines(f"{number}  {dot.label}"):
            below += 17
            drawn.append(_text(18, below, line))
    for (x, y), those in numbers.items():
        drawn.append(_text(x, y - 9, ", ".join(map(str, those)), anchor="middle"))
    return _svg(title, below + 10, drawn)


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, round(WIDTH / _LETTER))


def _scale(together: Sequence[Bar]) -> float:
    """Pixels a unit, so that the longest bar or whisker and the figure behind each find room."""
    ends = [(max(bar.value, bar.high or 0), WIDTH - 8 - _LETTER * len(bar.figure)) for bar in together]
    return min((room / end for end, room in ends if end > 0), default=1)


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    length = max(bar.value, 0) * scale
    drawn = [f'<rect x="0" y="{y}" width="{length:.1f}" height="14" rx="2" fill="var(--{bar.colour})"/>']
    if bar.inner is not None:
        inner = max(bar.inner, 0) * scale
        drawn.append(f'<rect x="0" y="{y + 9}" width="{inner:.1f}" height="5" rx="2" fill="var(--ink)" opacity=".55"/>')
    end = length
    if bar.low is not None and bar.high is not None:
        end = max(length, bar.high * scale)
        middle = y + 7
        drawn.append(_line(bar.low * scale, middle, bar.high * scale, middle, "whisker"))
        drawn += [_line(at * scale, middle - 4, at * scale, middle + 4, "whisker") for at in (bar.low, bar.high)]
    drawn.append(_text(end + 6, y + 11, bar.figure))
    return drawn


def _ticks(most: float) -> list[float]:
    """Four to seven round numbers from 0 to ``most`` or a little above it."""
    power = 10 ** math.floor(math.log10(most / 2)) if most > 0 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if most / (power * factor) <= 6)
    return [round(step * i, 10) for i in range(math.ceil(most / step) + 1)]


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    classes = f' class="{kind}"' if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{classes}{anchored}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "line") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _svg(title: str, height: int, drawn: Sequence[str]) -> str:
    size = f'viewBox="-6 0 {WIDTH + 12} {height}"'
    opening = f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    back = f'<rect class="back" x="-6" width="{WIDTH + 12}" height="{height}"/>'
    return "\n".join([opening, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", back, *drawn, "</svg>"]) + "\n"
