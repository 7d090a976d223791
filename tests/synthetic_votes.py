"""Test data: vote files with votes drawn by a computer, never by people. Their names and texts say so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.metrics import bradley_terry

FIGURES = {
    "right": {"title": "right (test data)", "better": "less"},
    "reversed": {"title": "reversed (test data)", "better": "less"},
    "constant": {"title": "constant (test data)", "better": "more"},
    "near": {"title": "near (test data)", "better": "like the photo"},
}


def document(votes: Sequence[dict[str, Any]], systems: int = 3, cases: int = 4, voter: str = "computer") -> dict[str, Any]:
    """A vote file on so many systems, of which the first is the best by the figure ``right``."""
    figures = {
        "right": [0.0, *(0.1 * (place + 1) for place in range(systems))],
        "reversed": [0.0, *(-0.1 * (place + 1) for place in range(systems))],
        "constant": [1.0] * (systems + 1),
        "near": [5.0, *(5.0 + (-1) ** place * (place + 1) for place in range(systems))],
    }
    return {
        "format": "mobile-inpaint votes 1",
        "page": "0123456789ab",
        "voter": voter,
        "photos": "TEST DATA, no photos",
        "seed": 0,
        "systems": [f"system {'ABCDEFGH'[place]}" for place in range(systems)],
        "figures": FIGURES,
        "cases": [{"photo": f"photo {place}", "kind": "tight", "figures": figures} for place in range(cases)],
        "votes": list(votes),
    }


def vote(case: int, left: int, right: int, choice: str) -> dict[str, Any]:
    return {"case": case, "left": left, "right": right, "choice": choice}


def drawn(strengths: Sequence[float], ties: float, cases: int, seed: int) -> list[dict[str, Any]]:
    """One vote on each pair of each case, drawn from the model, left and right by lot."""
    random, systems = np.random.default_rng(seed), len(strengths)
    chances = bradley_terry.chances(np.array([*strengths, ties]), systems)
    votes = []
    for case in range(cases):
        for (first, second), odds in zip(bradley_terry.pairs_of(systems), chances, strict=True):
            outcome = int(random.choice(3, p=odds))
            turned = bool(random.integers(2))
            choice = ("left", "right", "none")[outcome if not turned or outcome == 2 else 1 - outcome]
            votes.append(vote(case, *((second, first) if turned else (first, second)), choice))
    return votes


def save(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
