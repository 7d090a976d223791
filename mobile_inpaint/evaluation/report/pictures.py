"""Which cases are shown, and how they look side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as pil
from PIL import ImageDraw

from mobile_inpaint.evaluation.cases import Cases
from mobile_inpaint.evaluation.evaluate import PHOTO, Evaluation, Row
from mobile_inpaint.photo.image import Pixels

BEST, MEDIAN, WORST = 3, 3, 10
_TILE_PX, _GAP_PX, _LABEL_PX = 256, 4, 16
_HOLED = np.array([255, 0, 160])
"""What a hole is shown in: a colour that photos lack."""


@dataclass(frozen=True)
class Shown:
    """One case on a page.

    Attributes:
        why: ``best``, ``median`` or ``worst``, by the first candidate's LPIPS.
        rows: the photo itself, then each candidate's.
        pictures: with the hole marked, the photo, then each fill: HWC uint8 RGB.
        titles: of the pictures.
    """

    why: str
    rows: tuple[Row, ...]
    pictures: tuple[Pixels, ...]
    titles: tuple[str, ...]


def chosen(evaluation: Evaluation, kind: str) -> dict[str, str]:
    """Photos to show of that kind of hole, and why: the worst ten, three in the middle and the best three, none twice.

    Where there are fewer photos the worst come first.
    """
    values = evaluation.values(kind, evaluation.names[0], "lpips")
    photos = [row.photo for row in evaluation.rows if row.kind == kind and row.candidate == PHOTO]
    order = [photos[place] for place in np.argsort(values, kind="stable")]
    middle = max(0, (len(order) - MEDIAN) // 2)
    wanted = [
        *((photo, "worst") for photo in reversed(order[-WORST:])),
        *((photo, "median") for photo in order[middle : middle + MEDIAN]),
        *((photo, "best") for photo in order[:BEST]),
    ]
    return dict(reversed(wanted))


def shown(evaluation: Evaluation, cases: Cases) -> dict[str, list[Shown]]:
    """The chosen cases of each kind of hole: best, then median, then worst first.

    Args:
        evaluation: with the fills' pixels.
        cases: what it was made on.
    """
    wanted = {kind: chosen(evaluation, kind) for kind in evaluation.kinds}
    found: dict[str, list[Shown]] = {kind: [] for kind in evaluation.kinds}
    together = len(evaluation.names) + 1
    for place, case in enumerate(cases):
        if case.photo in wanted[case.kind]:
            part = slice(place * together, (place + 1) * together)
            pictures = [_with(case.truth, case.hole, inside) for inside in evaluation.insides[part]]
            marked = _with(case.truth, case.hole, _HOLED.astype(np.uint8))
            titles = ("hole", PHOTO, *evaluation.names)
            entry = Shown(wanted[case.kind][case.photo], evaluation.rows[part], (marked, *pictures), titles)
            found[case.kind].append(entry)
    for kind, entries in found.items():
        rank = {photo: number for number, photo in enumerate(wanted[kind])}
        entries.sort(key=lambda entry: rank[entry.rows[0].photo])
    return found


def contact_sheet(entries: Sequence[Shown]) -> pil.Image:
    """All pictures of the cases, a case a line, each with its LPIPS."""
    columns, step = len(entries[0].pictures), _TILE_PX + _GAP_PX
    line = step + _LABEL_PX
    sheet = pil.new("RGB", (columns * step + _GAP_PX, len(entries) * line + _GAP_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for down, entry in enumerate(entries):
        scores = (entry.why, entry.rows[0].photo, *(f"{row.figures['lpips']:.4f}" for row in entry.rows[1:]))
        for across, (picture, title, score) in enumerate(zip(entry.pictures, entry.titles, scores, strict=True)):
            left, top = _GAP_PX + across * step, _GAP_PX + down * line
            label = score if across < 2 else f"{title} {score}"
            draw.text((left, top), label[: _TILE_PX // 6], fill="black")
            sheet.paste(pil.fromarray(picture).resize((_TILE_PX, _TILE_PX), pil.Resampling.LANCZOS), (left, top + _LABEL_PX))
    return sheet


def _with(picture: Pixels, hole: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], inside: Pixels) -> Pixels:
    filled = picture.copy()
    filled[hole] = inside
    return filled
