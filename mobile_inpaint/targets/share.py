"""How much memory work on a model file may fill at a time."""

from __future__ import annotations

_UNLIMITED = 1 << 30
"""All tensors that a 512-px network computes are 3 GB."""
_share = _UNLIMITED


def bytes_at_a_time() -> int:
    """Bytes of tensors that are looked at in one run: a GB, or less in a process whose memory is limited."""
    return _share


def limit_share(memory: int) -> None:
    """Says that this process may have only ``memory`` bytes more."""
    global _share
    _share = min(_UNLIMITED, memory // 4)
