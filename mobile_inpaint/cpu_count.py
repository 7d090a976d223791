"""How many cores this process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Those this process may run on, which a container or ``taskset`` makes fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no such thing
        return os.cpu_count() or 1
