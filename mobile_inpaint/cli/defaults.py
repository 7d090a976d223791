"""What a verb takes when nothing is said."""

from __future__ import annotations

CHECKPOINT = "migan-lite"
"""The network that ships inside this package: there is nothing to fetch."""
PUBLISHED = "migan-512-places2"
"""Whose graph, as its authors published it, ours are compared with."""
