"""The version of this package; a module of its own, so that what stands below the public names need not import those."""

from __future__ import annotations

__version__ = "0.2.0"
