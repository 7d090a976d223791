"""The folder that this package stands in."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
"""A checkout's root, or where an installed package stands."""
