"""The verb ``export``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mobile_inpaint import defaults
from mobile_inpaint.cli import completion, console
from mobile_inpaint.cli.defaults import LARGEST_SEED, MOST_SAMPLES
from mobile_inpaint.cli.usage import UsageError
from mobile_inpaint.errors import RecipeError
from mobile_inpaint.quoting import shown

if TYPE_CHECKING:
    from mobile_inpaint.artifact import Artifact, Quantization
    from mobile_inpaint.export.recipe import Recipe
    from mobile_inpaint.photo.image import Fill

Io = Literal["tensor", "photo"]
Hole = Literal["white", "black"]
Detail = Literal["auto", "off"]
Ranges = Literal["minmax", "percentile", "mse", "entropy"]
_FORMAT, _QUANTIZING = "Format options", "Quantization options"
_PREPARING_STEPS, _MAKING_STEPS = 8, 9
"""About how many steps of work are reported: before the first artifact, and for each one."""


def export(
    context: typer.Context,
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
    ] = defaults.CHECKPOINT,
    precision: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="fp32, fp16, w8a32, w8a16, w8a8 (int8), pal8, pal6, pal4 or auto; may be given more than once.",
            autocompletion=completion.precisions,
        ),
    ] = [defaults.PRECISION],  # noqa: B006
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the artifacts.")] = Path("artifacts"),
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file with all of these settings and the versions of the converters; options must agree.",
        ),
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
    detail: Annotated[
        Detail,
        typer.Option(
            help="off: an app that carries the file does not rebuild large holes from the photo's own patches.",
            rich_help_panel=_FORMAT,
        ),
    ] = "auto",
    max_drop: Annotated[
        str,
        typer.Option(
            metavar="OBJECT[,FREE]",
            help="How much LPIPS may rise over fp32: on object-sized holes, and on free-form holes.",
            rich_help_panel=_QUANTIZING,
        ),
    ] = f"{defaults.MAX_RISE_OBJECT},{defaults.MAX_RISE_FREE}",
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
    ] = defaults.CALIBRATION_SAMPLES,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Seed for the choice of crops and holes.", rich_help_panel=_QUANTIZING)
    ] = defaults.SEED,
    ranges: Annotated[
        Ranges, typer.Option(help="How the range of an activation is estimated.", rich_help_panel=_QUANTIZING)
    ] = defaults.RANGES,
    percentile: Annotated[
        float,
        typer.Option(
            min=50,
            max=100,
            help="With --ranges percentile: the share of values that a range covers.",
            rich_help_panel=_QUANTIZING,
        ),
    ] = defaults.PERCENTILE,
    equalization: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Exponent of the cross-layer equalization; 0 turns it off.", rich_help_panel=_QUANTIZING
        ),
    ] = defaults.EQUALIZATION,
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
    floating point. --target all skips what a format cannot make, and says so.
    """
    from mobile_inpaint.artifact import Quantization
    from mobile_inpaint.export.recipe import load_recipe
    from mobile_inpaint.targets.registry import list_targets

    settings = Quantization(ranges=ranges, percentile=percentile, equalization=equalization, samples=calib_samples, seed=seed)
    if recipe is not None:
        wanted = [load_recipe(recipe)]
        typed = {
            "--target": target,
            "--model": model,
            "--precision": precision,
            "--min-deployment-target": min_deployment_target,
        }
        _refuse_conflicts(context, recipe, wanted[0], {**typed, "--io": io, "--hole": hole, "--detail": detail}, settings)
    elif not target:
        raise UsageError(f"say what to make: --target {'|'.join([*list_targets(), 'all'])}, or --recipe FILE")
    elif hole == "black" and io == "tensor":
        raise UsageError("--hole black: only a one-file pipeline has it; add --io photo")
    allowed = bounds(max_drop)
    # torch is not loaded before everything typed or read from a file was looked at
    from mobile_inpaint.cli.export_output import report, report_search
    from mobile_inpaint.evaluation.gate import QualityGate
    from mobile_inpaint.export.plan import ALL, requested
    from mobile_inpaint.export.run import Listener, export_recipes

    if recipe is None:
        wanted = requested(
            model, target, precision, deployment=min_deployment_target, io=io, hole=hole, detail=detail, quantization=settings
        )
    done: list[Artifact] = []
    try:
        with console.steps("export", expected=_PREPARING_STEPS + _MAKING_STEPS * len(wanted)) as step:
            export_recipes(
                wanted,
                out,
                every=recipe is None and ALL in target,
                calibration=calib_data,
                gate=QualityGate(*allowed, quality_crops, keep_rejected, quality),
                listener=Listener(step, console.note, done.append, report_search),
                speed=_speed,
            )
    finally:
        if done:  # what was made before an error is there, too
            report(done, json=json)
    if not json and done:
        best = min(done, key=lambda artifact: artifact.manifest.contract.target != "onnx")  # which runs on any computer
        console.hint(f"mobile-inpaint fill photo.jpg -m mask.png -o result.jpg --artifact {quote(str(best.path))}")
        console.hint(f"mobile-inpaint bench {quote(str(best.path))}")


def _refuse_conflicts(
    context: typer.Context, file: Path, recipe: Recipe, typed: dict[str, Any], settings: Quantization
) -> None:
    """Raises where an option was typed that says something else than the recipe."""
    said: dict[str, Any] = {
        "--target": [recipe.target],
        "--model": recipe.checkpoint,
        "--precision": [recipe.precision],
        "--min-deployment-target": recipe.deployment,
        "--io": recipe.io,
        "--hole": recipe.hole,
        "--detail": recipe.detail,
    }
    of_settings = {"--ranges": "ranges", "--percentile": "percentile", "--equalization": "equalization"}
    for option, name in {**of_settings, "--calib-samples": "samples", "--seed": "seed"}.items():
        typed[option], said[option] = getattr(settings, name), getattr(recipe.quantization, name)
    for option, value in typed.items():
        source = context.get_parameter_source(option[2:].replace("-", "_"))
        if source is not None and source.name == "COMMANDLINE" and value != said[option]:
            mine, its = (_text(one) for one in (value, said[option]))
            raise RecipeError(f"{option} {mine}: the recipe {file.name} says {its}; leave {option} out, or change the recipe")


def _text(value: Any) -> str:
    """What an option or a recipe says, to be read."""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "nothing" if value is None else shown(f"{value:g}" if isinstance(value, float) else value)


def _speed(size_px: int, one: Fill, other: Fill) -> float:
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
