"""The verb ``targets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mobile_inpaint.cli import console

if TYPE_CHECKING:
    from mobile_inpaint.targets.base import Target


def targets(json: console.Json = False) -> None:
    """List the export formats: suffix, precisions, and the converter, or the command that installs it."""
    from mobile_inpaint.targets.registry import get_target, list_targets

    rows = [_row(get_target(name)) for name in list_targets()]
    if json:
        console.emit(rows)
        return
    console.table(
        ("target", "file", "precisions", "installed"),
        [
            (
                row["name"],
                row["suffix"],
                ", ".join(row["precisions"]),
                console.verdict(*(("no", False) if row["missing"] else ("yes", True))),
            )
            for row in rows
        ],
    )
    for row in rows:
        if row["missing"]:
            console.note(f"{row['name']}: {row['missing']}")
    if ready := [row["name"] for row in rows if not row["missing"]]:
        console.hint(f"mobile-inpaint export --target {'all' if len(ready) == len(rows) else ready[0]}")


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
