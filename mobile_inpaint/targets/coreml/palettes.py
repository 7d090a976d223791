"""Palettes of weights: one-dimensional k-means over a tensor's distinct values, the same answer at each call.

float16 has few distinct values, so clustering them with their counts takes milliseconds where clustering every weight takes
minutes, and sorted values need no seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
ROUNDS = 2000
"""At most; 256 centres of a large tensor settle within some hundreds."""
BINS = 4096
"""Of the histogram from which the first centres are taken."""


def palette(bits: int) -> Callable[[Floats], tuple[Floats, npt.NDArray[np.uint8]]]:
    """A function that gives ``2**bits`` values and, for each weight in order, the index of the nearest; for coremltools."""

    def of(weights: Floats) -> tuple[Floats, npt.NDArray[np.uint8]]:
        values, which, counts = np.unique(weights.astype(np.float64), return_inverse=True, return_counts=True)
        table = np.sort(_centres(values, counts, 1 << bits).astype(weights.dtype))
        nearest = np.searchsorted(_middles(table.astype(np.float64)), values)
        return table, nearest[which.ravel()].astype(np.uint8)

    return of


def _centres(values: Floats, counts: npt.NDArray[np.int64], k: int) -> Floats:
    """Lloyd's rounds on sorted ``values``, each of which occurs ``counts`` times."""
    if len(values) <= k:
        return np.pad(values, (0, k - len(values)), mode="edge")
    weight, moment = (np.concatenate([[0.0], np.cumsum(counts * power)]) for power in (np.ones_like(values), values))
    centres = _first(values, counts, k)
    for _ in range(ROUNDS):
        edge = np.concatenate([[0], np.searchsorted(values, _middles(centres)), [len(values)]])
        mass = np.diff(weight[edge])
        moved = np.where(mass > 0, np.diff(moment[edge]) / np.maximum(mass, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _first(values: Floats, counts: npt.NDArray[np.int64], k: int) -> Floats:
    """Centres spread as the cube root of the density, which is best for many of them (Panter and Dite, 1951)."""
    density, edges = np.histogram(values, BINS, weights=counts)
    share = np.concatenate([[0.0], np.cumsum(np.cbrt(density))])
    centres: Floats = np.interp((np.arange(k) + 0.5) / k * share[-1], share, edges)
    return centres


def _middles(centres: Floats) -> Floats:
    return (centres[1:] + centres[:-1]) / 2
