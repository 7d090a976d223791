"""The verb ``info``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.artifact import Artifact, TensorSpec


def info(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="An exported file, with its manifest beside it.")],
    json: console.Json = False,
) -> None:
    """Show an artifact's contract, the licence of its weights and its verification."""
    from mobile_inpaint import schema
    from mobile_inpaint.artifact import Artifact
    from mobile_inpaint.targets.admission import admit

    opened = Artifact.open(artifact)
    admit(artifact)
    if json:
        console.emit({"path": str(opened.path), "manifest": schema.dump(opened.manifest)})
    else:
        console.facts(_facts(opened))


def _facts(artifact: Artifact) -> list[tuple[str, object]]:
    manifest, contract = artifact.manifest, artifact.manifest.contract
    weights, verification = contract.provenance, manifest.verification
    facts: list[tuple[str, object]] = [
        ("artifact", f"{manifest.file}, {manifest.bytes / 1e6:.1f} MB"),
        ("sha256", manifest.sha256),
        ("network", f"{contract.model}, {contract.size_px} × {contract.size_px} px"),
        ("format", f"{contract.target}, {contract.precision}"),
        *((f"input {tensor.name}", _tensor(tensor)) for tensor in contract.inputs),
        (f"output {contract.output.name}", _tensor(contract.output)),
        ("hole", f"mask = {contract.inputs[-1].high:g}; outside it the output is the input"),
        ("weights", weights.checkpoint),
        ("  sha256", weights.sha256),
        ("  licence", f"{weights.licence}, {weights.copyright}"),
        ("  paper", weights.paper),
        ("  trained on", weights.trained_on),
        ("operations", f"{sum(manifest.ops.values())}: {_counted(manifest.ops)}" if manifest.ops else "not counted"),
        ("made by", ", ".join(f"{name} {version}" for name, version in contract.tools.items())),
    ]
    if verification is None:
        return [*facts, ("verified", f"no; run: mobile-inpaint verify {artifact.path}")]
    is_exact = verification.outside_max_abs_error == 0
    passes = verification.worst_psnr_db >= verification.required_db
    psnr = f"{verification.worst_psnr_db:.1f} dB, at least {verification.required_db:g} needed"
    return [
        *facts,
        ("verified by", f"{verification.runtime}, computing in {verification.computes_in}"),
        ("  in the hole", console.verdict(psnr, passes)),
        ("  outside", console.verdict("exact" if is_exact else "changed", is_exact)),
        ("  photos", ", ".join(verification.photos)),
    ]


def _tensor(tensor: TensorSpec) -> str:
    shape = " × ".join(map(str, tensor.shape))
    return f"{tensor.layout} {shape}, {tensor.dtype}, {tensor.colour} in [{tensor.low:g}, {tensor.high:g}]"


def _counted(ops: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(ops.items(), key=lambda item: -item[1]))
