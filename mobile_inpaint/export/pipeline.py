"""From a checkpoint to a verified artifact: load, re-parameterize, convert, verify, write the manifest, publish."""

from __future__ import annotations

import copy
import functools
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mobile_inpaint import __version__, strict
from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Manifest,
    Precision,
    Provenance,
    Quality,
    manifest_path,
    sha256_of,
    size_of,
)
from mobile_inpaint.errors import ExportError, UnsupportedPrecision, VerificationError, WeightsError
from mobile_inpaint.export.golden_photos import golden_photos
from mobile_inpaint.export.integers import WITH_INTEGER_ACTIVATIONS, Integers
from mobile_inpaint.export.judge import Judge
from mobile_inpaint.export.mixed import Advance, Search, search
from mobile_inpaint.export.quality import MAX_RISE_FREE, MAX_RISE_OBJECT, measure_quality
from mobile_inpaint.export.quality_photos import quality_cases
from mobile_inpaint.export.quality_reference import QualityReference
from mobile_inpaint.export.reparameterize import reparameterize
from mobile_inpaint.export.staging import staging
from mobile_inpaint.export.verify import REQUIRED_DB, check_contract, verify
from mobile_inpaint.export.yardstick import Yardstick
from mobile_inpaint.models import open_checkpoint
from mobile_inpaint.models.base import Generator, in_memory_format
from mobile_inpaint.photo.compositor import Compositor
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.targets import get_target, target_of
from mobile_inpaint.targets.base import Runner, Target
from mobile_inpaint.targets.reference import run_by_torch

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


@dataclass(frozen=True)
class Gate:
    """What a precision that may cost quality has to reach.

    Attributes:
        max_rise_object: rise of LPIPS over the fp32 generator's on holes up to the size of an object.
        max_rise_free: on large free-form holes.
        crops: how many quality photos are looked at; None takes all.
        keep_rejected: leave a file behind that misses, its manifest saying so.
        always: measure the precisions whose PSNR is gate enough as well.
    """

    max_rise_object: float = MAX_RISE_OBJECT
    max_rise_free: float = MAX_RISE_FREE
    crops: int | None = None
    keep_rejected: bool = False
    always: bool = False


