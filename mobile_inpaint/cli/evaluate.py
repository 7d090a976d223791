"""The verb ``evaluate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import LARGEST_SEED, MOST_RUNS
from mobile_inpaint.errors import TrainingError

if TYPE_CHECKING:
    from mobile_inpaint.training.evaluate import Candidate

_BASELINES = ("telea", "navier-stokes", "patches")
_DEFAULT_PX = 512
"""Of the squares where only baselines are compared."""


def evaluate(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help=f"Checkpoints, exported files, {', '.join(_BASELINES)}; the first is compared with each other one.",
        ),
    ],
    photos: Annotated[Path | None, typer.Option(help="A folder of photos, or shards; those that ship when left out.")] = None,
    holes: Annotated[str, typer.Option(help="Kinds of hole, with commas between.")] = "object,large",
    out: Annotated[Path, typer.Option(help="A folder for the report.")] = Path("evaluation"),
    limit: Annotated[int | None, typer.Option(min=2, max=MOST_RUNS, help="Look at so many photos only.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of the order of photos and the shapes of holes.")] = 0,
    vgg: Annotated[bool, typer.Option("--vgg", help="LPIPS with VGG16 too, which takes ten times as long.")] = False,
    inception: Annotated[
        Path | None, typer.Option(help="torch-fidelity's Inception weights, for FID proper, P-IDS and U-IDS.")
    ] = None,
    json: console.Json = False,
) -> None:
    """Hold fills against photos whose truth is known: figures with their intervals, and pictures, in a report."""
    from mobile_inpaint.export.quality_photos import FOLDER
    from mobile_inpaint.training.evaluate import evaluate
    from mobile_inpaint.training.evaluate_report import write_report
    from mobile_inpaint.training.evaluation_cases import Cases
    from mobile_inpaint.training.evaluation_tables import document, tables
    from mobile_inpaint.training.figures import Judge
    from mobile_inpaint.training.photo_source import open_photos
    from mobile_inpaint.training.sets import InceptionFeatures, SetFeatures

    features = InceptionFeatures(inception) if inception else SetFeatures()
    source = open_photos(photos or FOLDER, memory_mb=0)
    with console.steps() as step:
        opened = [_open(name, step) for name in what]
        sizes = {size: candidate.name for candidate, size in opened if size is not None}
        if len(sizes) > 1:
            found = " and ".join(f"{name} ({size} px)" for size, name in sizes.items())
            raise TrainingError(f"{found} take squares of different sizes: compare networks of one size")
        kinds = [kind.strip() for kind in holes.split(",")]
        cases = Cases(source, kinds, next(iter(sizes), _DEFAULT_PX), seed, limit, console.note)
        step("loading the networks that judge")
        judge = Judge(vgg=vgg)
        candidates = [candidate for candidate, _ in opened]
        title = photos.resolve().name if photos else "mobile-inpaint quality photos"
        evaluation = evaluate(candidates, cases, judge, features, f"{title} ({len(cases) // len(cases.kinds)} photos)", step)
        step(f"writing {out}")
        files = write_report(evaluation, cases, features, out)
    if json:
        console.emit({**document(evaluation, features), "files": [str(file) for file in files]})
        return
    for table in tables(evaluation, features):
        console.table(table.heads, table.lines, table.title)
    console.say(f"{out / 'index.html'}: the figures, with pictures")


def _open(name: str, step: Callable[[str], None]) -> tuple[Candidate, int | None]:
    """A candidate, and the side of the squares it takes; None where any will do."""
    from mobile_inpaint.artifact import Artifact, manifest_path
    from mobile_inpaint.training.evaluate import Candidate, of_network

    if name in _BASELINES:
        from mobile_inpaint.photo import baselines, patches

        fill = patches.patches if name == "patches" else getattr(baselines, name.replace("-", "_"))
        return Candidate(name, of_network(fill)), None
    step(f"loading {name}")
    if manifest_path(Path(name)).exists():
        from mobile_inpaint.targets import load_artifact, load_pipeline

        artifact = Artifact.open(name)
        contract = artifact.manifest.contract
        facts = {"precision": contract.precision, "sha256": artifact.manifest.sha256[:12]}
        if contract.io == "photo":
            pipeline = load_pipeline(name)
            return Candidate(Path(name).name, pipeline, {"runtime": pipeline.runtime, **facts}), contract.size_px
        runner = load_artifact(name)
        return Candidate(Path(name).name, of_network(runner), {"runtime": runner.runtime, **facts}), contract.size_px
    from mobile_inpaint.models import open_checkpoint
    from mobile_inpaint.targets.reference import run_by_torch

    generator, provenance = open_checkpoint(name, step)
    runner = run_by_torch(generator)
    facts = {"network": generator.name, "runtime": runner.runtime, "sha256": provenance.sha256[:12]}
    short = name if Path(name).suffix == "" else Path(name).stem
    return Candidate(short, of_network(runner), facts), generator.resolution
