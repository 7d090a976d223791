"""A search for a mix as a picture: what each choice costs in quality, in size and in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mobile_inpaint import files
from mobile_inpaint.errors import ToolchainMissing
from mobile_inpaint.quantization.mixed_precision import Search


def plot(found: Search, path: Path) -> None:
    """Writes a PNG: the groups' sensitivities, and the rise of LPIPS over size and over speed.

    Where speed was not measured, the share of the work that is left to floats stands for it.

    Raises:
        ToolchainMissing: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ToolchainMissing("not installed: matplotlib; run: pip install 'mobile-inpaint[plots]'") from None

    figure = Figure(figsize=(12, 9), layout="constrained")
    panels = figure.subplot_mosaic([["groups", "groups"], ["bytes", "speed"]])
    _sensitivities(panels["groups"], found)
    _rises(panels["bytes"], found, "MB", [mix.bytes / 1e6 for mix in found.mixes])
    if all(mix.speed is not None for mix in found.mixes):
        _rises(panels["speed"], found, "times as fast as all float", [mix.speed for mix in found.mixes])
    else:
        _rises(panels["speed"], found, "share of the work in float", [mix.float_work for mix in found.mixes])
    with files.being_written(path) as part:
        figure.savefig(part, dpi=110, format="png", metadata={"Software": None})


def _sensitivities(panel: Any, found: Search) -> None:
    colours = ["tab:red" if group.name in found.chosen.float_groups else "tab:blue" for group in found.groups]
    panel.bar(range(len(found.groups)), [group.sensitivity for group in found.groups], color=colours)
    names = [group.name.replace(".blocks", "") for group in found.groups]
    panel.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    panel.set_ylabel("LPIPS to all float when alone int8")
    panel.set_title("Sensitivity; red stays in floating point")


def _rises(panel: Any, found: Search, label: str, places: list[Any]) -> None:
    kinds = (
        ("object-sized", "tab:blue", [mix.rise_object for mix in found.mixes], found.max_rise_object),
        ("thin or small", "tab:green", [mix.rise_smaller for mix in found.mixes], found.max_rise_object),
        ("free-form", "tab:orange", [mix.rise_free for mix in found.mixes], found.max_rise_free),
    )
    for kind, colour, rises, bound in kinds:
        measured = [(place, rise) for place, rise in zip(places, rises, strict=True) if rise is not None]
        panel.scatter(*zip(*measured, strict=True), label=kind, color=colour)
        panel.axhline(bound, color=colour, linestyle=":")
    panel.axvline(places[found.mixes.index(found.chosen)], color="grey", linestyle="--", label="chosen")
    panel.set_xlabel(label)
    panel.set_ylabel("rise of LPIPS over fp32")
    panel.legend(fontsize=7)
