"""Which artifacts a request comes to: what was named must be possible, of ``all`` what is not is skipped and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from mobile_inpaint.artifact import Io, Quantization
from mobile_inpaint.errors import CapabilityMissing, ExportError, RecipeError, ToolchainMissing
from mobile_inpaint.export.pipeline import check_target
from mobile_inpaint.export.recipe import Recipe
from mobile_inpaint.precision import PRECISIONS, SEARCH
from mobile_inpaint.quoting import listed, quoted
from mobile_inpaint.targets.registry import all_missing, get_target, list_targets, missing_toolchains

ALL = "all"
"""What ``--target`` takes to name every format."""


@dataclass(frozen=True)
class Plan:
    """What is made.

    Attributes:
        recipes: an artifact each; at least one.
        skipped: what is not made, a line each.
        missing: of formats that were named, all toolchains that are not installed; to be raised when the others are made.
    """

    recipes: tuple[Recipe, ...]
    skipped: tuple[str, ...] = ()
    missing: ToolchainMissing | None = None


def plan(wanted: Sequence[Recipe], *, every: bool) -> Plan:
    """What of ``wanted`` is made here.

    Args:
        wanted: artifacts of one checkpoint, before anything was asked of their targets.
        every: the targets come of ``all``: whatever one of them lacks is skipped. Otherwise only those formats are left out
            whose toolchain is missing.

    Raises:
        TargetNotFound, UnsupportedPrecision, CapabilityMissing, ExportError: a format that was named cannot make it, or none.
        RecipeError: ``hole`` is black where ``io`` is not ``photo``.
        ToolchainMissing: nothing can be made here; all missing toolchains are named.
    """
    possible, skipped = list[Recipe](), list[str]()
    for recipe in wanted:
        if recipe.hole == "black" and recipe.io == "tensor":
            raise RecipeError("--hole black: only a one-file pipeline has it; add --io photo")
        try:
            check_target(get_target(recipe.target), recipe.precision, recipe.deployment, recipe.io)
        except (ExportError, CapabilityMissing) as error:
            if not every:
                raise
            skipped.append(f"skipped: {error}")
        else:
            possible.append(recipe)
    if not possible:
        raise ExportError(f"no target can make that: {'; '.join(line.removeprefix('skipped: ') for line in skipped)}")
    missing = missing_toolchains(dict.fromkeys(recipe.target for recipe in possible))
    here = tuple(recipe for recipe in possible if recipe.target not in missing)
    if missing and not here:
        raise all_missing(missing)
    if missing and every:
        skipped.append(f"skipped: {all_missing(missing)}")
    return Plan(here, tuple(skipped), all_missing(missing) if missing and not every else None)


def requested(
    model: str,
    targets: Sequence[str],
    precisions: Sequence[str],
    *,
    deployment: str | None = None,
    io: str = "tensor",
    hole: str = "white",
    detail: str = "auto",
    quantization: Quantization,
) -> list[Recipe]:
    """A recipe for each of ``targets`` in each of ``precisions``; ``deployment`` is asked only of formats that know any, unless
    just one is named.

    Raises:
        TargetNotFound: no such format.
        ExportError: no such precision.
        RecipeError: no target or precision is named, or no such ``io``, ``hole`` or ``detail``.
    """
    names = list(dict.fromkeys(list_targets() if ALL in targets else targets))
    if not names or not precisions:
        raise RecipeError(f"say what to make: a target out of {', '.join([*list_targets(), ALL])}, and a precision")
    choices = (("io", io, get_args(Io)), ("hole", hole, ("white", "black")), ("detail", detail, ("auto", "off")))
    for name, value, known in choices:
        if value not in known:
            raise RecipeError(f"{name} is {quoted(value)}: it must be {' or '.join(known)}")
    if ALL in targets and (unknown := [name for name in precisions if name not in (*PRECISIONS, SEARCH)]):
        raise ExportError(f"unknown precision {quoted(unknown[0])}: there are {listed((*PRECISIONS, SEARCH))}")
    return [
        Recipe(
            target=name,
            checkpoint=model,
            precision=precision,  # type: ignore[arg-type]
            deployment=deployment if len(names) == 1 or get_target(name).deployments else None,
            io=io,  # type: ignore[arg-type]
            hole=hole,  # type: ignore[arg-type]
            detail=detail,  # type: ignore[arg-type]
            quantization=quantization,
        )
        for name in names
        for precision in dict.fromkeys(precisions)
    ]
