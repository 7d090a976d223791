"""The verb ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import CHECKPOINT
from mobile_inpaint.errors import RecipeError

if TYPE_CHECKING:
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.export.recipe import Recipe


def export(
    target: Annotated[str, typer.Option(help="onnx, tflite, coreml, or all.")] = "",
    model: Annotated[str, typer.Option(help="A checkpoint's name, or a file of weights.")] = CHECKPOINT,
    precision: Annotated[list[str], typer.Option(help="fp32 or fp16; may be given more than once.")] = ["fp16"],  # noqa: B006
    out: Annotated[Path, typer.Option(help="Folder for the artifacts.")] = Path("artifacts"),
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that says all of this, and with which versions.")] = None,
    min_deployment_target: Annotated[str | None, typer.Option(help="Core ML: iOS16, iOS17 or iOS18.")] = None,
    json: console.Json = False,
) -> None:
    """Make an artifact for phones and browsers, verified.

    Writes OUT/CHECKPOINT-PRECISION.SUFFIX and its manifest beside it. A file that fails its verification is not left behind.
    """
    from mobile_inpaint.export.pipeline import check_target, export_artifact, prepare
    from mobile_inpaint.targets import get_target

    recipes = _recipes(target, model, precision, min_deployment_target, recipe)
    for each in recipes:  # whatever cannot work is said before the first minute of work
        check_target(get_target(each.target), each.precision, each.deployment)
    done: list[Artifact] = []
    with console.steps() as step:
        prepared = prepare(recipes[0].checkpoint, step)
        for each in recipes:
            done.append(export_artifact(prepared, each.target, each.precision, out, deployment=each.deployment, progress=step))
    report(done, json=json)


def report(artifacts: list[Artifact], *, json: bool) -> None:
    """Prints what was made or verified: a table, or with ``json`` the manifests."""
    if json:
        from mobile_inpaint import strict

        console.emit([{"path": str(each.path), "manifest": strict.dump(each.manifest)} for each in artifacts])
        return
    rows = []
    for each in artifacts:
        result = each.manifest.verification
        assert result is not None
        rows.append(
            (
                str(each.path),
                f"{each.manifest.bytes / 1e6:.1f}",
                sum(each.manifest.ops.values()),
                f"{result.worst_psnr_db:.1f} ≥ {result.required_db:.0f}",
                "exact" if result.outside_max_abs_error == 0 else "changed",
                f"{result.runtime}, {result.computes_in}",
            )
        )
    console.table(("artifact", "MB", "ops", "in-hole dB", "outside", "verified by"), rows)


def _recipes(target: str, model: str, precisions: list[str], deployment: str | None, file: Path | None) -> list[Recipe]:
    from mobile_inpaint.export.recipe import Recipe, load_recipe
    from mobile_inpaint.targets import list_targets

    if file is not None:
        if target:
            raise RecipeError("a recipe names its own target: leave --target out")
        return [load_recipe(file)]
    if not target:
        raise RecipeError(f"say what to make: --target {'|'.join([*list_targets(), 'all'])}, or --recipe FILE")
    targets = list_targets() if target == "all" else [target]
    return [
        Recipe(name, model, precision, deployment if target != "all" or name == "coreml" else None)  # type: ignore[arg-type]
        for name in targets
        for precision in precisions
    ]
