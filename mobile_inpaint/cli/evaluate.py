"""The verb ``evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import LARGEST_SEED, MOST_RUNS
from mobile_inpaint.cli.usage import UsageError
from mobile_inpaint.cli.verbs import EXAMPLES
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.quoting import quoted

_BASELINES = ("telea", "navier-stokes", "patches")
_NATIVE = "Whole photos"


def evaluate(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WHAT...",
            help=f"Checkpoints, exported files or baselines ({', '.join(_BASELINES)}); the first is compared with each other "
            "one.",
            autocompletion=completion.generators,
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of photos, or of .tar files of them.", show_default="photos that ship"),
    ] = None,
    holes: Annotated[
        str,
        typer.Option(
            metavar="KINDS",
            help="Kinds of hole, with commas between: thin, small, object, large, published, lama-thin, lama-medium,"
            " lama-thick.",
        ),
    ] = "object,large",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A folder for the report.")] = Path("evaluation"),
    limit: Annotated[int | None, typer.Option(min=2, max=MOST_RUNS, help="Use at most this many photos.")] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Seed for the order of photos and the shapes of holes.")
    ] = 0,
    vgg: Annotated[bool, typer.Option("--vgg", help="Compute LPIPS with VGG16 too; takes ten times as long.")] = False,
    inception: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Inception weights of torch-fidelity, for FID, P-IDS and U-IDS."),
    ] = None,
    native: Annotated[
        bool,
        typer.Option(
            "--native",
            help="Score whole photos at their own size: photos from 1400 px, large holes.",
            rich_help_panel=_NATIVE,
        ),
    ] = False,
    detail: Annotated[
        str,
        typer.Option(
            metavar="WAYS",
            help="The detail step of `fill`: auto, off, on, or several with commas between.",
            rich_help_panel=_NATIVE,
        ),
    ] = "auto",
    half: Annotated[
        Literal["all", "tuning", "held-out"],
        typer.Option(
            help="Use all photos, those for tuning, or those held out from tuning.",
            rich_help_panel=_NATIVE,
        ),
    ] = "all",
    ask: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Also write a page that asks people which result looks better.")
    ] = None,
    votes: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Scores from votes that such pages saved; evaluates nothing else."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print every table of the report.")] = False,
    json: console.Json = False,
) -> None:
    """Score results against ground truth.

    Cuts holes into photos, fills them, and compares the results with the photos. Writes figures with intervals, and pictures,
    to a report.
    """
    if votes:
        from mobile_inpaint.cli.evaluate_votes import show_votes

        show_votes([*votes, *map(Path, what or ())], json=json)
        return
    if not what:
        raise UsageError(
            f"name what to evaluate: checkpoints, exported files, {', '.join(_BASELINES)}; for example: "
            f"{EXAMPLES['evaluate'][0]}"
        )
    if native:
        _native(what, photos, detail, half, out, limit, seed, ask, verbose=verbose, json=json)
        return
    from mobile_inpaint.api import evaluate as api
    from mobile_inpaint.cli.evaluate_output import show
    from mobile_inpaint.evaluation.report.tables import document, headline, means, tables

    with console.steps("evaluate") as step:
        scores = api.evaluate(
            what,
            photos=photos,
            holes=holes,
            out=out,
            limit=limit,
            seed=seed,
            vgg=vgg,
            inception=inception,
            ask=ask,
            progress=step,
            note=console.note,
        )
        if scores.asked:
            console.note(scores.asked)
    evaluation, features = scores.evaluation, scores.features
    if json:
        console.emit({**document(evaluation, features), "files": [str(file) for file in scores.files]})
        return
    show(tables(evaluation, features) if verbose else means(evaluation), verbose=verbose)
    for line in headline(evaluation):
        console.say(line)
    console.say(f"{out / 'index.html'}: all figures, with pictures")
    console.hint(f"open {out / 'index.html'} in a browser")


def _native(
    what: list[str],
    photos: Path | None,
    detail: str,
    half: Literal["all", "tuning", "held-out"],
    out: Path,
    limit: int | None,
    seed: int,
    ask: Path | None,
    *,
    verbose: bool,
    json: bool,
) -> None:
    from mobile_inpaint.cli.evaluate_output import show
    from mobile_inpaint.data.photo_source import open_photos
    from mobile_inpaint.evaluation.candidates import open_native
    from mobile_inpaint.evaluation.native.cases import NativeCases
    from mobile_inpaint.evaluation.native.figures import NATIVE_KINDS, NativeJudge
    from mobile_inpaint.evaluation.native.native import evaluate_native
    from mobile_inpaint.evaluation.native.report import native_document, native_tables, write_native_report
    from mobile_inpaint.evaluation.votes.ask import check_ask, write_ask
    from mobile_inpaint.evaluation.votes.pairs import ShownCases
    from mobile_inpaint.photo.compositor.compositor import WAYS

    if photos is None:
        raise UsageError("--native has no photos of its own: name a folder with --photos")
    ways = [way.strip() for way in detail.split(",")]
    if unknown := [way for way in ways if way not in WAYS]:
        raise TrainingError(f"--detail is {quoted(unknown[0])}: it must be {', '.join(WAYS)}, or several with commas between")
    source = open_photos(photos, memory_mb=0)
    with console.steps("evaluate") as step:
        cases = NativeCases(source, half, seed, limit, console.note)
        candidates = [candidate for name in what for candidate in open_native(name, ways, step)]
        if ask:
            check_ask(ask, len(candidates))
        shown = ShownCases() if ask else None
        step("loading the networks that judge")
        judge = NativeJudge()
        evaluation = evaluate_native(candidates, cases, judge, photos.resolve().name, step, shown)
        step(f"writing {out}")
        files = write_native_report(evaluation, out)
        if ask and shown:
            console.note(write_ask(ask, evaluation, NATIVE_KINDS, shown))
    if json:
        console.emit({**native_document(evaluation), "files": [str(file) for file in files]})
        return
    show(native_tables(evaluation), verbose=verbose)
    console.say(f"{out / 'native.md'}: the figures; {out / 'worst.webp'}: the worst cases at 100 %")
