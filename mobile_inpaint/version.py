"""The version of this package, and the folder it stands in.

A module of its own: what stands below the public names in ``__init__.py`` imports it without importing those.
"""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

CHECKOUT = Path(__file__).parents[1]
"""The folder that holds the package: a checkout's root, or where an installed package stands."""
