"""What can be judged, by name: checkpoints, exported files, classical baselines; or a network that is loaded already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from mobile_inpaint.artifact import Artifact, manifest_path
from mobile_inpaint.errors import ArgumentError, TrainingError
from mobile_inpaint.evaluation.evaluate import Candidate, Filler, of_network
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.baselines import opencv, patchmatch
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.photo.io.source import kind_of
from mobile_inpaint.targets.base import Runner
from mobile_inpaint.targets.reference import run_by_torch
from mobile_inpaint.targets.registry import load_artifact, load_pipeline

BASELINES = ("telea", "navier-stokes", "patches")
DEFAULT_PX = 512
"""Side of the squares where only baselines are compared."""

Named: TypeAlias = str | Path | Artifact | Generator | Runner
"""A checkpoint's name, a file of weights or an exported file by its path, one of `BASELINES`; or one that is open already."""
Progress: TypeAlias = Callable[[str], None]


def open_candidate(what: Named, progress: Progress = lambda _: None) -> tuple[Candidate, int | None]:
    """A candidate, and the side in px of the squares that it takes; None where any will do.

    Args:
        what: see `Named`.
        progress: told what is loaded.

    Raises:
        CheckpointNotFound, WeightsError, ManifestError, ToolchainMissing: it is not there, or cannot be run.
        ArgumentError: none of these.
    """
    if isinstance(what, Generator):
        runner = run_by_torch(what.eval())
        return Candidate(
            what.name, of_network(runner), {"network": what.name, "runtime": runner.runtime}, runner
        ), what.resolution
    if isinstance(what, Runner):
        name = what.manifest.file if what.manifest else what.runtime
        return Candidate(name, of_network(what), {"runtime": what.runtime}, what), what.size_px
    if isinstance(what, Artifact):
        what = what.path
    if not isinstance(what, str | Path):
        raise ArgumentError(f"cannot judge {kind_of(what)}: name a checkpoint, an exported file or {', '.join(BASELINES)}")
    name = str(what)
    if name in BASELINES:
        fill = patchmatch.patches if name == "patches" else getattr(opencv, name.replace("-", "_"))
        return Candidate(name, of_network(fill), network=fill), None
    progress(f"loading {name}")
    return _open_artifact(Path(name)) if manifest_path(Path(name)).exists() else _open_checkpoint(name, progress)


def open_candidates(what: Sequence[Named], progress: Progress = lambda _: None) -> tuple[list[Candidate], int]:
    """Candidates that can be compared, and the side in px of the squares that all of them take.

    Raises:
        TrainingError: they take squares of different sizes.
        MobileInpaintError: see :func:`open_candidate`.
    """
    opened = [open_candidate(name, progress) for name in what]
    sizes = {size: candidate.name for candidate, size in opened if size is not None}
    if len(sizes) > 1:
        found = " and ".join(f"{name} ({size} px)" for size, name in sizes.items())
        raise TrainingError(f"{found} take squares of different sizes: compare networks of one size")
    return [candidate for candidate, _ in opened], next(iter(sizes), DEFAULT_PX)


def open_native(what: Named, ways: Sequence[str], progress: Progress = lambda _: None) -> list[Candidate]:
    """Candidates that fill whole photos: a network once for each way of its detail step.

    Args:
        what: see `Named`.
        ways: see :meth:`Compositor.with_detail`.
        progress: told what is loaded.

    Raises:
        MobileInpaintError: see :func:`open_candidate`.
    """

    def through(compositor: Compositor, fill: Fill) -> Filler:
        return lambda pixels, hole: compositor(pixels, hole, fill)

    candidate, size = open_candidate(what, progress)
    if candidate.network is None:
        return [candidate]
    compositor, network = Compositor(size_px=size or DEFAULT_PX), candidate.network
    return [
        replace(candidate, name=f"{candidate.name}, detail {way}", fill=through(compositor.with_detail(way), network))
        for way in ways
    ]


def _open_artifact(path: Path) -> tuple[Candidate, int]:
    artifact = Artifact.open(path)
    contract = artifact.manifest.contract
    facts = {"precision": contract.precision, "sha256": artifact.manifest.sha256[:12]}
    if contract.io == "photo":
        pipeline = load_pipeline(path)
        return Candidate(path.name, pipeline, {"runtime": pipeline.runtime, **facts}), contract.size_px
    runner = load_artifact(path)
    return Candidate(path.name, of_network(runner), {"runtime": runner.runtime, **facts}, runner), contract.size_px


def _open_checkpoint(name: str, progress: Progress) -> tuple[Candidate, int]:
    generator, provenance = open_checkpoint(name, progress)
    runner = run_by_torch(generator)
    facts = {"network": generator.name, "runtime": runner.runtime, "sha256": provenance.sha256[:12]}
    short = name if Path(name).suffix == "" else Path(name).stem
    return Candidate(short, of_network(runner), facts, runner), generator.resolution
