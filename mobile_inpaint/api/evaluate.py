"""Score results against ground truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobile_inpaint.errors import ArgumentError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.evaluation.candidates import Named
    from mobile_inpaint.evaluation.evaluate import Evaluation
    from mobile_inpaint.metrics.distribution import SetFeatures


@dataclass(frozen=True)
class Scores:
    """What :func:`evaluate` returns.

    Attributes:
        evaluation: every figure of every fill; ``evaluation.mean(kind, candidate, figure)`` has its 95 % interval.
        features: what the figures of sets were taken on.
        files: the report's, if one was written.
        asked: a line about the page for people's votes, if one was written.
    """

    evaluation: Evaluation
    features: SetFeatures
    files: tuple[Path, ...] = ()
    asked: str = ""

    def __repr__(self) -> str:
        one = self.evaluation
        return f"Scores({', '.join(one.names)} on {one.photos}; {', '.join(one.kinds)} holes at {one.size_px} px)"


def evaluate(
    what: Named | Sequence[Named],
    *,
    photos: str | Path | None = None,
    holes: str | Sequence[str] = ("object", "large"),
    out: str | Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    vgg: bool = False,
    inception: str | Path | None = None,
    ask: str | Path | None = None,
    progress: Callable[[str, int | None, int | None], None] = lambda what, done, total: None,
    note: Callable[[str], None] = lambda _: None,
) -> Scores:
    """Cuts holes into photos, fills them, and compares the results with the photos.

    ::

        scores = mi.evaluate(["migan-lite", "navier-stokes"], limit=30, out="evaluation")
        print(scores.evaluation.mean("object", "migan-lite", "lpips").mean)

    Args:
        what: one or several of: a checkpoint's name, a path to weights or to an exported file, ``telea``, ``navier-stokes``,
            ``patches``, an Artifact, what ``load_artifact`` returned, a Generator. The first is compared with each other one.
        photos: a folder of photos to judge on, or of shards; None takes those that ship.
        holes: kinds of hole, see docs/evaluation.md.
        out: a folder for a report with pictures; None writes none.
        limit: how many photos are looked at, at least 2; None takes all.
        seed: of the order of photos and the shapes of holes.
        vgg: LPIPS with VGG16 too.
        inception: torch-fidelity's Inception weights, for FID, P-IDS and U-IDS.
        ask: a page to write, ``.html``, that asks people which of two results looks better.
        progress: called as ``progress(what, done, total)`` with what is looked at next, how many cases are done and of how
            many; both are None before the first case and after the last one.
        note: told of each photo that cannot be read and is left out.

    Raises:
        CheckpointNotFound, WeightsError, ManifestError, ToolchainMissing: a candidate is not there, or cannot be run.
        TrainingError: no photos, candidates of different sizes or of the same name, an unknown kind of hole, or ``ask`` with
            one candidate.
        ArgumentError: ``limit`` below 2, or nothing to judge.
        OSError: ``out`` cannot be written to.
    """
    from mobile_inpaint.data.photo_source import open_photos
    from mobile_inpaint.data.quality_photos import FOLDER
    from mobile_inpaint.evaluation.candidates import open_candidates
    from mobile_inpaint.evaluation.cases import Cases
    from mobile_inpaint.evaluation.evaluate import evaluate as evaluated
    from mobile_inpaint.evaluation.figures import KINDS, Judge
    from mobile_inpaint.evaluation.report.write import write_report
    from mobile_inpaint.evaluation.votes.ask import check_ask, write_ask
    from mobile_inpaint.evaluation.votes.pairs import ShownCases
    from mobile_inpaint.metrics.distribution import InceptionFeatures, SetFeatures

    def step(what: str) -> None:
        progress(what, None, None)

    named = list(what) if isinstance(what, list | tuple) else [what]
    if not named:
        raise ArgumentError("nothing to judge: name a checkpoint, an exported file or a baseline")
    if limit is not None and limit < 2:
        raise ArgumentError(f"limit is {quoted(limit)}: an interval needs 2 photos or more")
    features = InceptionFeatures(Path(inception)) if inception else SetFeatures()
    folder = Path(photos) if photos is not None else FOLDER
    source = open_photos(folder, memory_mb=0)
    candidates, size_px = open_candidates(named, step)  # type: ignore[arg-type]
    if ask is not None:
        check_ask(Path(ask), len(candidates))
    kinds = [kind.strip() for kind in (holes.split(",") if isinstance(holes, str) else holes)]
    cases = Cases(source, kinds, size_px, seed, limit, note)
    step("loading the networks that judge")
    judge = Judge(vgg=vgg)
    title = folder.resolve().name if photos is not None else "mobile-inpaint quality photos"
    judged_on = f"{title} ({len(cases) // len(cases.kinds)} photos)"
    shown = ShownCases() if ask is not None else None
    evaluation = evaluated(candidates, cases, judge, features, judged_on, progress, shown)
    files: list[Path] = []
    if out is not None:
        step(f"writing {out}")
        files = write_report(evaluation, cases, features, Path(out))
    asked = write_ask(Path(ask), evaluation, KINDS, shown) if ask is not None and shown is not None else ""
    return Scores(evaluation, features, tuple(files), asked)
