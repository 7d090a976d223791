"""What is done where nothing is said, typed once: the command line, recipes and the Python functions all take it from here."""

from __future__ import annotations

from typing import Final

CHECKPOINT: Final = "migan-lite"
"""The network that ships inside this package: there is nothing to fetch."""
PRECISION: Final = "fp16"
RANGES: Final = "percentile"
"""How the range of an activation is estimated, and the share of values in percent that it covers."""
PERCENTILE: Final = 99.99
EQUALIZATION: Final = 0.5
"""Exponent of the cross-layer equalization."""
CALIBRATION_SAMPLES: Final = 32
"""Enough: 12 were too few, 20 gave what more gave."""
SEED: Final = 0
MAX_RISE_OBJECT: Final = 0.002
"""What LPIPS may rise by over the fp32 generator's on holes up to the size of an object, and on large free-form ones."""
MAX_RISE_FREE: Final = 0.008
