"""The verb ``targets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.targets.base import Target


def targets(json: console.Json = False) -> None:
    """List the formats: suffix, precisions, what else each can do, and the toolchain or the line that installs it."""
    from mobile_inpaint.targets.registry import get_target, list_targets

    rows = [_row(get_target(name)) for name in list_targets()]
    if json:
        console.emit(rows)
        return
    console.table(
        ("target", "file", "precisions", "can do", "toolchain"),
        [
            (
                row["name"],
                row["suffix"],
                ", ".join(row["precisions"]),
                ", ".join(row["capabilities"]) or "convert, load",
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
        "precisions": list(target.choices),
        "extra": target.requirement.partition("[")[2].rstrip("]"),
        "requirement": target.requirement,
        "capabilities": sorted(target.capabilities),
    }
    try:
        return {**row, "tools": target.tools(), "missing": None}
    except ToolchainMissing as error:
        return {**row, "tools": {}, "missing": str(error)}
