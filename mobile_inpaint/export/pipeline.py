"""From a checkpoint to a verified artifact: load, re-parameterize, convert, verify, write the manifest, publish."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mobile_inpaint import __version__
from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Io,
    Manifest,
    Precision,
    Quality,
    Verification,
    manifest_path,
    sha256_of,
    size_of,
)
from mobile_inpaint.errors import ExportError, UnsupportedPrecision, VerificationError, WeightsError
from mobile_inpaint.evaluation.gate import STANDARD, Gate, Progress, judge_fills, quiet, refuse_misses
from mobile_inpaint.export.prepared import Prepared, yardstick_of
from mobile_inpaint.export.reparameterize import reparameterize
from mobile_inpaint.export.verify import REQUIRED_DB, check_claim, verify
from mobile_inpaint.export.verify_photo import compositor_of, verify_photo
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.detail_choice import with_detail
from mobile_inpaint.quantization.session import WITH_INTEGER_ACTIVATIONS, Integers
from mobile_inpaint.quoting import quoted
from mobile_inpaint.staging import staging
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.contract import check_contract
from mobile_inpaint.targets.guarded import Guard
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.reference import run_by_torch
from mobile_inpaint.targets.registry import get_target, target_of


def export_artifact(
    prepared: Prepared,
    target: str,
    precision: Precision,
    out: Path,
    *,
    deployment: str | None = None,
    io: Io = "tensor",
    hole: int = 1,
    integers: Integers | None = None,
    float_layers: tuple[str, ...] = (),
    gate: Gate = STANDARD,
    progress: Progress = quiet,
) -> Artifact:
    """The verified artifact ``OUT/CHECKPOINT-PRECISION.SUFFIX``, its manifest beside it; nothing else is left in ``out``.

    A good file of that name stays until the new one has been verified.

    Args:
        prepared: see :func:`~mobile_inpaint.export.prepared.prepare`.
        target: a format's name.
        precision: one that it has.
        out: a folder, made if need be.
        deployment: oldest system, where the target knows any.
        io: ``photo`` puts our compositor into the file, which then is ``CHECKPOINT-PRECISION-photo.SUFFIX``.
        hole: of a photo's mask, 1 where white is the hole, 0 where black is.
        integers: of the same network; needed for precisions with integer activations.
        float_layers: names of layers that stay in floating point where activations are integers.
        gate: what the fills must be worth.
        progress: told what happens next.

    Raises:
        TargetNotFound, UnsupportedPrecision, ToolchainMissing: before anything is written.
        ConversionError, VerificationError: nothing new is left behind.
    """
    kind = get_target(target)
    check_target(kind, precision, deployment)
    contract = new_contract(prepared, kind, precision, deployment)
    with staging(out) as stage:
        new = stage.folder / f"{prepared.checkpoint}-{precision}{kind.suffix}"
        progress(f"converting to {new.name}")
        network = prepared.network
        if precision in WITH_INTEGER_ACTIVATIONS:
            if integers is None:
                raise ExportError(f"{target} {precision}: needs photos to calibrate on; see export.calibration")
            contract = integers.write(kind, contract, new, float_layers, progress)
            network = integers.network
        else:
            kind.convert(network, contract, new)
        runner = kind.load(new)
        verification = verify(runner, precision, prepared.yardstick, lambda photo: progress(f"verifying {new.name}: {photo}"))
        quality: Quality | None = None
        if gate.always or precision not in REQUIRED_DB:
            quality = judge_fills(prepared.network, prepared.provenance.sha256, runner, gate, progress)
            refuse_misses(new.name, quality, gate)
        compositor = with_detail(Compositor(size_px=contract.size_px), "auto")
        if io == "photo":
            source, new = new, stage.folder / f"{prepared.checkpoint}-{precision}-photo{kind.suffix}"
            progress(f"putting the compositor into {new.name}")
            inputs, output = kind.tensors(contract.size_px, io)
            contract = replace(contract, io=io, hole=hole, inputs=inputs, output=output)
            kind.wrap(source, network, contract, new)
            verification, compositor = _verify_photo(kind.load_photo(new), new, contract, prepared, progress)
        manifest = Manifest(
            file=new.name,
            sha256=sha256_of(new),
            bytes=size_of(new),
            contract=contract,
            ops=kind.ops(new),
            largest_activation=round(prepared.yardstick.largest_activation, 3),
            compositor=compositor.numbers(),
            verification=verification,
            quality=quality,
        )
        check_contract(Artifact(new, manifest), kind)
        manifest.save(manifest_path(new))
        stage.publish(new, manifest_path(new))
    return Artifact(out / new.name, manifest)


def _verify_photo(
    runner: PhotoRunner, path: Path, contract: Contract, prepared: Prepared, progress: Progress
) -> tuple[Verification, Compositor]:
    """The verification of a one-file pipeline, and the compositor in it."""
    verification = verify_photo(
        runner,
        contract.precision,
        contract.size_px,
        run_by_torch(prepared.network),
        progress=lambda photo: progress(f"verifying {path.name}: {photo}"),
    )
    return verification, compositor_of(runner, contract.size_px)


def new_contract(prepared: Prepared, kind: Target, precision: Precision, deployment: str | None) -> Contract:
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
    path: Path, checkpoint: str | Path | None = None, gate: Gate = STANDARD, progress: Progress = quiet
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
    guard: Guard, artifact: Artifact, checkpoint: str | Path | None, gate: Gate, progress: Progress
) -> Artifact:
    """What :func:`verify_artifact` does; all that touches the file's content is done by ``guard``."""
    path = artifact.path
    check_contract(artifact, target_of(path), guard.describe())
    contract = artifact.manifest.contract
    claimed = artifact.manifest.verification
    if claimed is None:
        raise VerificationError(f"{path.name}: its manifest holds no verification; export it again")
    progress("loading weights")
    generator, provenance = open_checkpoint(checkpoint or contract.provenance.checkpoint, progress)
    if provenance.sha256 != contract.provenance.sha256:
        raise WeightsError(
            f"{path.name}: was made from weights {contract.provenance.sha256[:12]}…, '{provenance.checkpoint}' is "
            f"{provenance.sha256[:12]}…; name the right file with --model"
        )
    if (generator.name, generator.resolution) != (contract.model, contract.size_px):
        raise WeightsError(f"{path.name}: says {contract.model} at {contract.size_px} px, its weights are {generator.name}'s")
    yardstick = yardstick_of(generator, progress)
    network = reparameterize(generator, yardstick)
    prepared = Prepared(provenance.checkpoint, generator.name, provenance, network, yardstick)
    if contract.io == "photo":  # its quality is that of the network inside, judged when it was made
        verification, _ = _verify_photo(guard.load_photo(), path, contract, prepared, progress)
        return Artifact(path, replace(artifact.manifest, verification=verification))
    runner = guard.load()
    verification = verify(runner, contract.precision, yardstick, lambda photo: progress(f"running the artifact: {photo}"))
    if contract.precision not in REQUIRED_DB:
        check_claim(path.name, claimed, verification)
    quality = None
    if gate.always or contract.precision not in REQUIRED_DB:
        quality = judge_fills(prepared.network, prepared.provenance.sha256, runner, gate, progress)
        refuse_misses(path.name, quality, gate)
    return Artifact(path, replace(artifact.manifest, verification=verification, quality=quality))


def check_target(target: Target, precision: Precision, deployment: str | None) -> None:
    """Refuses what ``target`` cannot make, before any work is done.

    Raises:
        UnsupportedPrecision, ExportError, ToolchainMissing: with what it can.
    """
    if precision not in target.precisions:
        raise UnsupportedPrecision(target.name, precision, target.precisions)
    possible = target.deployments_for(precision)
    if deployment is not None and deployment not in possible:
        known = ", ".join(possible) or "none; leave --min-deployment-target out"
        raise ExportError(
            f"target '{target.name}' has no deployment target {quoted(deployment)} for {precision}: there are {known}"
        )
    target.tools()
