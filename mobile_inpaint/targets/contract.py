"""Whether a file is what its manifest says, before anything trusts it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np

from mobile_inpaint.artifact import LARGEST_SIDE, Artifact, Contract
from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.precision import row_of
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.toolchain import first_line

Described: TypeAlias = tuple[Contract | None, dict[str, int]]
"""The contract in a file's metadata, None where its format keeps none there, and the file's operations, counted."""


def describe(target: Target, path: Path) -> Described:
    """What the file at ``path`` says of itself.

    Raises:
        ManifestError: there is no contract though its format keeps one, or the file is damaged.
    """
    return target.read_contract(path) if "contract" in target.capabilities else None, target.ops(path)


def check_contract(artifact: Artifact, target: Target, described: Described | None = None) -> None:
    """Holds manifest, file metadata and what this package promises against each other.

    Args:
        artifact: the file and its manifest.
        target: its format.
        described: see :func:`describe`; None reads it here.

    Raises:
        ManifestError: they disagree; the manifest was edited, or belongs to another file.
    """
    manifest, where = artifact.manifest, artifact.path.name
    contract = manifest.contract
    inside, ops = described or describe(target, artifact.path)
    if inside is not None and inside != contract:
        raise ManifestError(
            f"{where}: its manifest and its own metadata disagree; the manifest is another file's, or was edited"
        )
    if contract.target != target.name or row_of(contract.precision).name not in target.precisions:
        raise ManifestError(
            f"{where}: says it is {contract.target} {contract.precision}, which a {target.suffix} file cannot be"
        )
    holes = (0, 1) if contract.io == "photo" else (1,)
    tensors = target.tensors(contract.size_px, contract.io)
    if (contract.inputs, contract.output) != tensors or contract.hole not in holes or not contract.composited:
        raise ManifestError(f"{where}: its inputs or its mask polarity are not those of a {target.name} artifact")
    if ops != manifest.ops:
        raise ManifestError(f"{where}: its graph is not the one that its manifest counts")


def check_file(artifact: Artifact, target: Target) -> None:
    """Refuses a file that is not what its manifest says, or that its runtime cannot run, without the weights it was made from.

    The contract is compared as :func:`check_contract` does. Then the runtime loads the file and fills one golden photo. A
    format whose runtime is not on this machine is loaded and not run.

    Raises:
        ManifestError: the manifest does not fit, or the file is cut off or damaged, even if the manifest names its hash.
        ToolchainMissing: the format's runtime is not installed.
    """
    where, contract = artifact.path.name, artifact.manifest.contract
    if not 0 < contract.size_px <= LARGEST_SIDE:
        raise ManifestError(
            f"{where}: its network takes {contract.size_px} pixels a side; at most {LARGEST_SIDE} are supported"
        )
    try:
        check_contract(artifact, target)
        if contract.io == "photo":
            target.load_photo(artifact.path)
            return
        runner = target.load(artifact.path)
        if target.runs_here:
            photo = golden_photos(contract.size_px)[0]
            output = runner(photo.image, photo.mask)
            known = np.broadcast_to(photo.mask == 0, photo.image.shape)
            within = 1 / 255 if runner.grey_levels else 0
            if (
                output.shape != photo.image.shape
                or not np.isfinite(output).all()
                or np.abs(output - photo.image)[known].max() > within
            ):
                raise ManifestError(f"{where}: does not give back the known pixels of a photo; it is damaged: export it again")
    except MobileInpaintError:
        raise
    except Exception as error:  # readers and runtimes raise anything on a damaged file
        raise ManifestError(f"{where}: damaged ({first_line(error)}); export it again") from error
