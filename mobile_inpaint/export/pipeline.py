"""From a checkpoint to a verified artifact: load, re-parameterize, convert, verify, write the manifest, publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint import __version__
from mobile_inpaint.artifact import Artifact, Contract, Manifest, Precision, Provenance, manifest_path, sha256_of, size_of
from mobile_inpaint.errors import ExportError, UnsupportedPrecision, VerificationError, WeightsError
from mobile_inpaint.export.golden_photos import golden_photos
from mobile_inpaint.export.reparameterize import reparameterize
from mobile_inpaint.export.staging import staging
from mobile_inpaint.export.verify import check_contract, verify
from mobile_inpaint.export.yardstick import Yardstick
from mobile_inpaint.models import open_checkpoint
from mobile_inpaint.models.base import Generator
from mobile_inpaint.photo.compositor import Compositor
from mobile_inpaint.targets import get_target, target_of
from mobile_inpaint.targets.base import Target

Progress = Callable[[str], None]


def _quiet(_: str) -> None:
    pass


@dataclass(frozen=True)
class Prepared:
    """A checkpoint ready for any number of conversions.

    Attributes:
        checkpoint: its name; artifacts are called after it.
        model: the variant's name.
        provenance: of the weights.
        network: fused and folded, as converters get it.
        yardstick: what the fp32 generator makes of the golden photos.
    """

    checkpoint: str
    model: str
    provenance: Provenance
    network: Generator
    yardstick: Yardstick


def prepare(checkpoint: str | Path, progress: Progress = _quiet) -> Prepared:
    """Loads and re-parameterizes ``checkpoint``, a name in the weights store or a path to a file.

    Raises:
        CheckpointNotFound, WeightsError: it is not there, or not usable.
        ExportError: re-parameterizing changed the network.
    """
    progress("loading weights")
    generator, provenance = open_checkpoint(checkpoint, progress)
    yardstick = _yardstick(generator, progress)
    progress("re-parameterizing")
    network = reparameterize(generator, yardstick)
    return Prepared(provenance.checkpoint, generator.name, provenance, network, yardstick)


def export_artifact(
    prepared: Prepared,
    target: str,
    precision: Precision,
    out: Path,
    *,
    deployment: str | None = None,
    progress: Progress = _quiet,
) -> Artifact:
    """The verified artifact ``OUT/CHECKPOINT-PRECISION.SUFFIX``, its manifest beside it; nothing else is left in ``out``.

    A good file of that name stays until the new one has been verified.

    Args:
        prepared: see :func:`prepare`.
        target: a format's name.
        precision: one that it has.
        out: a folder, made if need be.
        deployment: oldest system, where the target knows any.
        progress: told what happens next.

    Raises:
        TargetNotFound, UnsupportedPrecision, ToolchainMissing: before anything is written.
        ConversionError, VerificationError: nothing new is left behind.
    """
    kind = get_target(target)
    check_target(kind, precision, deployment)
    size_px = prepared.network.resolution
    inputs, output = kind.tensors(size_px)
    contract = Contract(
        model=prepared.model,
        target=target,
        precision=precision,
        size_px=size_px,
        inputs=inputs,
        output=output,
        provenance=prepared.provenance,
        tools={"mobile-inpaint": __version__, **kind.tools()},
        deployment=deployment or (kind.deployments[0] if kind.deployments else ""),
    )
    file = f"{prepared.checkpoint}-{precision}{kind.suffix}"
    with staging(out) as stage:
        new = stage.folder / file
        progress(f"converting to {file}")
        kind.convert(prepared.network, contract, new)
        verification = verify(
            kind.load(new), precision, prepared.yardstick, lambda photo: progress(f"verifying {file}: {photo}")
        )
        manifest = Manifest(
            file=file,
            sha256=sha256_of(new),
            bytes=size_of(new),
            contract=contract,
            ops=kind.ops(new),
            largest_activation=round(prepared.yardstick.largest_activation, 3),
            compositor=Compositor(size_px=size_px).numbers(),
            verification=verification,
        )
        check_contract(Artifact(new, manifest), kind)
        manifest.save(manifest_path(new))
        stage.publish(new, manifest_path(new))
    return Artifact(out / file, manifest)


def verify_artifact(path: Path, checkpoint: str | Path | None = None, progress: Progress = _quiet) -> Artifact:
    """The artifact at ``path``, verified again on this machine; the manifest it carries has today's verification.

    Args:
        path: the artifact; its manifest must stand beside it.
        checkpoint: where the weights are, if not in the weights store under the name that the manifest gives.
        progress: told what happens next.

    Raises:
        ManifestError: file, manifest and metadata do not belong together.
        WeightsError: the weights at hand are not those the artifact was made from.
        VerificationError: the artifact does not do what its generator does.
    """
    progress("checking hash and contract")
    artifact = Artifact.open(path)
    target = target_of(path)
    check_contract(artifact, target)
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
    yardstick = _yardstick(generator, progress)
    verification = verify(
        target.load(path), contract.precision, yardstick, lambda photo: progress(f"running the artifact: {photo}")
    )
    return Artifact(path, artifact.manifest.with_verification(verification))


def _yardstick(generator: Generator, progress: Progress) -> Yardstick:
    photos = golden_photos(generator.resolution)
    return Yardstick.of(generator, photos, lambda photo: progress(f"running the generator: {photo}"))


def check_target(target: Target, precision: str, deployment: str | None) -> None:
    """Refuses what ``target`` cannot make, before any work is done.

    Raises:
        UnsupportedPrecision, ExportError, ToolchainMissing: with what it can.
    """
    if precision not in target.precisions:
        raise UnsupportedPrecision(target.name, precision, target.precisions)
    if deployment is not None and deployment not in target.deployments:
        known = ", ".join(target.deployments) or "none; leave --min-deployment-target out"
        raise ExportError(f"target '{target.name}' has no deployment target '{deployment}': there are {known}")
    target.tools()
