"""The verb ``train``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import CHECKPOINT

if TYPE_CHECKING:
    from mobile_inpaint.training.config import TrainConfig
    from mobile_inpaint.training.dry_run import Cost
    from mobile_inpaint.training.log import Entry

DEFAULT = "finetune"
"""The configuration of a new run where none is named."""


def train(
    photos: Annotated[Path, typer.Option(metavar="DIR|FILE.tar", help="A folder of photos, or a .tar of them.")],
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A TOML file with the settings of the run, or the name of one that ships.",
            show_default=DEFAULT,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FILE",
            help="The checkpoint to start from.",
            show_default="as in --config",
            autocompletion=completion.generators,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder of the run.")] = Path("run"),
    steps: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="The number of steps.", show_default="as in --config")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0, max=10_000_000, help="Stop after so many minutes with a checkpoint; 0 is no limit.")
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the newest checkpoint in --out.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print memory and time that the run needs, and write nothing.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="With --dry-run: list the layers too.")] = False,
    json: console.Json = False,
) -> None:
    """Train or fine-tune a network on photos.

    Ctrl-C or SIGTERM stops a run with a checkpoint; --resume continues it. For several machines use torchrun: see
    docs/training.md.
    """
    from mobile_inpaint.data.photo_source import open_photos

    run = _config(config, out if resume else None)
    if from_ is not None:
        run = replace(run, generator=replace(run.generator, checkpoint=from_))
    if steps is not None:
        run = replace(run, run=replace(run.run, steps=steps))
    source = open_photos(photos)
    if dry_run:
        from mobile_inpaint.training.dry_run import dry_run as measure

        with console.steps("dry run") as step:
            step("building the network and timing a few steps")
            cost = measure(run, source)
        _show_cost(cost, run, verbose=verbose, json=json)
        if not json:
            console.hint("the same command without --dry-run")
        return
    from mobile_inpaint.training.train import train as run_training

    with _bar(run) as (watch, note):
        outcome = run_training(run, source, out, resume=resume, minutes=minutes, watch=watch, note=note)
    if not outcome.first:
        return
    if outcome.stopped:
        console.note(f"{outcome.stopped}: stopped after step {outcome.step} of {run.run.steps}; go on with --resume")
    if json:
        console.emit(
            {
                "step": outcome.step,
                "stopped": outcome.stopped,
                "seconds": round(outcome.seconds, 1),
                "model": str(outcome.model),
            }
        )
    else:
        console.say(str(outcome.model))
        model = quote(str(outcome.model))
        if outcome.stopped:
            console.hint(f"mobile-inpaint train --photos {quote(str(photos))} --out {quote(str(out))} --resume")
        else:
            console.hint(f"mobile-inpaint export --target onnx --model {model}")
            console.hint(f"mobile-inpaint evaluate {model} {run.generator.checkpoint or CHECKPOINT}")


def _config(name: str | None, resumed: Path | None) -> TrainConfig:
    from mobile_inpaint.training.checkpoint import recorded_config
    from mobile_inpaint.training.config import read_config, shipped_config

    if name is None and resumed:
        return recorded_config(resumed)
    name = name or DEFAULT
    return read_config(Path(name)) if Path(name).suffix == ".toml" else shipped_config(name)


@contextmanager
def _bar(config: TrainConfig) -> Iterator[tuple[Callable[[Entry], None], Callable[[str], None]]]:
    """What shows the entries of the log as a bar on stderr, and what prints a line above it; lines alone without a terminal."""
    if not sys.stderr.isatty():
        with console.progress("training") as advance:
            yield lambda entry: advance(entry.step, config.run.steps), console.note
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    text = TextColumn("{task.fields[text]}")
    with Progress(MofNCompleteColumn(), BarColumn(), text, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=config.run.steps, text="starting")

        def watch(entry: Entry) -> None:
            minutes = (config.run.steps - entry.step) * config.data.batch / max(entry.images_per_second, 1e-9) / 60
            left = f"{minutes / 60:.1f} h" if minutes > 90 else f"{minutes:.0f} min"
            text = f"{entry.images_per_second:.2f} images/s, {left} left, loss {entry.losses['total']:.4f}"
            bar.update(task, completed=entry.step, text=text)

        yield watch, lambda line: bar.console.print(line, markup=False, highlight=False)


def _show_cost(cost: Cost, config: TrainConfig, *, verbose: bool, json: bool) -> None:
    from mobile_inpaint import schema

    if json:
        console.emit(schema.dump(cost))
        return
    if verbose:
        rows = [
            (layer.name, layer.kind, " × ".join(map(str, layer.shape)), layer.parameters, round(layer.macs / 1e6, 2))
            for layer in cost.layers
        ]
        console.table(("layer", "kind", "output", "parameters", "MMAC"), rows)
    console.facts(
        [
            *((f"parameters of the {name}", f"{count:,}") for name, count in cost.parameters.items()),
            ("MACs of the generator", f"{cost.macs / 1e9:.3f} G an image, forward"),
            ("arithmetic", f"{cost.arithmetic} on {cost.device}"),
            ("memory", f"{cost.memory_mb:.0f} MB at most, {config.data.batch} images a step"),
            ("time", f"{cost.seconds_per_step:.3f} s a step, {cost.images_per_second:.2f} images/s"),
            ("  of it for data", f"{cost.data_seconds_per_step:.3f} s without workers"),
            ("all steps", f"{config.run.steps}: {cost.hours:.1f} h"),
        ]
    )
    if not verbose:
        console.note(f"{len(cost.layers)} layers; list them with --verbose")
