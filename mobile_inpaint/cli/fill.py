"""The verb ``fill``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import CHECKPOINT, MOST_THREADS
from mobile_inpaint.cli.fill_work import Done, Engine, Way, Wishes
from mobile_inpaint.errors import MaskError, MobileInpaintError, PhotoError

if TYPE_CHECKING:
    from mobile_inpaint.cli.fill_batch import Outcome


def fill(
    photo: Annotated[Path, typer.Argument(help="The photo: JPEG, PNG, WebP, AVIF or HEIC; a folder of them; - for a pipe.")],
    mask: Annotated[
        Path,
        typer.Option(
            "-m", "--mask", metavar="FILE", help="A picture of the photo's size that says what to erase; a folder of them."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="The file to write; its suffix says the format. A folder for a folder; - for a pipe.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="A checkpoint's name, or a file of weights.", autocompletion=completion.generators
        ),
    ] = CHECKPOINT,
    artifact: Annotated[Path | None, typer.Option(help="An exported file to use instead of a checkpoint.")] = None,
    hole: Annotated[
        str,
        typer.Option(
            metavar="auto|white|black|alpha|opaque|LABEL",
            help="What in the mask means erase. alpha: what is transparent; opaque: what is painted; LABEL: a level, such "
            "as 1, or a colour, such as ff0000.",
        ),
    ] = "auto",
    grow: Annotated[str, typer.Option(help="Enlarge the mask by so many pixels, or auto.")] = "0",
    allow_full: Annotated[
        bool, typer.Option("--allow-full", help="Accept a mask that covers everything, or looks inverted.")
    ] = False,
    keep_alpha: Annotated[
        bool, typer.Option("--keep-alpha", help="Leave what was filled as transparent as it was; it is made opaque otherwise.")
    ] = False,
    max_pixels: Annotated[int, typer.Option(min=1, max=2**40, help="Refuse larger photos before decoding them.")] = 100_000_000,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of a JPEG, WebP, AVIF or HEIC, 1 to 100; the photo's own when left out.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="Of what goes into a pipe or a folder, such as png; the photo's own when left out."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Let OUT replace the photo, the mask, or another file that is no earlier result."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Of a folder: leave out what an earlier run has filled with the same options.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=MOST_THREADS, help="For the runtime.")] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda or mps; for an .onnx file, any execution provider of ONNX Runtime.")
    ] = "cpu",
    detail: Annotated[
        Way,
        typer.Option(
            help="Rebuild large holes from the photo's own texture: auto where the fill would be enlarged 1.5 times or more."
        ),
    ] = "auto",
    json: console.Json = False,
) -> None:
    """Erase what a mask covers from a photo, or from each photo in a folder.

    Pixels outside the mask come back bit for bit, in formats that keep bits.
    """
    from mobile_inpaint.cli import fill_work

    wishes = Wishes(hole, grow, allow_full, keep_alpha, max_pixels, quality, overwrite, fill_work.format_named(format))
    engine = Engine(model, artifact, threads, device, detail)
    fill_work.check_wishes(wishes)
    if photo.is_dir():
        from mobile_inpaint.cli import fill_batch

        _report(fill_batch.fill_folder(photo, mask, out, wishes, engine, resume=resume), out, json)
        return
    if resume:
        raise PhotoError(f"{photo}: --resume is for a folder of photos; leave it out")
    if mask.is_dir():
        raise MaskError(f"{mask}: is a folder, and {photo} is not: name the mask of this photo")
    done = _one(photo, mask, out, wishes, engine, json=json)
    if json:
        console.emit(
            {
                "out": done.out,
                "width": done.width,
                "height": done.height,
                "hole_pixels": done.hole_pixels,
                "fill_ms": round(done.seconds * 1000, 1),
                "runtime": done.runtime,
            }
        )
    else:
        say = console.note if done.out == "standard output" else console.say
        say(f"{done.out}: {done.hole_pixels:,} pixels filled in {done.seconds:.2f} s by {done.runtime}")
        if say is console.say:
            console.hint(f"open {done.out}")


def _one(photo: Path, mask: Path, out: Path, wishes: Wishes, engine: Engine, *, json: bool) -> Done:
    from mobile_inpaint.cli import fill_work

    if str(photo) == str(mask) == "-":
        raise PhotoError("standard input holds one picture: name a file as the photo or as the mask")
    if fill_work.is_stream(out):
        if json:
            raise PhotoError(
                "--json and the result would both go to standard output: leave --json out, or name a file with --out"
            )
    else:
        inputs = {"photo": photo, "mask": mask, "artifact": engine.artifact, "model": Path(engine.model)}
        fill_work.check_out(out, {what: path for what, path in inputs.items() if path}, wishes)
    opened, wanted = fill_work.opened(photo, mask, wishes)
    if not fill_work.is_stream(out):
        from mobile_inpaint.photo.io.formats import format_of

        shell = opened.filled(opened.pixels, wanted.hole, keep_alpha=wishes.keep_alpha)
        shell.check_format(format_of(out), str(out))
    with ExitStack() as stack:
        step = stack.enter_context(console.steps())
        step("loading the network")
        filler = fill_work.load(engine, wanted.hole.size, step, stack)
        step(f"filling {wanted.area:,} pixels")
        done, lines = fill_work.fill_one(opened, wanted, out, filler, wishes)
    for line in lines:
        console.note(line)
    return done


def _report(outcome: Outcome, out: Path, json: bool) -> None:
    """Says what became of a folder.

    Raises:
        MobileInpaintError: not all of it was filled.
    """
    if json:
        console.emit(
            {
                "out": str(out),
                "filled": [done._asdict() for done in outcome.done],
                "left_out": outcome.left_out,
                "failed": [{"photo": photo, "error": error} for photo, error in outcome.failed],
            }
        )
    else:
        pixels = sum(done.hole_pixels for done in outcome.done)
        before = f", {outcome.left_out} were there already" if outcome.left_out else ""
        console.say(f"{out}: {len(outcome.done)} photos filled ({pixels:,} pixels){before}")
    if outcome.failed:
        for photo, error in outcome.failed:
            console.note(f"not filled: {photo}: {error}" if not error.startswith(photo) else f"not filled: {error}")
        count = len(outcome.done) + outcome.left_out + len(outcome.failed)
        raise MobileInpaintError(f"{len(outcome.failed)} of {count} photos were not filled; the lines above say why")
