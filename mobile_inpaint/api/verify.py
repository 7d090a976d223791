"""Repeat an artifact's verification on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.targets.admission import admit

if TYPE_CHECKING:
    from mobile_inpaint.evaluation.gate import QualityGate


def verify(
    artifact: str | Path | Artifact,
    *,
    model: str | Path | None = None,
    gate: QualityGate | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Artifact:
    """Verifies an exported file again: its manifest, its own metadata, and what it computes beside the PyTorch network.

    ::

        verified = mi.verify("artifacts/migan-lite-fp16.onnx")
        print(verified.manifest.verification.worst_psnr_db)

    Args:
        artifact: the file; its manifest must stand beside it.
        model: where the weights are, if not in the weights store under the name that the manifest gives.
        gate: what the fills must be worth where a precision may cost quality; the bounds of ``export`` when None.
        progress: told what happens next.

    Returns:
        the artifact; its manifest has today's verification, and today's quality where that was judged.

    Raises:
        ManifestError: file, manifest and metadata do not belong together, or the file cannot be run.
        CheckpointNotFound, WeightsError: the weights are not there, or not those that the file was made from.
        VerificationError: the file does not do what its network does, or its fills are worse than ``gate`` allows.
        ToolchainMissing: its runtime is not installed.
    """
    path = admitted(artifact)  # before torch is imported, which takes seconds

    from mobile_inpaint.evaluation.gate import STANDARD
    from mobile_inpaint.export.pipeline import verify_artifact

    return verify_artifact(path, model, gate or STANDARD, progress)


def admitted(artifact: str | Path | Artifact) -> Path:
    """The file, if its manifest can be read and it is within the limits of its format; torch is not imported for that.

    Raises:
        ManifestError: it is not there, has no manifest, is damaged or too large.
    """
    path = artifact.path if isinstance(artifact, Artifact) else Path(artifact)
    admit(Artifact.open(path).path)
    return path
