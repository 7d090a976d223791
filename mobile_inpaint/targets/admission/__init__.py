"""Whether a model file is harmless enough to be read: looked at before any runtime, converter or evaluator sees it."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from mobile_inpaint.artifact import size_of
from mobile_inpaint.errors import ManifestError


def admit(path: Path) -> None:
    """Lets the model file at ``path`` through, or refuses it; files of formats that we do not know are let through.

    A file beside this one holds the checks of one format, under the target's name.

    Raises:
        ManifestError: the file is damaged, or larger than the limits in :mod:`~mobile_inpaint.targets.admission.limits`.
    """
    from mobile_inpaint.targets.registry import target_of

    try:
        name = f"{__name__}.{target_of(path).name}"
    except ManifestError:
        return
    if importlib.util.find_spec(name) is not None:
        importlib.import_module(name).check(path)


def bytes_with_weights(path: Path) -> int:
    """The size of the admitted model file at ``path``, with the weights that lie in files beside it."""
    from mobile_inpaint.targets.admission import onnx

    return size_of(path) + (onnx.bytes_beside(path) if path.suffix == ".onnx" else 0)
