"""What an artifact promises, whether a target can make it, and whether a file keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mobile_inpaint.artifact import Artifact, Contract, Io, Verification
from mobile_inpaint.errors import ExportError, UnsupportedPrecision, VerificationError, WeightsError
from mobile_inpaint.evaluation.gate import STANDARD, Progress, QualityGate, QualityJudge, quiet
from mobile_inpaint.export.prepared import Prepared, prepared_of
from mobile_inpaint.export.verify import check_claim, verify
from mobile_inpaint.export.verify_photo import compositor_of, verify_photo
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.precision import PrecisionName, row_of
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.contract import check_contract
from mobile_inpaint.targets.guarded import Guard
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.reference import run_by_torch
from mobile_inpaint.targets.registry import target_of
from mobile_inpaint.version import __version__


def verify_one_file(
    runner: PhotoRunner, path: Path, contract: Contract, prepared: Prepared, progress: Progress
) -> tuple[Verification, Compositor]:
    """The verification of a one-file pipeline, and the compositor in it.

    Raises:
        VerificationError: see :func:`~mobile_inpaint.export.verify_photo.verify_photo`.
    """
    verification = verify_photo(
        runner,
        contract.precision,
        contract.size_px,
        run_by_torch(prepared.network),
        progress=lambda photo: progress(f"verifying {path.name}: {photo}"),
    )
    return verification, compositor_of(runner, contract.size_px)


def new_contract(prepared: Prepared, kind: Target, precision: PrecisionName, deployment: str | None) -> Contract:
    """What an artifact of ``prepared`` will promise."""
    size_px = prepared.network.resolution
    inputs, output = kind.tensors(size_px)
    oldest = kind.deployments_for(precision)
    return Contract(
        model=prepared.model,
        target=kind.name,
        precision=precision,
        size_px=size_px,
        inputs=inputs,
        output=output,
        provenance=prepared.provenance,
        tools={"mobile-inpaint": __version__, **kind.tools()},
        deployment=deployment or (oldest[0] if oldest else ""),
    )


def verify_artifact(
    path: Path, checkpoint: str | Path | None = None, gate: QualityGate = STANDARD, progress: Progress = quiet
) -> Artifact:
    """The artifact at ``path``, verified again on this machine; the manifest it carries has today's verification.

    Args:
        path: the artifact; its manifest must stand beside it.
        checkpoint: where the weights are, if not in the weights store under the name that the manifest gives.
        gate: what the fills must be worth, where PSNR does not say; ``keep_rejected`` reports and does not raise.
        progress: told what happens next.

    Raises:
        ManifestError: file, manifest and metadata do not belong together.
        WeightsError: the weights at hand are not those the artifact was made from.
        VerificationError: the artifact does not do what its generator does.
    """
    progress("checking hash and contract")
    artifact = Artifact.open(path)
    with Guard(path) as guard:
        return _verify_guarded(guard, artifact, checkpoint, gate, progress)


def _verify_guarded(
    guard: Guard, artifact: Artifact, checkpoint: str | Path | None, gate: QualityGate, progress: Progress
) -> Artifact:
    """What :func:`verify_artifact` does; all that touches the file's content is done by ``guard``."""
    path = artifact.path
    check_contract(artifact, target_of(path), guard.describe())
    contract = artifact.manifest.contract
    claimed = artifact.manifest.verification
    if claimed is None:
        raise VerificationError(f"{path.name}: its manifest holds no verification; export it again")
    progress("loading weights")
    generator, provenance = open_checkpoint(checkpoint or _source(contract), progress)
    if provenance.sha256 != contract.provenance.sha256:
        raise WeightsError(
            f"{path.name}: was made from weights {contract.provenance.sha256[:12]}…, '{provenance.checkpoint}' is "
            f"{provenance.sha256[:12]}…; name the right file with --model"
        )
    if (generator.name, generator.resolution) != (contract.model, contract.size_px):
        raise WeightsError(f"{path.name}: says {contract.model} at {contract.size_px} px, its weights are {generator.name}'s")
    prepared = prepared_of(generator, provenance, progress)
    if contract.io == "photo":  # its quality is that of the network inside, judged when it was made
        verification, _ = verify_one_file(guard.load_photo(), path, contract, prepared, progress)
        return Artifact(path, replace(artifact.manifest, verification=verification))
    runner = guard.load()
    verification = verify(
        runner, contract.precision, prepared.reference, lambda photo: progress(f"running the artifact: {photo}")
    )
    if row_of(contract.precision).judged:
        check_claim(path.name, claimed, verification)
    quality = None
    if gate.judges(contract.precision):
        quality = QualityJudge(prepared.network, prepared.provenance.sha256)(runner, gate, progress)
        gate.check(path.name, quality)
    return Artifact(path, replace(artifact.manifest, verification=verification, quality=quality))


def _source(contract: Contract) -> str:
    """The checkpoint that the artifact was made of, as :func:`~mobile_inpaint.models.registry.open_checkpoint` takes it."""
    return f"random:{contract.model}" if contract.provenance.timing_only else contract.provenance.checkpoint


def check_target(target: Target, precision: PrecisionName, deployment: str | None, io: Io = "tensor") -> None:
    """Refuses what ``target`` cannot make, before any work is done; its toolchain need not be here.

    Raises:
        UnsupportedPrecision, CapabilityMissing, ExportError: with what it can.
    """
    if precision not in target.choices:
        raise UnsupportedPrecision(target.name, precision, target.choices)
    if io == "photo":
        target.check_pipeline(precision)
    possible = target.deployments_for(precision)
    if deployment is not None and deployment not in possible:
        known = ", ".join(possible) or "none; leave --min-deployment-target out"
        raise ExportError(
            f"target '{target.name}' has no deployment target {quoted(deployment)} for {precision}: there are {known}"
        )
