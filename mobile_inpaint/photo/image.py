"""Photo (what the user has) and Image (what a network has)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.float32]
"""NCHW float32 RGB in [0,1]; a mask is N1HW float32, 1 = hole."""

Fill: TypeAlias = Callable[[Image, Image], Image]
"""``fill(image, mask) -> image``: known pixels come back as given."""
