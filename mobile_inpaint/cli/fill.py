"""The verb ``fill``."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import CHECKPOINT, MOST_THREADS
from mobile_inpaint.errors import ManifestError, MaskError
from mobile_inpaint.quoting import quoted

if TYPE_CHECKING:
    from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
    from mobile_inpaint.photo.image import Photo
    from mobile_inpaint.photo.mask import Mask

_SECONDS_PER_PIXEL, _BYTES_PER_PIXEL = 1e-5, 256
"""What a one-file pipeline may take more for each of the photo's. A network alone sees squares of one size."""

Hole = Literal["white", "black", "alpha"]
Way = Literal["auto", "off", "on"]


def fill(
    photo: Annotated[Path, typer.Argument(help="The photo: JPEG, PNG, WebP or HEIC.")],
    mask: Annotated[
        Path, typer.Option("-m", "--mask", metavar="FILE", help="A picture of the photo's size that says what to erase.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The file to write; its suffix says the format.")],
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="A checkpoint's name, or a file of weights.", autocompletion=completion.generators
        ),
    ] = CHECKPOINT,
    artifact: Annotated[Path | None, typer.Option(help="An exported file to use instead of a checkpoint.")] = None,
    hole: Annotated[Hole, typer.Option(help="What in the mask means erase.")] = "white",
    grow: Annotated[str, typer.Option(help="Enlarge the mask by so many pixels, or auto.")] = "0",
    allow_full: Annotated[bool, typer.Option("--allow-full", help="Accept a mask that covers everything.")] = False,
    max_pixels: Annotated[int, typer.Option(min=1, max=2**40, help="Refuse larger photos before decoding them.")] = 100_000_000,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of a JPEG or WebP, 1 to 100; the photo's own when left out.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let OUT be the photo itself.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=MOST_THREADS, help="For the runtime.")] = None,
    detail: Annotated[
        Way,
        typer.Option(
            help="Rebuild large holes from the photo's own texture: auto where the fill would be enlarged 1.5 times or more."
        ),
    ] = "auto",
    json: console.Json = False,
) -> None:
    """Erase what a mask covers from a photo.

    Pixels outside the mask come back bit for bit, in formats that keep bits.
    """
    import time

    from mobile_inpaint.photo.image import Photo
    from mobile_inpaint.photo.mask import Mask

    opened = Photo.open(photo, max_pixels=max_pixels)
    opened.check_save(out, overwrite=overwrite)
    wanted = _mask(Mask.open(mask, hole=hole, max_pixels=max_pixels), grow, opened, allow_full=allow_full)
    with ExitStack() as stack:
        step = stack.enter_context(console.steps())
        step("loading the network")
        if artifact is None:
            fill, runtime = _by_checkpoint(model, threads, detail, step)
        else:
            fill, runtime = _by_artifact(artifact, wanted.hole.size, threads, detail, stack)
        step(f"filling {wanted.area:,} pixels")
        started = time.perf_counter()
        result = opened.with_pixels(fill(opened.pixels, wanted.hole))
        seconds = time.perf_counter() - started
        step(f"writing {out}")
        left_out = result.save(out, quality=quality, overwrite=overwrite)
    for line in left_out:
        console.note(line)
    if json:
        console.emit(
            {
                "out": str(out),
                "width": result.width,
                "height": result.height,
                "hole_pixels": wanted.area,
                "fill_ms": round(seconds * 1000, 1),
                "runtime": runtime,
            }
        )
    else:
        console.say(f"{out}: {wanted.area:,} pixels filled in {seconds:.2f} s by {runtime}")
        console.hint(f"open {out}")


def _mask(mask: Mask, grow: str, photo: Photo, *, allow_full: bool) -> Mask:
    from mobile_inpaint.photo.mask import edge_hint, polarity_hint

    mask.check(photo.pixels.shape, allow_full=allow_full)
    hints = [polarity_hint(mask)]
    if grow == "auto":
        mask = mask.grow_auto()
    else:
        px = _pixels(grow, mask.diagonal_px)
        mask = mask.grow(px)
        hints.append(None if px else edge_hint(photo.pixels, mask))
    for hint in filter(None, hints):
        console.note(hint)
    return mask


def _pixels(grow: str, most: int) -> int:
    if not re.fullmatch("[0-9]+", grow):
        raise MaskError(f"--grow is {quoted(grow)}: it must be auto or a whole number of pixels")
    if len(grow.lstrip("0")) > len(str(most)) or int(grow[-len(str(most)) :]) > most:
        raise MaskError(f"--grow is {quoted(grow)}: it must be at most {most}, the diagonal of the photo, or auto")
    return int(grow[-len(str(most)) :])


def _by_artifact(
    path: Path, pixels: int, threads: int | None, detail: Way, stack: ExitStack
) -> tuple[Callable[[Pixels, Flags], Pixels], str]:
    """What fills a photo of so many pixels by an exported file while ``stack`` is open, and by what it runs."""
    from functools import partial

    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.photo.compositor.compositor import Compositor
    from mobile_inpaint.photo.compositor.detail_choice import with_detail
    from mobile_inpaint.targets.guarded import Guard

    manifest = Artifact.open(path).manifest
    if manifest.contract.io == "photo":
        if detail == "on":
            raise ManifestError(
                f"{path}: a one-file pipeline has no detail step: use --detail off, or an artifact without --io photo"
            )
        whole = Guard(path, more_seconds=pixels * _SECONDS_PER_PIXEL, more_bytes=pixels * _BYTES_PER_PIXEL)
        pipeline = stack.enter_context(whole).load_photo(threads=threads)
        return pipeline, pipeline.runtime
    runner = stack.enter_context(Guard(path)).load(threads=threads)
    compositor = with_detail(Compositor.from_numbers(manifest.compositor), detail)
    return partial(compositor, fill=runner), runner.runtime


def _by_checkpoint(
    model: str, threads: int | None, detail: Way, step: Callable[[str], None]
) -> tuple[Callable[[Pixels, Flags], Pixels], str]:
    """What fills a photo by a generator, and by what it runs."""
    from functools import partial

    import torch

    from mobile_inpaint.models.registry import open_checkpoint
    from mobile_inpaint.photo.compositor.compositor import Compositor
    from mobile_inpaint.photo.compositor.detail_choice import with_detail
    from mobile_inpaint.targets.reference import run_by_torch

    if threads:
        torch.set_num_threads(threads)
    generator, _ = open_checkpoint(model, step)
    runner = run_by_torch(generator)
    compositor = with_detail(Compositor(size_px=generator.resolution), detail)
    return partial(compositor, fill=runner), runner.runtime
