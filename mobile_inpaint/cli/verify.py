"""The verb ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import MOST_SAMPLES
from mobile_inpaint.defaults import MAX_RISE_FREE, MAX_RISE_OBJECT
from mobile_inpaint.errors import VerificationError


def verify(
    artifact: Annotated[Path, typer.Argument(help="An exported file; its manifest stands beside it.")],
    model: Annotated[str | None, typer.Option(help="The weights, if not in the store under the manifest's name.")] = None,
    max_drop: Annotated[
        str, typer.Option(metavar="OBJECT[,FREE]", help="What LPIPS may rise by over fp32.")
    ] = f"{MAX_RISE_OBJECT},{MAX_RISE_FREE}",
    quality: Annotated[bool, typer.Option("--quality", help="Judge the fills of an fp32 or fp16 artifact too.")] = False,
    quality_crops: Annotated[int | None, typer.Option(min=1, max=MOST_SAMPLES, help="Judge on so many photos only.")] = None,
    json: console.Json = False,
) -> None:
    """Repeat an artifact's verification on this machine.

    Compares the file with its manifest and its own metadata, then runs it and its generator on the golden photos. Where
    integers or palettes may have cost quality, it is judged on photos whose truth is known.
    """
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.targets.admission import admit

    admit(Artifact.open(artifact).path)  # before torch is imported, which takes seconds

    from mobile_inpaint.cli.export import bounds
    from mobile_inpaint.cli.export_output import report
    from mobile_inpaint.evaluation.gate import QualityGate
    from mobile_inpaint.export.pipeline import verify_artifact

    gate = QualityGate(*bounds(max_drop), quality_crops, keep_rejected=True, always=quality)
    with console.steps() as step:
        verified = verify_artifact(artifact, model, gate, step)
    report([verified], json=json)
    judged = verified.manifest.quality
    if judged is not None and judged.misses:
        raise VerificationError(
            f"{artifact.name}: not worth shipping: LPIPS over the fp32 generator's {'; '.join(judged.misses)}"
        )
