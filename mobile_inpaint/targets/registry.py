"""Deployment formats by name.

A format is a folder beside this file whose ``target.py`` holds a :class:`~mobile_inpaint.targets.base.Target` under the name
``TARGET``, or one that an installed package names as an entry point of the group ``mobile_inpaint.targets``.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobile_inpaint import targets
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import ManifestError, PluginError, TargetNotFound, ToolchainMissing
from mobile_inpaint.targets.base import Runner, Target, faults_of
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.toolchain import first_line

if TYPE_CHECKING:
    from mobile_inpaint.targets.graph import Graph

ENTRY_POINTS = "mobile_inpaint.targets"
"""The group by which an installed package adds formats."""

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
    if (target := find_target(path)) is not None:
        return target
    raise ManifestError(f"{path.name}: not an artifact; there are {', '.join(t.suffix for t in _targets().values())}")


def find_target(path: Path) -> Target | None:
    """The same; None where no format has that suffix."""
    return next((target for target in _targets().values() if path.name.endswith(target.suffix)), None)


def has_format(path: Path, name: str) -> bool:
    """Whether the file at ``path`` has the suffix of the format called ``name``."""
    return path.name.endswith(get_target(name).suffix)


def is_artifact_folder(path: Path) -> bool:
    """Whether a folder of this name is one artifact, and no folder of artifacts."""
    return any(target.is_folder and path.name.endswith(target.suffix) for target in _targets().values())


def missing_toolchains(names: Iterable[str]) -> dict[str, ToolchainMissing]:
    """What the formats called ``names`` lack, by name; those that lack nothing are left out."""
    missing = {}
    for name in names:
        try:
            get_target(name).tools()
        except ToolchainMissing as error:
            missing[name] = error
    return missing


def all_missing(missing: Mapping[str, ToolchainMissing]) -> ToolchainMissing:
    """All of :func:`missing_toolchains` in one line, with the one command that installs them."""
    lacks = "; ".join(f"{name} needs {', '.join(error.distributions) or error}" for name, error in missing.items())
    wanted = " ".join(f"'{one}'" for one in dict.fromkeys(error.requirement for error in missing.values() if error.requirement))
    return ToolchainMissing(f"not installed: {lacks}" + (f"; run: pip install {wanted}" if wanted else ""))


def read_graph(path: Path) -> Graph:
    """The graph of the model file at ``path``, ours or not.

    Raises:
        ManifestError: no such file, no such format, or a damaged file.
        CapabilityMissing: the format cannot tell its operations.
        ToolchainMissing: what reads this format is not installed.
    """
    if not path.exists():
        raise ManifestError(f"{path}: no such file")
    return target_of(path).read_graph(path)


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
        CapabilityMissing: the format has no such pipelines.
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
    own = [module.TARGET for module in modules]
    added = [_load(point) for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)]
    return _by_name([*own, *added])


def _load(point: Any) -> Target:
    where = f"entry point '{point.value}' of {ENTRY_POINTS}"
    try:
        target = point.load()
    except Exception as error:
        raise PluginError(f"{where} cannot be loaded ({first_line(error)}): uninstall its package") from error
    if faults := faults_of(target):
        raise PluginError(f"{where} {'; '.join(faults)}: uninstall its package")
    assert isinstance(target, Target)
    return target


def _by_name(every: Iterable[Target]) -> dict[str, Target]:
    """By name, those of this package first.

    Raises:
        PluginError: two have the same name, or one file could be of two formats.
    """
    found: dict[str, Target] = {}
    for target in every:
        for other in found.values():
            alike = target.suffix.endswith(other.suffix) or other.suffix.endswith(target.suffix)
            if target.name == other.name or alike:
                same = f"name '{target.name}'" if target.name == other.name else f"suffix '{target.suffix}'"
                raise PluginError(
                    f"two targets have the same {same}: {type(other).__module__} and {type(target).__module__}; uninstall one"
                )
        found[target.name] = target
    return found
