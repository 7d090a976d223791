"""What a verb takes when nothing is said."""

from __future__ import annotations

CHECKPOINT = "migan-512-places2"
"""The one published network whose weights can be fetched."""
