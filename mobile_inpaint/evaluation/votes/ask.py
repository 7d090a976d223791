"""From an evaluation to the page that asks people about its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mobile_inpaint import files
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.evaluation.figures import Kind
from mobile_inpaint.evaluation.votes.page import page_of
from mobile_inpaint.evaluation.votes.pairs import ShownCases
from mobile_inpaint.evaluation.votes.vote_file import FigureFacts


class _Row(Protocol):
    """A line of either evaluation: the photo's own first, then each candidate's, case by case."""

    @property
    def photo(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def figures(self) -> Mapping[str, float]: ...


class _Rows(Protocol):
    """Either evaluation."""

    @property
    def photos(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def rows(self) -> Sequence[_Row]: ...


def check_ask(page: Path, systems: int) -> None:
    """Refuses, before hours of work, what :func:`write_ask` would refuse after them.

    Raises:
        TrainingError: a single system, or no place for the page.
    """
    if systems < 2:
        raise TrainingError("--ask compares at least two results of each photo: name two models, or --native --detail auto,off")
    if page.is_dir() or not page.parent.is_dir():
        raise TrainingError(f"--ask {page}: no file can be written there; name a file in a folder that exists")


def write_ask(page: Path, evaluation: _Rows, kinds: Mapping[str, Kind], shown: ShownCases) -> str:
    """Writes the page; a line about what it asks.

    Args:
        page: the file, replaced in one step.
        evaluation: of either kind.
        kinds: how its figures are read.
        shown: collected while the evaluation ran.

    Raises:
        TrainingError: there is nothing to ask about.
        OSError: the file cannot be written.
    """
    systems, rows = evaluation.names, evaluation.rows
    names = [name for name in kinds if name in rows[0].figures]
    facts = {name: FigureFacts(kinds[name].title, kinds[name].better) for name in names}
    together = len(systems) + 1
    figures = {
        (rows[start].photo, rows[start].kind): {
            name: [row.figures[name] for row in rows[start : start + together]] for name in names
        }
        for start in range(0, len(rows), together)
    }
    content = page_of(shown.cases, systems, facts, figures, evaluation.photos, evaluation.seed)
    files.write_whole(page, content)
    pairs = sum(len(case.pairs) for case in shown.cases)
    line = f"{page}: {pairs} pairs of {len(systems)} results, {len(content) / 1e6:.1f} MB; open it in a browser"
    if shown.identical:
        line += f"; {shown.identical} identical pairs are not asked about"
    if shown.left_out:
        line += f"; {shown.left_out} cases found no room"
    return line
