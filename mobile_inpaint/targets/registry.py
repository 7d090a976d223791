"""Deployment formats by name. A format is a folder beside this file, and the folder's name is the format's."""

from __future__ import annotations

import functools
import importlib.util
import os
import pkgutil
from dataclasses import replace
from pathlib import Path

from mobile_inpaint import targets
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ManifestError, TargetNotFound
from mobile_inpaint.targets.base import Runner, Target
from mobile_inpaint.targets.pipeline.runner import PhotoRunner

# ONNX Runtime reads this when it is imported: else it keeps a database and a number of this machine in the user's cache, to
# tell its makers how it is used. Who wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def list_targets() -> list[str]:
    """Names of the deployment formats, as ``mobile_inpaint.export(target=...)`` and ``--target`` take them."""
    return list(_targets())


def get_target(name: str) -> Target:
    """The format called ``name``; its toolchain is not imported yet.

    Raises:
        TargetNotFound: no such format.
    """
    if name not in _targets():
        raise TargetNotFound(name, list_targets())
    return _targets()[name]


def target_of(path: Path) -> Target:
    """The format of the file at ``path``, by its suffix.

    Raises:
        ManifestError: no format has that suffix.
    """
    for target in _targets().values():
        if path.name.endswith(target.suffix):
            return target
    raise ManifestError(f"{path.name}: not an artifact; there are {', '.join(t.suffix for t in _targets().values())}")


def load_artifact(path: str | Path, *, threads: int | None = None) -> Runner:
    """A Fill out of an exported file: ``fill(image, mask) -> image``, NCHW float32 RGB in [0,1], mask 1 = hole.

    It takes squares of one size; ``Compositor.of(fill)``, or ``mobile_inpaint.fill(..., artifact=fill)``, fills whole photos.

    Args:
        path: the artifact; its manifest must stand beside it.
        threads: for the runtime; its own default when None.

    Raises:
        ManifestError: the file is not the one its manifest describes, or a one-file pipeline.
        ToolchainMissing: the runtime is not installed.
    """
    artifact = Artifact.open(path)
    if artifact.manifest.contract.io == "photo":
        raise ManifestError(f"{artifact.path.name}: a one-file pipeline, which takes photos: open it with load_pipeline")
    return replace(target_of(artifact.path).load(artifact.path, threads=threads), manifest=artifact.manifest)


def load_pipeline(path: str | Path, *, threads: int | None = None) -> PhotoRunner:
    """A one-file pipeline: ``runner(pixels, hole) -> pixels``, HWC uint8 RGB and HW bool, True = fill.

    Args:
        path: an artifact exported with ``--io photo``; its manifest must stand beside it.
        threads: for the runtime; its own default when None.

    Raises:
        ManifestError: the file is not the one its manifest describes, or a network without a compositor.
        ToolchainMissing: the runtime is not installed.
    """
    artifact = Artifact.open(path)
    if artifact.manifest.contract.io != "photo":
        raise ManifestError(f"{artifact.path.name}: a network alone: open it with load_artifact, or export it with --io photo")
    return target_of(artifact.path).load_photo(artifact.path, threads=threads)


@functools.cache
def _targets() -> dict[str, Target]:
    folders = (module.name for module in pkgutil.iter_modules(targets.__path__) if module.ispkg)
    names = [f"{targets.__name__}.{folder}.target" for folder in folders]
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]  # pipeline/ is no format
    return {module.TARGET.name: module.TARGET for module in modules}
