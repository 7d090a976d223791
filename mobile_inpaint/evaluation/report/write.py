"""What an evaluation leaves in a folder: evaluation.json, evaluation.md, index.html, a contact sheet for each kind of hole."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image as pil

from mobile_inpaint import files
from mobile_inpaint.evaluation.cases import Cases
from mobile_inpaint.evaluation.evaluate import Evaluation
from mobile_inpaint.evaluation.report.pictures import Shown, contact_sheet, shown
from mobile_inpaint.evaluation.report.tables import Table, document, headline, legend, tables
from mobile_inpaint.metrics.distribution import SetFeatures
from mobile_inpaint.photo.image import Pixels

_SHOWN_PX = 384
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 3rem; } h3 { margin: 2rem 0 .5rem; font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .875rem; white-space: nowrap; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); }
.case { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 150px), 1fr)); gap: .5rem; }
.case { max-width: calc(var(--pictures) * 400px); padding: .75rem 0; border-bottom: 1px solid var(--line); }
figure { margin: 0; } figcaption { font-size: .8rem; overflow-wrap: anywhere; }
img { width: 100%; height: auto; display: block; border-radius: 4px; background: var(--soft); }
small, .legend { opacity: .75; font-size: .85rem; }
"""


def write_report(evaluation: Evaluation, cases: Cases, features: SetFeatures, folder: Path) -> list[Path]:
    """The files written to ``folder``, which is made; the page holds its pictures and asks nobody for anything.

    Args:
        evaluation: with the fills' pixels.
        cases: what it was made on.
        features: those of its figures of sets.
        folder: for the files; those of an earlier evaluation are replaced, each in one step.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures, found = shown(evaluation, cases), tables(evaluation, features)
    sheets = {f"{kind}.webp": _webp(contact_sheet(entries)) for kind, entries in pictures.items()}
    contents = {
        "evaluation.json": (json.dumps(document(evaluation, features), indent=1, ensure_ascii=False) + "\n").encode(),
        "evaluation.md": markdown(evaluation, found, list(sheets)).encode(),
        "index.html": page(evaluation, found, pictures).encode(),
        **sheets,
    }
    return [_written(folder / name, content) for name, content in contents.items()]


def markdown(evaluation: Evaluation, found: Sequence[Table], sheets: Sequence[str]) -> str:
    """The tables as Markdown, with links to the contact sheets."""
    lines = [f"# Evaluation: {', '.join(evaluation.names)}", "", _about(evaluation), ""]
    lines += [f"- {line}" for line in headline(evaluation)]
    for table in found:
        lines += ["", f"## {table.title}", "", *_markdown(table)]
    lines += ["", "## Figures", "", *(f"- {line}" for line in legend(evaluation)), ""]
    lines += [f"![{Path(name).stem} holes: best, median, worst]({name})" for name in sheets]
    return "\n".join(lines) + "\n"


def page(evaluation: Evaluation, found: Sequence[Table], pictures: Mapping[str, Sequence[Shown]]) -> str:
    """The tables and the pictures as one HTML page."""
    parts = [f"<h1>{escape(', '.join(evaluation.names))}</h1><p>{escape(_about(evaluation))}</p><ul>"]
    parts += [f"<li>{escape(line)}</li>" for line in headline(evaluation)]
    parts += ["</ul>", *(_html(table) for table in found)]
    parts += ["<h2>Figures</h2><ul class=legend>", *(f"<li>{escape(line)}</li>" for line in legend(evaluation)), "</ul>"]
    for kind, entries in pictures.items():
        parts.append(f"<h2>{escape(kind)} holes: best, median, and the worst first</h2>")
        parts += [_case(entry) for entry in entries]
    title = escape(f"Evaluation of {evaluation.names[0]}")
    head = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
    return f"{head}<title>{title}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"


def _about(evaluation: Evaluation) -> str:
    facts = "; ".join(
        f"{one.name}: {', '.join(f'{key} {value}' for key, value in one.facts.items())}"
        for one in evaluation.candidates
        if one.facts
    )
    return f"On {evaluation.photos}, {evaluation.size_px} px, seed {evaluation.seed}. {facts}".rstrip()


def _markdown(table: Table) -> list[str]:
    lines = [table.heads, ["---"] * len(table.heads), *table.lines]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def _html(table: Table) -> str:
    heads = "".join(f"<th scope=col>{escape(head)}</th>" for head in table.heads)
    lines = "".join(
        f"<tr><th scope=row>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in table.lines
    )
    return f"<h3>{escape(table.title)}</h3><div class=wide tabindex=0><table><tr>{heads}</tr>{lines}</table></div>"


def _case(entry: Shown) -> str:
    photo = entry.rows[0]
    notes = [f"{entry.why}: {photo.photo}, {photo.share:.0%} hole", ""]
    notes += [f"LPIPS {row.figures['lpips']:.4f}, inventing {row.figures['inventing']:.3f}" for row in entry.rows[1:]]
    figures = "".join(
        f"<figure><img loading=lazy width={_SHOWN_PX} height={_SHOWN_PX} src='{_data_uri(picture)}' "
        f"alt='{escape(f'{photo.photo}: {title}')}'><figcaption><b>{escape(title)}</b> {escape(note)}</figcaption></figure>"
        for picture, title, note in zip(entry.pictures, entry.titles, notes, strict=True)
    )
    return f"<div class=case style='--pictures:{len(entry.pictures)}'>{figures}</div>"


def _data_uri(picture: Pixels) -> str:
    small = pil.fromarray(np.asarray(picture))
    if small.width > _SHOWN_PX:
        small = small.resize((_SHOWN_PX, _SHOWN_PX), pil.Resampling.LANCZOS)
    return f"data:image/webp;base64,{base64.b64encode(_webp(small)).decode()}"


def _webp(picture: pil.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=85)
    return file.getvalue()


def _written(path: Path, content: bytes) -> Path:
    files.write_whole(path, content)
    return path
