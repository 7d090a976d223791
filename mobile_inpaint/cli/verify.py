"""The verb ``verify``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import MOST_SAMPLES
from mobile_inpaint.defaults import MAX_RISE_FREE, MAX_RISE_OBJECT
from mobile_inpaint.errors import VerificationError

_STEPS = 16
"""About how many are reported."""


def verify(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="An exported file, with its manifest beside it.")],
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="The weights, if the store does not have them under the manifest's name."),
    ] = None,
    max_drop: Annotated[
        str,
        typer.Option(
            metavar="OBJECT[,FREE]", help="How much LPIPS may rise over fp32: on object-sized holes, and on free-form holes."
        ),
    ] = f"{MAX_RISE_OBJECT},{MAX_RISE_FREE}",
    quality: Annotated[bool, typer.Option("--quality", help="Judge an fp32 or fp16 artifact on photos too.")] = False,
    quality_crops: Annotated[
        int | None, typer.Option(min=1, max=MOST_SAMPLES, help="Judge on at most this many photos.")
    ] = None,
    json: console.Json = False,
) -> None:
    """Repeat an artifact's verification on this machine.

    Compares the file with its manifest and its metadata, then runs the file and the PyTorch model on the golden photos and
    compares the results inside the masked area. Quantized files are judged on photos with ground truth too.
    """
    from mobile_inpaint.api import verify as api

    path = api.admitted(artifact)  # before the gate's module imports torch, which takes seconds

    from mobile_inpaint.cli.export import bounds
    from mobile_inpaint.cli.export_output import report
    from mobile_inpaint.evaluation.gate import QualityGate

    gate = QualityGate(*bounds(max_drop), quality_crops, keep_rejected=True, always=quality)
    with console.steps("verify", expected=_STEPS) as step:
        verified = api.verify(path, model=model, gate=gate, progress=step)
    report([verified], json=json)
    judged = verified.manifest.quality
    if judged is not None and judged.misses:
        raise VerificationError(
            f"{artifact.name}: not worth shipping: LPIPS over the fp32 generator's {'; '.join(judged.misses)}"
        )
    if not json:
        console.hint(f"mobile-inpaint bench {quote(str(artifact))}")
