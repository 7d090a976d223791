"""From a checkpoint to artifacts in one call: calibrate, search, convert, verify, judge, lint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.artifact import Artifact, Io, Quantization
from mobile_inpaint.defaults import CALIBRATION_SAMPLES, CHECKPOINT, PRECISION
from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.evaluation.gate import STANDARD, Progress, QualityGate, quiet
from mobile_inpaint.export.plan import ALL, plan, requested
from mobile_inpaint.export.recipe import Recipe
from mobile_inpaint.export.session import ExportSession, Speed
from mobile_inpaint.lint.linter import lint_artifact
from mobile_inpaint.precision import SEARCH
from mobile_inpaint.quantization.mixed_plot import plot
from mobile_inpaint.quantization.mixed_precision import Search, save


@dataclass(frozen=True)
class Listener:
    """Who is told what happens while artifacts are made.

    Attributes:
        progress: what happens next.
        note: each line that a user should read: what was skipped, and what lint says of each artifact.
        made: each artifact as soon as it is there, so that those before an error are known.
        searched: what a search found, and the JSON file that keeps it.
    """

    progress: Progress = quiet
    note: Callable[[str], None] = quiet
    made: Callable[[Artifact], None] = lambda _: None
    searched: Callable[[Search, Path], None] = lambda found, kept: None


def export(
    model: str | Path = CHECKPOINT,
    *,
    target: str | Sequence[str],
    precision: str | Sequence[str] = PRECISION,
    out: str | Path = "artifacts",
    deployment: str | None = None,
    io: Io = "tensor",
    hole: str = "white",
    detail: str = "auto",
    quantization: Quantization | None = None,
    calibration: str | Path | None = None,
    gate: QualityGate = STANDARD,
    progress: Progress = quiet,
    note: Callable[[str], None] = quiet,
    made: Callable[[Artifact], None] = lambda _: None,
) -> list[Artifact]:
    """Makes artifacts for phones and browsers, verified: ``OUT/CHECKPOINT-PRECISION.SUFFIX``, each with its manifest.

    Args:
        model: a checkpoint's name, a path to a file of weights, or ``random:MODEL``, for timing only.
        target: one or several names out of ``list_targets()``, or ``all``, of which what a format cannot make is skipped.
        precision: one or several out of a target's ``choices``: ``fp32``, ``fp16``, ``w8a32``, ``w8a16``, ``w8a8``, ``pal8``,
            ``pal6``, ``pal4``; ``auto`` searches for the layers that must stay in floating point.
        out: a folder, made if need be. A good file of the same name stays until the new one has been verified.
        deployment: oldest system, where the target knows any, for example ``iOS17``.
        io: ``photo`` puts our compositor into the file.
        hole: with ``io="photo"``, the mask's colour that is filled: ``white`` or ``black``.
        detail: ``off`` writes a manifest with which the apps do not rebuild large holes from the photo's own patches.
        quantization: how integer activations are made.
        calibration: a folder of photos to calibrate on; None takes those that ship.
        gate: what the fills must be worth where precision may cost quality.
        progress: told what happens next.
        note: told each line that a user should read: what was skipped, and what lint says of each artifact.
        made: told each artifact as soon as it is there, so that those before an error are known.

    Returns:
        the artifacts, in the order of targets and precisions.

    Raises:
        TargetNotFound, UnsupportedPrecision, CapabilityMissing, RecipeError: before any work is done.
        ToolchainMissing: of formats that were named, all those whose toolchain is not installed. The others are made first.
        CheckpointNotFound, WeightsError: the weights are not there, or not usable.
        CalibrationError: no photos to calibrate on.
        ConversionError, VerificationError: of that artifact nothing new is left behind.
    """
    targets, precisions = ([one] if isinstance(one, str) else list(one) for one in (target, precision))
    settings = quantization or Quantization(samples=CALIBRATION_SAMPLES)
    wanted = requested(
        str(model), targets, precisions, deployment=deployment, io=io, hole=hole, detail=detail, quantization=settings
    )
    return export_recipes(
        wanted,
        out,
        every=ALL in targets,
        calibration=calibration,
        gate=gate,
        listener=Listener(progress, note, made),
    )


def export_recipes(
    wanted: Sequence[Recipe],
    out: str | Path,
    *,
    every: bool = False,
    calibration: str | Path | None = None,
    gate: QualityGate = STANDARD,
    listener: Listener | None = None,
    speed: Speed | None = None,
) -> list[Artifact]:
    """The same for recipes, all of one checkpoint and with the same settings of quantization; see :func:`export`.

    Args:
        wanted: what to make, at least one.
        out: a folder, made if need be.
        every: whatever one of the targets lacks is skipped, not an error.
        calibration: a folder of photos to calibrate on; None takes those that ship.
        gate: what the fills must be worth where precision may cost quality.
        listener: who is told what happens.
        speed: times the mixes of a search beside the float file.
    """
    listener = listener or Listener()
    chosen = plan(wanted, every=every)
    for line in chosen.skipped:
        listener.note(line)
    first, done = chosen.recipes[0], list[Artifact]()
    with ExportSession(
        first.checkpoint,
        gate=gate,
        quantization=first.quantization,
        calibration=Path(calibration) if calibration is not None else None,
        progress=listener.progress,
        note=listener.note,
    ) as session:
        for recipe in chosen.recipes:
            artifact = _make(session, recipe, Path(out), listener, speed)
            done.append(artifact)
            listener.made(artifact)
            listener.progress(f"linting {artifact.path.name}")
            listener.note(f"{artifact.path.name}: {lint_artifact(artifact.path).summary}")
    if chosen.missing is not None:
        raise chosen.missing
    return done


def _make(session: ExportSession, recipe: Recipe, out: Path, listener: Listener, speed: Speed | None) -> Artifact:
    """One artifact; for ``auto`` the layers that stay float are searched for where the recipe names none."""
    layers = recipe.quantization.float_layers
    if recipe.precision == SEARCH and not layers:
        found = session.search(recipe.target, deployment=recipe.deployment, speed=speed)
        layers = found.float_layers
        out.mkdir(parents=True, exist_ok=True)
        kept = out / f"{session.prepared.checkpoint}-{SEARCH}.{recipe.target}.mix.json"
        save(found, kept)
        try:
            plot(found, kept.with_suffix(".png"))
        except ToolchainMissing as error:  # the artifact does not need its picture
            listener.note(f"no plot of the search: {error}")
        listener.searched(found, kept)
    return session.export(
        recipe.target,
        recipe.precision,
        out,
        deployment=recipe.deployment,
        io=recipe.io,
        hole=int(recipe.hole == "white"),
        detail=recipe.detail,
        float_layers=layers,
    )
