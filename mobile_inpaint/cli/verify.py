"""The verb ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mobile_inpaint.cli import console


def verify(
    artifact: Annotated[Path, typer.Argument(help="An exported file; its manifest stands beside it.")],
    model: Annotated[str | None, typer.Option(help="The weights, if not in the store under the manifest's name.")] = None,
    json: console.Json = False,
) -> None:
    """Repeat an artifact's verification on this machine.

    Compares the file with its manifest and its own metadata, then runs it and its generator on the golden photos.
    """
    from mobile_inpaint.cli.export import report
    from mobile_inpaint.export.pipeline import verify_artifact

    with console.steps() as step:
        verified = verify_artifact(artifact, model, step)
    report([verified], json=json)
