"""The verb ``export``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import CHECKPOINT, LARGEST_SEED, MOST_SAMPLES
from mobile_inpaint.cli.export_output import report
from mobile_inpaint.cli.usage import UsageError
from mobile_inpaint.errors import RecipeError, ToolchainMissing
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
_FORMAT, _QUANTIZING = "Format options", "Quantization options"
_PREPARING_STEPS, _MAKING_STEPS = 8, 9
"""About how many steps of work are reported: before the first artifact, and for each one."""


def export(
    target: Annotated[
        list[str],
        typer.Option(
            metavar="FORMAT",
            help="onnx, tflite, coreml, or all; may be given more than once.",
            show_default="required unless --recipe is given",
            autocompletion=completion.targets,
        ),
    ] = [],  # noqa: B006
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="A checkpoint's name, a file of weights, or random:MODEL, for timing only.",
            autocompletion=completion.generators,
        ),
    ] = CHECKPOINT,
    precision: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="fp32, fp16, w8a32, w8a16, w8a8 (int8), pal8, pal6, pal4 or auto; may be given more than once.",
            autocompletion=completion.precisions,
        ),
    ] = ["fp16"],  # noqa: B006
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the artifacts.")] = Path("artifacts"),
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A TOML file with all of these settings and the versions of the converters."),
    ] = None,
    min_deployment_target: Annotated[
        str | None,
        typer.Option(metavar="iOS16|iOS17|iOS18", help="Core ML: the oldest iOS to run on.", rich_help_panel=_FORMAT),
    ] = None,
    io: Annotated[
        Io,
        typer.Option(
            help="tensor: the network alone. photo: pre- and post-processing too, uint8 photo and mask in, photo out.",
            rich_help_panel=_FORMAT,
        ),
    ] = "tensor",
    hole: Annotated[
        Hole, typer.Option(help="With --io photo: the colour in the mask that is filled.", rich_help_panel=_FORMAT)
    ] = "white",
    max_drop: Annotated[
        str,
        typer.Option(
            metavar="OBJECT[,FREE]",
            help="How much LPIPS may rise over fp32: on object-sized holes, and on free-form holes.",
            rich_help_panel=_QUANTIZING,
        ),
    ] = "0.002,0.008",
    calib_data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Photos to calibrate on.", show_default="photos that ship", rich_help_panel=_QUANTIZING
        ),
    ] = None,
    calib_samples: Annotated[
        int,
        typer.Option(
            min=1, max=MOST_SAMPLES, help="How many crops of the photos to calibrate on.", rich_help_panel=_QUANTIZING
        ),
    ] = 32,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Seed for the choice of crops and holes.", rich_help_panel=_QUANTIZING)
    ] = 0,
    ranges: Annotated[
        Ranges, typer.Option(help="How the range of an activation is estimated.", rich_help_panel=_QUANTIZING)
    ] = "percentile",
    percentile: Annotated[
        float,
        typer.Option(
            min=50,
            max=100,
            help="With --ranges percentile: the share of values that a range covers.",
            rich_help_panel=_QUANTIZING,
        ),
    ] = 99.99,
    equalization: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Exponent of the cross-layer equalization; 0 turns it off.", rich_help_panel=_QUANTIZING
        ),
    ] = 0.5,
    quality_crops: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_SAMPLES, help="Judge the result on at most this many photos.", rich_help_panel=_QUANTIZING
        ),
    ] = None,
    quality: Annotated[
        bool, typer.Option("--quality", help="Judge fp32 and fp16 artifacts on photos too.", rich_help_panel=_QUANTIZING)
    ] = False,
    keep_rejected: Annotated[
        bool, typer.Option("--keep-rejected", help="Keep a file that fails --max-drop.", rich_help_panel=_QUANTIZING)
    ] = False,
    json: console.Json = False,
) -> None:
    """Export a network to ONNX, TFLite or Core ML, and verify the file.

    Writes OUT/CHECKPOINT-PRECISION.SUFFIX and a manifest beside it. A file that fails the verification, or whose LPIPS rises by
    more than --max-drop, is deleted and the command exits with 1. --precision auto searches for the layers that must stay in
    floating point.
    """
    from mobile_inpaint.artifact import Quantization

    settings = Quantization(ranges=ranges, percentile=percentile, equalization=equalization, samples=calib_samples, seed=seed)
    if hole == "black" and io == "tensor":
        raise UsageError("--hole black: only a one-file pipeline has it; add --io photo")
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

    missing: dict[str, str] = {}
    for each in recipes:  # whatever cannot work is said before the first minute of work
        try:
            check_target(get_target(each.target), each.precision, each.deployment)
        except ToolchainMissing as error:
            missing[each.target] = str(error)
    if missing:
        rest = [name for name in dict.fromkeys(each.target for each in recipes) if name not in missing]
        instead = f"; or export what can be made here: {' '.join(f'--target {name}' for name in rest)}" if rest else ""
        raise ToolchainMissing("; ".join(f"{name}: {why}" for name, why in missing.items()) + instead)
    gate = Gate(*bounds(max_drop), quality_crops, keep_rejected, quality)
    done: list[Artifact] = []
    with ExitStack() as stack:
        with console.steps("export", expected=_PREPARING_STEPS) as step:
            prepared, integers = prepare(recipes[0].checkpoint, step), None
            if any(each.precision in WITH_INTEGER_ACTIVATIONS for each in recipes):
                integers = stack.enter_context(calibrated(prepared, recipes[0].quantization, calib_data, step))
        done += (make(prepared, each, integers, gate, out) for each in recipes)
    report(done, json=json)
    if not json and done:
        best = min(done, key=lambda artifact: artifact.manifest.contract.target != "onnx")  # which runs on any computer
        console.hint(f"mobile-inpaint fill photo.jpg -m mask.png -o result.jpg --artifact {quote(str(best.path))}")
        console.hint(f"mobile-inpaint bench {quote(str(best.path))}")


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
    with console.steps(f"{recipe.target} {recipe.precision}", expected=_MAKING_STEPS) as step:
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
            raise UsageError("a recipe names its own target: leave --target out")
        return [load_recipe(file)]
    if not targets:
        raise UsageError(f"say what to make: --target {'|'.join([*list_targets(), 'all'])}, or --recipe FILE")
    names = dict.fromkeys(list_targets() if "all" in targets else targets)
    return [
        Recipe(name, model, precision, deployment if len(names) == 1 or name == "coreml" else None, settings)  # type: ignore[arg-type]
        for name in names
        for precision in precisions
    ]
