"""The verb ``export``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import CHECKPOINT, LARGEST_SEED, MOST_SAMPLES
from mobile_inpaint.cli.export_output import report
from mobile_inpaint.errors import RecipeError
from mobile_inpaint.quoting import shown

if TYPE_CHECKING:
    from mobile_inpaint.artifact import Artifact, Quantization
    from mobile_inpaint.evaluation.gate import Gate
    from mobile_inpaint.export.prepared import Prepared
    from mobile_inpaint.export.recipe import Recipe
    from mobile_inpaint.photo.image import Fill
    from mobile_inpaint.quantization.session import Integers

Io = Literal["tensor", "photo"]
Hole = Literal["white", "black"]
Ranges = Literal["minmax", "percentile", "mse", "entropy"]
_QUANTIZING = "Integers"


def export(
    target: Annotated[list[str], typer.Option(help="onnx, tflite, coreml, or all; may be given more than once.")] = [],  # noqa: B006
    model: Annotated[
        str, typer.Option(help="A checkpoint's name, a file of weights, or random:MODEL, for timing only.")
    ] = CHECKPOINT,
    precision: Annotated[
        list[str], typer.Option(help="fp32, fp16, w8a32, w8a16, w8a8, pal8, pal6, pal4 or auto; may be given more than once.")
    ] = ["fp16"],  # noqa: B006
    out: Annotated[Path, typer.Option(help="Folder for the artifacts.")] = Path("artifacts"),
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that says all of this, and with which versions.")] = None,
    min_deployment_target: Annotated[str | None, typer.Option(help="Core ML: iOS16, iOS17 or iOS18.")] = None,
    io: Annotated[Io, typer.Option(help="The network alone, or a photo's whole way in one file.")] = "tensor",
    hole: Annotated[Hole, typer.Option(help="With --io photo: the mask's colour that is filled.")] = "white",
    max_drop: Annotated[
        str,
        typer.Option(
            metavar="OBJECT[,FREE]",
            help="What LPIPS may rise by over fp32, on holes up to an object's size and on free-form ones.",
            rich_help_panel=_QUANTIZING,
        ),
    ] = "0.002,0.008",
    calib_data: Annotated[
        Path | None, typer.Option(help="Photos to calibrate on; without it, some that ship.", rich_help_panel=_QUANTIZING)
    ] = None,
    calib_samples: Annotated[
        int, typer.Option(min=1, max=MOST_SAMPLES, help="Crops of them.", rich_help_panel=_QUANTIZING)
    ] = 32,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of crops and holes.", rich_help_panel=_QUANTIZING)] = 0,
    ranges: Annotated[
        Ranges, typer.Option(help="How an activation's range is estimated.", rich_help_panel=_QUANTIZING)
    ] = "percentile",
    percentile: Annotated[
        float, typer.Option(min=50, max=100, help="Share of values that a range covers.", rich_help_panel=_QUANTIZING)
    ] = 99.99,
    equalization: Annotated[
        float, typer.Option(min=0, max=1, help="Exponent of the cross-layer equalization.", rich_help_panel=_QUANTIZING)
    ] = 0.5,
    quality_crops: Annotated[
        int | None, typer.Option(min=1, max=MOST_SAMPLES, help="Judge on so many photos only.", rich_help_panel=_QUANTIZING)
    ] = None,
    quality: Annotated[
        bool, typer.Option("--quality", help="Judge the fills of fp32 and fp16 too.", rich_help_panel=_QUANTIZING)
    ] = False,
    keep_rejected: Annotated[
        bool, typer.Option("--keep-rejected", help="Keep a file that misses its bounds.", rich_help_panel=_QUANTIZING)
    ] = False,
    json: console.Json = False,
) -> None:
    """Make an artifact for phones and browsers, verified.

    Writes OUT/CHECKPOINT-PRECISION.SUFFIX and its manifest beside it. A file that fails its verification, or whose fills are
    worse than --max-drop allows, is not left behind. For --precision auto the layers that must stay float are searched for.
    """
    from mobile_inpaint.artifact import Quantization

    settings = Quantization(ranges=ranges, percentile=percentile, equalization=equalization, samples=calib_samples, seed=seed)
    if hole == "black" and io == "tensor":
        raise RecipeError("--hole black: only a one-file pipeline has it; add --io photo")
    recipes = [
        replace(each, io=io, hole=hole) if recipe is None else each
        for each in _recipes(target, model, precision, min_deployment_target, settings, recipe)
    ]
    # torch is not loaded before everything typed or read from a file was looked at
    from mobile_inpaint.evaluation.gate import Gate
    from mobile_inpaint.export.pipeline import check_target
    from mobile_inpaint.export.prepared import prepare
    from mobile_inpaint.quantization.session import WITH_INTEGER_ACTIVATIONS
    from mobile_inpaint.targets.registry import get_target

    for each in recipes:  # whatever cannot work is said before the first minute of work
        check_target(get_target(each.target), each.precision, each.deployment)
    gate = Gate(*bounds(max_drop), quality_crops, keep_rejected, quality)
    done: list[Artifact] = []
    with ExitStack() as stack:
        with console.steps() as step:
            prepared, integers = prepare(recipes[0].checkpoint, step), None
            if any(each.precision in WITH_INTEGER_ACTIVATIONS for each in recipes):
                integers = stack.enter_context(calibrated(prepared, recipes[0].quantization, calib_data, step))
        done += (make(prepared, each, integers, gate, out) for each in recipes)
    report(done, json=json)


def calibrated(
    prepared: Prepared, settings: Quantization, photos: Path | None, step: Callable[[str], None]
) -> AbstractContextManager[Integers]:
    """The network on its way into integers; see :class:`~mobile_inpaint.quantization.session.Integers`."""
    from mobile_inpaint.quantization.calibration import calibration_samples
    from mobile_inpaint.quantization.session import Integers

    step("reading photos to calibrate on")
    samples = calibration_samples(photos, settings.samples, prepared.network.resolution, settings.seed, console.note)
    return Integers.of(prepared.network, samples, settings, step)


def make(prepared: Prepared, recipe: Recipe, integers: Integers | None, gate: Gate, out: Path) -> Artifact:
    """One artifact; for ``auto`` the layers that stay float are searched for where the recipe names none."""
    from mobile_inpaint.export.pipeline import export_artifact
    from mobile_inpaint.lint.linter import lint_artifact

    layers = recipe.quantization.float_layers
    if recipe.precision == "auto" and integers is not None and not layers:
        layers = _search(prepared, recipe, integers, gate, out)
    with console.steps() as step:
        artifact = export_artifact(
            prepared,
            recipe.target,
            recipe.precision,
            out,
            deployment=recipe.deployment,
            io=recipe.io,
            hole=int(recipe.hole == "white"),
            integers=integers,
            float_layers=layers,
            gate=gate,
            progress=step,
        )
        step(f"linting {artifact.path.name}")
        report = lint_artifact(artifact.path)
    console.note(f"{artifact.path.name}: {report.summary}")
    return artifact


def _search(prepared: Prepared, recipe: Recipe, integers: Integers, gate: Gate, out: Path) -> tuple[str, ...]:
    """Names of the layers that stay float; what was found is printed, and written beside the artifact to be."""
    from mobile_inpaint.cli.export_output import report_search
    from mobile_inpaint.export.mixed_precision import find_mix

    with console.progress(f"mix for {recipe.target}") as advance:
        found = find_mix(
            prepared,
            recipe.target,
            integers,
            gate,
            deployment=recipe.deployment,
            ratio=partial(_ratio, prepared.network.resolution),
            advance=lambda done, total, _: advance(done, total),
        )
    report_search(found, f"{prepared.checkpoint}-auto.{recipe.target}", out)
    return found.float_layers


def _ratio(size_px: int, one: Fill, other: Fill) -> float:
    """How many times as fast as ``one`` ``other`` is, both run in turn."""
    from statistics import median

    from mobile_inpaint.bench.measure.protocol import measure_in_turn
    from mobile_inpaint.bench.measure.workload import example

    mask = (example(size_px, 2)[:, :1] > 0.5).astype("float32")
    first, second = measure_in_turn([lambda i, f=f: f(example(size_px, i % 2), mask) for f in (one, other)], 2, 9)  # type: ignore[misc]
    return median(a / b for a, b in zip(first.times_ms, second.times_ms, strict=True))


def bounds(text: str) -> tuple[float, float]:
    """``OBJECT[,FREE]``; free-form holes are allowed four times as much where nothing is said of them."""
    first, comma, second = text.partition(",")
    try:
        bounds = float(first), float(second) if comma else 4 * float(first)
    except ValueError:
        bounds = -1.0, -1.0
    if not (0 <= bounds[0] < 1 and 0 <= bounds[1] < 1):
        raise RecipeError(f"--max-drop {shown(text)}: must be OBJECT or OBJECT,FREE from 0 to below 1, for example 0.002,0.008")
    return bounds


def _recipes(
    targets: list[str], model: str, precisions: list[str], deployment: str | None, settings: Quantization, file: Path | None
) -> list[Recipe]:
    from mobile_inpaint.export.recipe import Recipe, load_recipe
    from mobile_inpaint.targets.registry import list_targets

    if file is not None:
        if targets:
            raise RecipeError("a recipe names its own target: leave --target out")
        return [load_recipe(file)]
    if not targets:
        raise RecipeError(f"say what to make: --target {'|'.join([*list_targets(), 'all'])}, or --recipe FILE")
    names = dict.fromkeys(list_targets() if "all" in targets else targets)
    return [
        Recipe(name, model, precision, deployment if len(names) == 1 or name == "coreml" else None, settings)  # type: ignore[arg-type]
        for name in names
        for precision in precisions
    ]
