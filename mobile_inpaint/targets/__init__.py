"""Deployment formats by name. A format is a file beside this one, and the file's name is the format's."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import cast

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ManifestError, TargetNotFound
from mobile_inpaint.targets.base import Runner, Target

_NOT_TARGETS = {"base", "reference", "silence", "mil", "toolchain", "foreign", "published_graph"}


def list_targets() -> list[str]:
    """Names that :func:`get_target` takes."""
    return [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_TARGETS]


def get_target(name: str) -> Target:
    """The format called ``name``; its toolchain is not imported yet.

    Raises:
        TargetNotFound: no such format.
    """
    if name not in list_targets():
        raise TargetNotFound(name, list_targets())
    return cast(Target, importlib.import_module(f"{__name__}.{name}").TARGET)


def target_of(path: Path) -> Target:
    """The format of the file at ``path``, by its suffix.

    Raises:
        ManifestError: no format has that suffix.
    """
    targets = [get_target(name) for name in list_targets()]
    for target in targets:
        if path.name.endswith(target.suffix):
            return target
    raise ManifestError(f"{path.name}: not an artifact; there are {', '.join(t.suffix for t in targets)}")


def load_artifact(path: str | Path, *, threads: int | None = None) -> Runner:
    """A Fill out of an exported file: ``fill(image, mask) -> image``, NCHW float32 RGB in [0,1], mask 1 = hole.

    Args:
        path: the artifact; its manifest must stand beside it.
        threads: for the runtime; its own default when None.

    Raises:
        ManifestError: the file is not the one its manifest describes.
        ToolchainMissing: the runtime is not installed.
    """
    artifact = Artifact.open(path)
    return target_of(artifact.path).load(artifact.path, threads=threads)
