"""``--detail auto|off|on``: whether large holes are rebuilt from the photo's own patches."""

from __future__ import annotations

from dataclasses import replace

from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.photo.compositor.detail import Detail

WAYS = ("auto", "off", "on")


def with_detail(compositor: Compositor, way: str) -> Compositor:
    """The compositor with its detail step chosen; grey and toned photos stay so in each way.

    Args:
        compositor: its own numbers of the step are kept; those of `Detail` stand in where it has none.
        way: ``auto``: where the crop is shrunk by ``Detail.shrink`` or more; ``off``: never; ``on``: always.
    """
    if way == "off":
        return replace(compositor, keep_tone=True, detail=None)
    detail = compositor.detail or Detail()
    return replace(compositor, keep_tone=True, detail=replace(detail, shrink=1.0) if way == "on" else detail)
