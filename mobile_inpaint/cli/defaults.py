"""What a verb takes when nothing is said."""

from __future__ import annotations

from mobile_inpaint.defaults import CHECKPOINT as CHECKPOINT

PUBLISHED = "migan-512-places2"
"""Whose graph, as its authors published it, ours are compared with."""

MOST_THREADS = 1024
"""That an option takes; more than any machine here has."""
MOST_RUNS, MOST_SECONDS = 100_000, 1_000_000
"""Of a measurement."""
LARGEST_SEED = 2**32 - 1
MOST_SAMPLES = 100_000
"""Photos or crops to calibrate or judge on."""
