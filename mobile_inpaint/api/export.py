"""Make artifacts for phones and browsers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobile_inpaint.artifact import Artifact, Io, Quantization
from mobile_inpaint.errors import RecipeError
from mobile_inpaint.targets.registry import get_target, list_targets

if TYPE_CHECKING:
    from mobile_inpaint.evaluation.gate import Gate

ALL = "all"
"""What ``target`` takes to name every format."""


def export(
    model: str | Path = "migan-lite",
    *,
    target: str | Sequence[str],
    precision: str | Sequence[str] = "fp16",
    out: str | Path = "artifacts",
    deployment: str | None = None,
    io: Io = "tensor",
    hole: str = "white",
    quantization: Quantization | None = None,
    calibration: str | Path | None = None,
    gate: Gate | None = None,
    progress: Callable[[str], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> list[Artifact]:
    """Makes artifacts and verifies them: files ``OUT/CHECKPOINT-PRECISION.SUFFIX``, each with a manifest beside it.

    ::

        [artifact] = mi.export("migan-lite", target="onnx", precision="fp16", out="artifacts")
        mi.fill("photo.jpg", "mask.png", artifact=artifact).save("result.png")

    Args:
        model: a checkpoint's name, a path to a file of weights, or ``random:MODEL``, for timing only.
        target: one or several names out of ``list_targets()``, or ``all``.
        precision: one or several: ``fp32``, ``fp16``, ``w8a32``, ``w8a16``, ``w8a8``, ``pal8``, ``pal6``, ``pal4``.
        out: a folder, made if need be. A good file of the same name stays until the new one has been verified.
        deployment: oldest system, where the target knows any, for example ``iOS17``.
        io: ``photo`` puts the compositor into the file.
        hole: with ``io="photo"``, the mask's colour that is filled: ``white`` or ``black``.
        quantization: how integer activations are made.
        calibration: a folder of photos to calibrate on; None takes those that ship.
        gate: what the fills must be worth where a precision may cost quality.
        progress: told what happens next.
        note: told each line that a user should read.

    Returns:
        the artifacts, in the order of targets and precisions.

    Raises:
        TargetNotFound, UnsupportedPrecision, ToolchainMissing: before any work is done.
        CheckpointNotFound, WeightsError: the weights are not there, or not usable.
        CalibrationError: no photos to calibrate on.
        ConversionError, VerificationError: of that artifact nothing new is left behind.
    """
    from contextlib import ExitStack

    from mobile_inpaint.evaluation.gate import STANDARD
    from mobile_inpaint.export.pipeline import check_target, export_artifact
    from mobile_inpaint.export.prepared import prepare
    from mobile_inpaint.quantization.calibration import calibration_samples
    from mobile_inpaint.quantization.session import WITH_INTEGER_ACTIVATIONS, Integers

    targets, precisions = ([one] if isinstance(one, str) else list(one) for one in (target, precision))
    names = list(dict.fromkeys(list_targets() if ALL in targets else targets))
    if not names or not precisions:
        raise RecipeError(f"say what to make: target is one of {', '.join([*list_targets(), ALL])}, with a precision")
    if hole not in ("white", "black") or (hole == "black" and io == "tensor"):
        raise RecipeError("hole must be white, or black with io='photo': only a one-file pipeline reads a mask's colour")
    if "auto" in precisions:
        raise RecipeError("precision auto is a search: use mobile-inpaint export --precision auto")
    wanted: list[tuple[str, Any]] = [(name, one) for name in names for one in dict.fromkeys(precisions)]
    oldest = {name: deployment if len(names) == 1 or get_target(name).deployments else None for name in names}
    for name, one in wanted:  # whatever cannot work is said before the first minute of work
        check_target(get_target(name), one, oldest[name])
    settings = quantization or Quantization(samples=32)
    with ExitStack() as stack:
        prepared, integers = prepare(model, progress), None
        if any(one in WITH_INTEGER_ACTIVATIONS for _, one in wanted):
            progress("reading photos to calibrate on")
            folder = Path(calibration) if calibration is not None else None
            samples = calibration_samples(folder, settings.samples, prepared.network.resolution, settings.seed, note)
            integers = stack.enter_context(Integers.of(prepared.network, samples, settings, progress))
        return [
            export_artifact(
                prepared,
                name,
                one,
                Path(out),
                deployment=oldest[name],
                io=io,
                hole=int(hole == "white"),
                integers=integers,
                gate=gate or STANDARD,
                progress=progress,
            )
            for name, one in wanted
        ]
