"""The file that a page of pairs saves: who was compared on what, each figure's values, and the votes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mobile_inpaint import schema
from mobile_inpaint.documents import read_json
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.quoting import quoted, shown

FORMAT: Literal["mobile-inpaint votes 1"] = "mobile-inpaint votes 1"
MOST_SYSTEMS = 20
"""On one page: 190 pairs a case."""
MOST_VOTES = 20_000
"""In all files together: the bootstrap draws each of them 2000 times."""


@dataclass(frozen=True)
class FigureFacts:
    """How a figure is read; see :class:`~mobile_inpaint.evaluation.figures.Kind`."""

    title: str
    better: Literal["less", "more", "like the photo"]


@dataclass(frozen=True)
class VotedCase:
    """A photo with its hole.

    Attributes:
        photo, kind: of the case.
        figures: by name, the photo's own value, then each system's, in their order.
    """

    photo: str
    kind: str
    figures: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Vote:
    """One answer: the places of the case and of the two systems in their lists, and which looked better."""

    case: int
    left: int
    right: int
    choice: Literal["left", "right", "none"]


@dataclass(frozen=True)
class VoteFile:
    """What one person's browser saved of one page.

    Attributes:
        format: always `FORMAT`.
        page: names the page; the same for everybody who voted on it.
        voter: names the browser, drawn by lot.
        photos: the set, by name.
        seed: of the page's order.
        systems: names of what was compared.
        figures: by name, how each is read.
        cases: that the page shows, voted on or not.
        votes: given so far, no pair of a case twice.
    """

    format: Literal["mobile-inpaint votes 1"]
    page: str
    voter: str
    photos: str
    seed: int
    systems: tuple[str, ...]
    figures: dict[str, FigureFacts]
    cases: tuple[VotedCase, ...]
    votes: tuple[Vote, ...]


def read_votes(path: Path) -> VoteFile:
    """The votes at ``path``.

    Raises:
        TrainingError: it cannot be read, is no such file, or contradicts itself.
    """
    file = schema.load(VoteFile, read_json(path, TrainingError), path.name, TrainingError)
    if fault := next(_faults(file), None):
        raise TrainingError(f"{path.name}: {fault}; save the file again from the page that 'evaluate --ask' wrote")
    return file


def read_all(paths: Sequence[Path]) -> list[VoteFile]:
    """The votes of several files, which compare the same systems by the same figures.

    Raises:
        TrainingError: see :func:`read_votes`; the files do not go together, or one voter's votes on a page come twice.
    """
    files: list[VoteFile] = []
    seen: dict[tuple[str, str], Path] = {}
    for path in paths:
        file = read_votes(path)
        if files and file.systems != files[0].systems:
            raise TrainingError(
                f"{shown(path.name)}: compares other systems than {shown(paths[0].name)}: give votes on the same systems"
            )
        if files and file.figures != files[0].figures:
            raise TrainingError(
                f"{shown(path.name)}: has other figures than {shown(paths[0].name)}: give votes on pages of one version"
            )
        if earlier := seen.get((file.page, file.voter)):
            raise TrainingError(
                f"{shown(path.name)}: the same voter on the same page as {shown(earlier.name)}: give the later of the two files"
            )
        seen[file.page, file.voter] = path
        files.append(file)
    if sum(len(file.votes) for file in files) > MOST_VOTES:
        raise TrainingError(f"more than {MOST_VOTES} votes: give fewer files at a time")
    if not any(file.votes for file in files):
        raise TrainingError(f"{', '.join(shown(path.name) for path in paths[:5])}: no votes yet; answer some pairs first")
    return files


def _faults(file: VoteFile) -> Iterator[str]:
    systems = len(file.systems)
    if not 2 <= systems <= MOST_SYSTEMS or len(set(file.systems)) < systems:
        yield f"'systems' must be 2 to {MOST_SYSTEMS} different names"
    for place, case in enumerate(file.cases):
        if set(case.figures) != set(file.figures):
            yield f"'cases[{place}].figures' must have the names in 'figures'"
        if any(len(values) != systems + 1 for values in case.figures.values()):
            yield f"'cases[{place}].figures' must have {systems + 1} values each"
    asked = set[tuple[int, frozenset[int]]]()
    for place, vote in enumerate(file.votes):
        if not 0 <= vote.case < len(file.cases):
            yield f"'votes[{place}].case' is {quoted(vote.case)}, but there are {len(file.cases)} cases"
        pair = frozenset((vote.left, vote.right))
        if len(pair) < 2 or not pair <= set(range(systems)):
            yield f"'votes[{place}]' must compare two of {systems} systems, not {quoted(vote.left)} and {quoted(vote.right)}"
        if (vote.case, pair) in asked:
            yield f"'votes[{place}]' answers a pair that was answered before"
        asked.add((vote.case, pair))