def export_artifact(
    prepared: Prepared,
    target: str,
    precision: Precision,
    out: Path,
    *,
    deployment: str | None = None,
    integers: Integers | None = None,
    gate: Gate = Gate(),
    float_layers: tuple[str, ...] = (),
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
        integers: of the same network; needed for precisions with integer activations.
        gate: what the fills must be worth.
        float_layers: names of layers that stay in floating point where activations are integers.
        progress: told what happens next.

    Raises:
        TargetNotFound, UnsupportedPrecision, ToolchainMissing: before anything is written.
        ConversionError, VerificationError: nothing new is left behind.
    """
    kind = get_target(target)
    check_target(kind, precision, deployment)
    contract = new_contract(prepared, kind, precision, deployment)
    file = f"{prepared.checkpoint}-{precision}{kind.suffix}"
    with staging(out) as stage:
        new = stage.folder / file
        progress(f"converting to {file}")
        if precision in WITH_INTEGER_ACTIVATIONS:
            if integers is None:
                raise ExportError(f"{target} {precision}: needs photos to calibrate on; see export.calibration")
            contract = integers.write(kind, contract, new, float_layers, progress)
        else:
            kind.convert(prepared.network, contract, new)
        runner = kind.load(new)
        verification = verify(runner, precision, prepared.yardstick, lambda photo: progress(f"verifying {file}: {photo}"))
        quality = None
        if gate.always or precision not in REQUIRED_DB:
            quality = judge_fills(prepared, runner, gate, progress)
            _refuse_misses(file, quality, gate)
        manifest = Manifest(
            file=file,
            sha256=sha256_of(new),
            bytes=size_of(new),
            contract=contract,
            ops=kind.ops(new),
            largest_activation=round(prepared.yardstick.largest_activation, 3),
            compositor=Compositor(size_px=contract.size_px).numbers(),
            verification=verification,
            quality=quality,
        )
        check_contract(Artifact(new, manifest), kind)
        manifest.save(manifest_path(new))
        stage.publish(new, manifest_path(new))
    return Artifact(out / file, manifest)


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


def quality_reference(prepared: Prepared, crops: int | None, progress: Progress = _quiet) -> QualityReference:
    """What the generator makes of the quality photos, from the cache where it was computed before.

    Args:
        prepared: see :func:`prepare`.
        crops: of each size of hole; None takes all.
        progress: told what happens next.

    Raises:
        WeightsError: the perceptual networks are not here and cannot be fetched.
    """
    progress("loading perceptual networks")
    cases, judge = quality_cases(prepared.network.resolution, crops), Judge()
    fill = run_by_torch(in_memory_format(copy.deepcopy(prepared.network), torch.channels_last))
    return QualityReference.of(
        fill, prepared.provenance.sha256, cases, judge, lambda photo: progress(f"running the generator: {photo}")
    )


def judge_fills(prepared: Prepared, runner: Runner, gate: Gate, progress: Progress = _quiet) -> Quality:
    """What the fills of ``runner`` are worth beside the generator's; see :func:`quality_reference`."""
    return measure_quality(
        runner,
        quality_reference(prepared, gate.crops, progress),
        max_rise_object=gate.max_rise_object,
        max_rise_free=gate.max_rise_free,
        progress=lambda photo: progress(f"judging fills: {photo}"),
    )


def find_mix(
    prepared: Prepared,
    target: str,
    integers: Integers,
    gate: Gate,
    *,
    deployment: str | None = None,
    ratio: Callable[[Fill, Fill], float] | None = None,
    progress: Progress = _quiet,
    advance: Advance = lambda *_: None,
) -> Search:
    """The layers that must stay in floating point for ``gate``'s bounds; see :func:`~mobile_inpaint.export.mixed.search`.

    Args:
        prepared: see :func:`prepare`.
        target: a format's name.
        integers: of the same network.
        gate: the bounds, and on how many photos they are held.
        deployment: oldest system, where the target knows any.
        ratio: times two Fills in turn and says how many times as fast the second is.
        progress: told what happens next.
        advance: told how much of how much is done.

    Raises:
        ExportError: no mix keeps the bounds.
        ConversionError: the toolchain failed.
    """
    kind = get_target(target)
    check_target(kind, "auto", deployment)
    contract = new_contract(prepared, kind, "auto", deployment)
    reference = quality_reference(prepared, gate.crops, progress)
    identity = " ".join(
        (
            prepared.provenance.sha256,
            json.dumps(strict.dump(integers.settings)),
            json.dumps(contract.tools),
            contract.deployment,
        )
    )
    with tempfile.TemporaryDirectory() as folder:

        def make(float_layers: tuple[str, ...]) -> tuple[Fill, int]:
            out = Path(tempfile.mkdtemp(dir=folder)) / f"mix{kind.suffix}"
            integers.write(kind, contract, out, float_layers, progress)
            return kind.load(out), size_of(out)

        speed = None
        if ratio is not None and kind.runs_here:
            plain = kind.load(integers.source(kind, contract, progress)[0])
            speed = functools.partial(ratio, plain)
        bounds = (gate.max_rise_object, gate.max_rise_free)
        return search(integers.network, make, reference, bounds, identity, speed, advance)


def verify_artifact(
    path: Path, checkpoint: str | Path | None = None, gate: Gate = Gate(), progress: Progress = _quiet
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
    runner = target.load(path)
    verification = verify(runner, contract.precision, yardstick, lambda photo: progress(f"running the artifact: {photo}"))
    quality = None
    if gate.always or contract.precision not in REQUIRED_DB:
        network = reparameterize(generator, yardstick)
        prepared = Prepared(provenance.checkpoint, generator.name, provenance, network, yardstick)
        quality = judge_fills(prepared, runner, gate, progress)
        _refuse_misses(path.name, quality, gate)
    return Artifact(path, replace(artifact.manifest, verification=verification, quality=quality))


def _refuse_misses(file: str, quality: Quality, gate: Gate) -> None:
    if quality.misses and not gate.keep_rejected:
        raise VerificationError(
            f"{file}: not worth shipping: LPIPS over the fp32 generator's {'; '.join(quality.misses)}; "
            "try --precision auto, or look at it with --keep-rejected"
        )


def _yardstick(generator: Generator, progress: Progress) -> Yardstick:
    photos = golden_photos(generator.resolution)
    return Yardstick.of(generator, photos, lambda photo: progress(f"running the generator: {photo}"))


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
        raise ExportError(f"target '{target.name}' has no deployment target '{deployment}' for {precision}: there are {known}")
    target.tools()
