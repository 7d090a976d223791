"""``--detail auto|off|on``: whether large holes are rebuilt from the photo's own patches."""

from __future__ import annotations

from mobile_inpaint.photo.compositor.compositor import WAYS, Compositor

__all__ = ["WAYS", "with_detail"]


def with_detail(compositor: Compositor, way: str) -> Compositor:
    """See :meth:`~mobile_inpaint.photo.compositor.compositor.Compositor.with_detail`."""
    return compositor.with_detail(way)
