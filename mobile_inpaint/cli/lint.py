"""The verb ``lint``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.lint.fp16_range import Headroom
    from mobile_inpaint.lint.linter import Finding, Placement, Report

_NAMED = 3
"""Operations or tensors of a finding that are shown; ``--json`` has all."""
_WIDTH = 48
"""Of a name."""


def lint(
    artifact: Annotated[Path, typer.Argument(metavar="FILE", help="A model file of any target; no manifest is needed.")],
    providers: Annotated[
        list[str] | None,
        typer.Option(
            "--for", metavar="PROVIDER", help="gpu, xnnpack, nnapi, qnn, coreml-ep, webgpu or ane; may be given more than once."
        ),
    ] = None,
    photos: Annotated[
        bool, typer.Option("--photos/--no-photos", help="Run the file on photos, to find values that float16 cannot hold.")
    ] = True,
    json: console.Json = False,
) -> None:
    """Predict what phones will refuse in a model file.

    Exits with 1 if a finding is an error.
    """
    from mobile_inpaint import schema
    from mobile_inpaint.lint.linter import lint_artifact
    from mobile_inpaint.targets.guarded import guarded

    with console.steps("lint") as step:
        step(f"reading {artifact.name}")
        report = guarded(artifact, lint_artifact, artifact, tuple(providers or ()), run=photos)
    if json:
        console.emit(schema.dump(report))
    else:
        _show(report)
    if report.errors:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    if not report.placements:
        console.say(report.summary)
        return
    console.table(("provider", "ops", "share", "segments", "what runs it"), [_row(each) for each in report.placements])
    for finding in report.findings:
        colour = {"error": "bad", "warning": "doubtful"}.get(finding.severity, "")
        console.say(f"\n{finding.severity}: {finding.provider}/{finding.rule}: {_what(finding)}: {finding.reason}", colour)
        console.say(f"  rewrite: {finding.rewrite}")
        console.say(f"  source:  {finding.source}")
    console.say(f"\nfloat16: {_headroom(report.headroom)}")
    console.say(report.summary, "bad" if report.errors else "good")


def _row(placement: Placement) -> tuple[object, ...]:
    share = f"{placement.placed / placement.ops:.1%}" if placement.ops else "-"
    return placement.provider, f"{placement.placed} of {placement.ops}", share, placement.segments, placement.title


def _what(finding: Finding) -> str:
    names = ", ".join(_short(name) for name in finding.names[:_NAMED]) + (", …" if len(finding.names) > _NAMED else "")
    types = ", ".join(f"{count} {kind}" for kind, count in finding.where.items())
    return f"{types} ({names})" if types else names


def _short(name: str) -> str:
    """A name as far as it fits; what tells it from others stands at its end."""
    return name if len(name) <= _WIDTH else f"…{name[1 - _WIDTH :]}"


def _headroom(headroom: Headroom) -> str:
    if not headroom.photos:
        return f"headroom not measured: {headroom.unmeasured}"
    name, value = next(iter(headroom.largest.items()))
    return f"the largest value on {headroom.photos} photos is {value:.4g} ({_short(name)}); float16 reaches 65504"
