"""``evaluate --votes``: scores from people's votes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mobile_inpaint.cli import console


def show_votes(paths: Sequence[Path], *, json: bool) -> None:
    """Prints scores and agreements.

    Raises:
        TrainingError: a file is not what ``--ask``'s page saves, or the votes do not go together.
    """
    from mobile_inpaint.evaluation.votes.report import tally_document, tally_tables
    from mobile_inpaint.evaluation.votes.tally import tally
    from mobile_inpaint.evaluation.votes.vote_file import read_all

    found = tally(read_all(paths))
    if json:
        console.emit(tally_document(found))
        return
    for table in tally_tables(found):
        console.table(table.heads, table.lines, table.title)
