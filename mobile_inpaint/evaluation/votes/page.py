"""The page that asks which of two fills looks better: one HTML file that holds everything it needs."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from mobile_inpaint import schema
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.votes.pairs import ShownCase
from mobile_inpaint.evaluation.votes.vote_file import FORMAT, MOST_SYSTEMS, FigureFacts, VotedCase

_PLACE = "/*DATA*/null"
"""Where the template takes its data."""

Figures = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]
"""By photo and kind, by figure: the photo's own value, then each system's."""


def page_of(
    cases: Sequence[ShownCase],
    systems: Sequence[str],
    facts: Mapping[str, FigureFacts],
    figures: Figures,
    photos: str,
    seed: int,
) -> str:
    """The page. It holds no vote; it keeps those it is given in the browser and saves them as a file.

    The seed decides the order of the pairs, which fill of a pair stands left, and the order of the pictures in the file. Names
    and figures are scrambled, so that nobody meets them by accident; who wants to can undo that.

    Args:
        cases: what is shown.
        systems: names, in the order of each case's pictures.
        facts: how each figure is read.
        figures: of every case in ``cases``.
        photos: the set's name.
        seed: of the order.

    Raises:
        TrainingError: fewer than two systems, too many, or no pair to ask about.
    """
    if not 2 <= len(systems) <= MOST_SYSTEMS:
        raise TrainingError(
            f"--ask compares 2 to {MOST_SYSTEMS} results of each photo, not {len(systems)}: name more, or --detail auto,off"
        )
    if not cases:
        raise TrainingError("--ask has nothing to ask: all results are identical in every hole")
    random = np.random.default_rng(seed)
    pictures, pairs, sides = list[str](), list[dict[str, Any]](), list[tuple[int, int, int]]()
    for place, case in enumerate(cases):
        shown = {}
        for system in random.permutation(len(systems)).tolist():
            shown[system] = len(pictures)
            pictures.append(base64.b64encode(case.pictures[system]).decode())
        for pair in case.pairs:
            left, right = pair if random.integers(2) else pair[::-1]
            pairs.append({"case": place, "left": shown[left], "right": shown[right]})
            sides.append((place, left, right))
    order = random.permutation(len(pairs)).tolist()
    secret = {
        "format": FORMAT,
        "photos": photos,
        "seed": seed,
        "systems": list(systems),
        "figures": {name: schema.dump(one) for name, one in facts.items()},
        "cases": [schema.dump(VotedCase(one.photo, one.kind, _rounded(figures[one.photo, one.kind]))) for one in cases],
        "sides": [sides[place] for place in order],
    }
    data = {
        "seed": seed,
        "outlines": [base64.b64encode(case.outline).decode() for case in cases],
        "pictures": pictures,
        "pairs": [pairs[place] for place in order],
    }
    text = json.dumps([data, secret], sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    data |= {"page": name, "sealed": scrambled(json.dumps(secret).encode(), name)}
    template = (resources.files(__package__) / "page.html").read_text(encoding="utf-8")
    before, after = template.split(_PLACE)
    return before + json.dumps(data).replace("</", "<\\/") + after


def scrambled(content: bytes, name: str) -> str:
    """``content`` combined with a stream of numbers that ``name`` begins (xorshift32), in base64; the page undoes it."""
    state = zlib.crc32(name.encode()) or 1
    stream = bytearray()
    for _ in range(len(content)):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        stream.append(state & 255)
    return base64.b64encode(bytes(a ^ b for a, b in zip(content, stream, strict=True))).decode()


def _rounded(figures: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(round(value, 6) for value in values) for name, values in figures.items()}
