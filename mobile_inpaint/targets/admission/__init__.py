"""Whether a model file is harmless enough to be read: looked at before any runtime, converter or evaluator sees it."""

from __future__ import annotations

from pathlib import Path

from mobile_inpaint.artifact import size_of


def admit(path: Path) -> None:
    """Lets the model file at ``path`` through, or refuses it; files of formats that we do not know are let through.

    Raises:
        ManifestError: the file is damaged, or larger than the limits in :mod:`~mobile_inpaint.targets.admission.limits`.
    """
    from mobile_inpaint.targets.registry import find_target

    if (target := find_target(path)) is not None:
        target.admit(path)


def bytes_with_weights(path: Path) -> int:
    """The size of the admitted model file at ``path``, with the weights that lie in files beside it."""
    from mobile_inpaint.targets.registry import find_target

    target = find_target(path)
    return size_of(path) + (target.bytes_beside(path) if target else 0)
