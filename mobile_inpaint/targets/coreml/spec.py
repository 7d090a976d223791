"""A Core ML package as coremltools' message, once it is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission import coreml as admission
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line, versions


def read_spec(path: Path) -> Any:
    """The package at ``path``; nothing in it is compiled or run.

    The program's file is parsed here. coremltools' own ``load_spec`` would write the package's ``Manifest.json`` anew.

    Raises:
        ManifestError: not a Core ML program, or a damaged one.
        ToolchainMissing: with the pip line.
    """
    versions("coreml", ("coremltools",))
    admission.check(path)
    with silence():
        from coremltools.proto import Model_pb2

        try:
            spec = Model_pb2.Model()
            spec.ParseFromString(admission.program_of(path).read_bytes())
            return spec
        except Exception as error:
            raise ManifestError(f"{path.name}: not a Core ML package ({first_line(error)})") from error


def read_program(path: Path, spec: Any) -> Any:
    """The function ``main`` of the package at ``path``, whose message is ``spec``, as coremltools' converters have it.

    Raises:
        ManifestError: a damaged package.
    """
    with silence():
        from coremltools.converters.mil.frontend.milproto.load import load

        try:
            weights = path.joinpath(admission.DATA, *admission.WEIGHTS)
            return load(spec, spec.specificationVersion, str(weights)).functions["main"]
        except Exception as error:
            raise ManifestError(f"{path.name}: a damaged Core ML package ({first_line(error)})") from error
