"""Anybody's model file, run on tensors of its own signature: what bench does with a file that has no manifest."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mobile_inpaint.errors import BenchError
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.registry import find_target, get_target, list_targets
from mobile_inpaint.targets.signature import Array, ExternalRunner
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line, required


def import_runtime(path: Path) -> None:
    """Imports what runs the file at ``path``, so that its cost is not counted as the file's.

    Raises:
        ToolchainMissing: with the pip line.
        BenchError: no runtime here has that suffix.
    """
    target = _target_of(path)
    distribution, module = target.runtime
    required(target.requirement, filter(None, [distribution]))
    if module:
        with silence():
            importlib.import_module(module)


def load_external(path: Path, *, threads: int | None = None) -> ExternalRunner:
    """The model file at ``path``, ready to run, if its format runs files without a manifest.

    Raises:
        ToolchainMissing: the runtime is not installed.
        ManifestError: the runtime cannot read the file.
        BenchError: an input is not a tensor of numbers; a format that cannot be run without a manifest.
    """
    target = _target_of(path)
    if "external" not in target.capabilities:
        able = [one.suffix for one in map(get_target, list_targets()) if "external" in one.capabilities]
        raise BenchError(f"{path.name}: without a manifest only {', '.join(able)} files can be timed")
    runner = target.load_external(path, threads=threads)

    def run_or_say_why(arrays: Mapping[str, Array]) -> Array:
        try:
            return runner.run(arrays)
        except Exception as error:
            raise BenchError(f"{path.name}: cannot run on these inputs ({first_line(error)})") from error

    return replace(runner, run=run_or_say_why)


def _target_of(path: Path) -> Target:
    if (target := find_target(path)) is not None:
        return target
    suffixes = ", ".join(get_target(name).suffix for name in list_targets())
    raise BenchError(f"{path.name}: bench runs {suffixes} files")
