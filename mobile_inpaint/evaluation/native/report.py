"""What a native evaluation leaves in a folder: native.json, native.md, and contact sheets at 100 %."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image as pil
from PIL import ImageDraw

from mobile_inpaint import files
from mobile_inpaint.evaluation.evaluate import PHOTO
from mobile_inpaint.evaluation.native.figures import NATIVE_KINDS, TILE_PX
from mobile_inpaint.evaluation.native.native import GROUPS, NativeEvaluation, NativeRow
from mobile_inpaint.evaluation.report.tables import Table, rounded

_DISTANCES = ("lpips", "dists")
_WORST, _SHEET_ROWS = 10, 8
_GAP_PX, _LABEL_PX = 4, 14


def native_tables(evaluation: NativeEvaluation) -> list[Table]:
    """Means with intervals, and the first candidate beside each other one, by group of holes."""
    made = []
    for group in GROUPS:
        rows = evaluation.of(PHOTO, group)
        if not rows:
            continue
        photos = len({row.photo for row in rows})
        lines = []
        for name in (PHOTO, *evaluation.names):
            means = [(*evaluation.mean(name, group, figure), NATIVE_KINDS[figure].digits) for figure in NATIVE_KINDS]
            lines.append(
                [
                    name,
                    *(
                        f"{rounded(mean, digits)} ({rounded(low, digits)} to {rounded(high, digits)})"
                        for mean, (low, high), digits in means
                    ),
                ]
            )
        title = f"{group}: {len(rows)} holes in {photos} photos: means and 95 % intervals"
        made.append(Table(title, ["", *(kind.title for kind in NATIVE_KINDS.values())], lines))
        for other in evaluation.names[1:]:
            ratios = {figure: evaluation.versus(other, group, figure) for figure in _DISTANCES}
            lines = [
                [
                    NATIVE_KINDS[figure].title,
                    f"{one.ratio:.3f} ({one.interval[0]:.3f} to {one.interval[1]:.3f})",
                    f"{one.wins}/{one.losses}",
                ]
                for figure, one in ratios.items()
            ]
            title = f"{group}: {evaluation.names[0]} as a multiple of {other}, geometric means"
            made.append(Table(title, ["", "ratio", "won/lost"], lines))
    return made


def worst_first(evaluation: NativeEvaluation) -> list[tuple[float, list[NativeRow]]]:
    """The cases, each with its rows; first those where the first candidate loses most to the last, by the ratio of DISTS.

    A single candidate's cases are in the order of its DISTS.
    """
    together = len(evaluation.names) + 1
    cases = [list(evaluation.rows[start : start + together]) for start in range(0, len(evaluation.rows), together)]

    def loss(rows: list[NativeRow]) -> float:
        own, last = (row.figures["dists"] for row in (rows[1], rows[-1]))
        return own if together == 2 else own / max(last, 1e-6)

    return sorted(((loss(rows), rows) for rows in cases), key=lambda one: -one[0])


def native_document(evaluation: NativeEvaluation) -> dict[str, Any]:
    """Every figure of every fill, and the ratios, for ``json``."""
    first, *others = evaluation.names
    groups = [group for group in GROUPS if evaluation.of(PHOTO, group)]
    return {
        "photos": evaluation.photos,
        "half": evaluation.half,
        "seed": evaluation.seed,
        "candidates": [{"name": one.name, **one.facts} for one in evaluation.candidates],
        "groups": {
            group: {
                "holes": len(evaluation.of(PHOTO, group)),
                "means": {
                    name: {figure: evaluation.mean(name, group, figure) for figure in NATIVE_KINDS}
                    for name in (PHOTO, *evaluation.names)
                },
                f"{first} versus": {
                    other: {figure: evaluation.versus(other, group, figure)._asdict() for figure in _DISTANCES}
                    for other in others
                },
            }
            for group in groups
        },
        "rows": [
            {
                "photo": row.photo,
                "kind": row.kind,
                "hole_px": row.hole_px,
                "shrink": round(row.shrink, 4),
                "candidate": row.candidate,
                "seconds": round(row.seconds, 3),
                **{name: round(value, 6) for name, value in row.figures.items()},
            }
            for row in evaluation.rows
        ],
    }


def write_native_report(evaluation: NativeEvaluation, folder: Path) -> list[Path]:
    """The files written to ``folder``, which is made; those of an earlier evaluation are replaced.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = worst_first(evaluation)
    sheets = {"worst.webp": contact_sheet(order[:_WORST])}
    for number, start in enumerate(range(_WORST, len(order), _SHEET_ROWS), 1):
        sheets[f"sheet-{number:02}.webp"] = contact_sheet(order[start : start + _SHEET_ROWS])
    written = {
        "native.json": (json.dumps(native_document(evaluation), indent=1, ensure_ascii=False) + "\n").encode(),
        "native.md": _markdown(evaluation, order, list(sheets)).encode(),
        **{name: _webp(sheet) for name, sheet in sheets.items()},
    }
    for name, content in written.items():
        files.write_whole(folder / name, content)
    return [folder / name for name in written]


def contact_sheet(cases: Sequence[tuple[float, list[NativeRow]]]) -> pil.Image:
    """A case a line, at 100 %: the middle of the hole and a place at its edge, of the photo and of each fill."""
    together = len(cases[0][1])
    step, line = TILE_PX + _GAP_PX, TILE_PX + _GAP_PX + _LABEL_PX
    sheet = pil.new("RGB", (2 * together * step + _GAP_PX, len(cases) * line + _GAP_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for down, (loss, rows) in enumerate(cases):
        for across, row in enumerate(rows):
            for place, tile in enumerate(row.tiles):
                left, top = _GAP_PX + (place * together + across) * step, _GAP_PX + down * line
                label = f"{row.candidate} {row.figures['dists']:.3f}" if across else f"{loss:.2f} {row.photo} {row.kind}"
                draw.text((left, top), label[: TILE_PX // 6], fill="black")
                sheet.paste(pil.fromarray(tile), (left, top + _LABEL_PX))
    return sheet


def _markdown(evaluation: NativeEvaluation, order: Sequence[tuple[float, list[NativeRow]]], sheets: Sequence[str]) -> str:
    lines = [f"# Native evaluation: {', '.join(evaluation.names)}", ""]
    lines += [f"On {evaluation.photos}, half: {evaluation.half}, seed {evaluation.seed}."]
    for table in native_tables(evaluation):
        cells = [table.heads, ["---"] * len(table.heads), *table.lines]
        lines += ["", f"## {table.title}", "", *(f"| {' | '.join(line)} |" for line in cells)]
    lines += ["", "## Worst cases", ""]
    for loss, rows in order[:_WORST]:
        photo, own = rows[0], rows[1]
        lines.append(
            f"- {photo.photo}, {photo.kind}, {photo.hole_px} px, shrink {photo.shrink:.2f}: "
            f"{loss:.3f}, DISTS {own.figures['dists']:.4f}, LPIPS {own.figures['lpips']:.4f}"
        )
    lines += ["", *(f"- {kind.title}: {kind.meaning} ({kind.better})" for kind in NATIVE_KINDS.values())]
    lines += ["", *(f"![{name}]({name})" for name in sheets)]
    return "\n".join(lines) + "\n"


def _webp(picture: pil.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=90)
    return file.getvalue()
