"""The record as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mobile_inpaint.bench.record.published import published as published_table
from mobile_inpaint.bench.report.latency_report import LatencyReport
from mobile_inpaint.bench.report.plots import charts
from mobile_inpaint.bench.report.tables import Table, by_machine, costs, published, timings

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6673; --line: #d8dde3; --bare: #fff; --card: #f6f8fa }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #a3adb8; --line: #3a434e; --bare: #14181d; --card: #1b2027 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--bare); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; line-height: 1.2 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem } p, figcaption { color: var(--soft) }
.charts { display: grid; gap: 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)) }
figure { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: 8px; background: var(--bare) }
figcaption { margin-bottom: .5rem; font-size: .9rem } figure svg { display: block; width: 100%; max-width: 34rem }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
thead th { background: var(--card); white-space: nowrap } tbody th { font-weight: 600; white-space: nowrap }
td { white-space: nowrap } td.long { white-space: normal; min-width: 18rem }
tr.grey > * { color: var(--soft); font-weight: 400 }
tr:last-child > * { border-bottom: 0 } a { color: inherit }
"""


def html(reports: Sequence[LatencyReport]) -> str:
    """The page: charts, then for each machine what was timed and what it cost, then what others published."""
    figures = [f"<figure><figcaption>{escape(caption)}</figcaption>\n{svg}</figure>" for _, caption, svg in charts(reports)]
    parts = [
        f"<h1>Measured by <code>mobile-inpaint bench</code></h1>\n<p>{escape(_summary(reports))}</p>",
        f'<div class="charts">{"".join(figures)}</div>',
    ]
    for machine, own in by_machine(reports):
        parts.append(f"<h2>{escape(' · '.join(machine))}</h2>\n{_table(timings(own, reports))}\n<p></p>\n{_table(costs(own))}")
    if reports:
        parts.append(f"<h2>Beside published timings</h2>\n{_table(published(reports))}\n{_sources()}")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    title = "<title>mobile-inpaint: latency</title>"
    body = "\n".join(parts)
    head += f"{policy}{title}<style>{_STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def _summary(reports: Sequence[LatencyReport]) -> str:
    if not reports:
        return "Nothing was measured yet."
    devices = ", ".join(dict.fromkeys(report.machine.device for report in reports))
    first, last = min(report.date for report in reports)[:10], max(report.date for report in reports)[:10]
    when = first if first == last else f"{first} to {last}"
    return (
        f"{len(reports)} measurements, {when}, on: {devices}. Shown is the newest of each file on each machine. Times are of "
        "finished work on the named machine alone; none stands for another device. What cannot be compared is grey."
    )


def _table(table: Table) -> str:
    grey = table.grey or (False,) * len(table.rows)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "\n".join(_row(cells, is_grey) for cells, is_grey in zip(table.rows, grey, strict=True))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'


def _row(cells: tuple[str, ...], is_grey: bool) -> str:
    first, *others = cells
    told = "".join(f"<td{' class=long' if len(cell) > 40 else ''}>{escape(cell)}</td>" for cell in others)
    return f'<tr{" class=grey" if is_grey else ""}><th scope="row">{escape(first)}</th>{told}</tr>'


def _sources() -> str:
    lines = []
    for name, source in published_table().sources.items():
        title = f'<a href="{escape(source.link)}">{escape(source.title)}</a>' if source.link else escape(source.title)
        lines.append(f"<li>{escape(name)}: {title}{'. ' + escape(source.note) if source.note else ''}</li>")
    return f"<ul>{''.join(lines)}</ul>"
