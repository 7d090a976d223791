"""The verb ``targets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.targets.base import Target


def targets(json: console.Json = False) -> None:
    """List the formats: suffix, precisions, and the toolchain or the line that installs it."""
    from mobile_inpaint.targets.registry import get_target, list_targets

    rows = [_row(get_target(name)) for name in list_targets()]
    if json:
        console.emit(rows)
        return
    console.table(
        ("target", "file", "precisions", "toolchain"),
        [
            (
                row["name"],
                row["suffix"],
                ", ".join(row["precisions"]),
                ", ".join(f"{name} {version}" for name, version in row["tools"].items()) or row["missing"],
            )
            for row in rows
        ],
    )


def _row(target: Target) -> dict[str, Any]:
    from mobile_inpaint.errors import ToolchainMissing

    row: dict[str, Any] = {
        "name": target.name,
        "suffix": target.suffix,
        "precisions": list(target.precisions),
        "extra": target.extra,
    }
    try:
        return {**row, "tools": target.tools(), "missing": None}
    except ToolchainMissing as error:
        return {**row, "tools": {}, "missing": str(error)}
