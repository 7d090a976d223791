"""What a model file may be at most. A network for a phone has a tenth of each or less."""

from __future__ import annotations

LARGEST_FILE = 1 << 30
"""Bytes of a model file, its weights with it."""
LARGEST_BESIDE = 1 << 29
"""Bytes of all files beside a model that hold its weights."""
MOST_NODES = 50_000
"""Operations, those of loops, branches and functions with them, a function's once for each call."""
MOST_TENSORS = 200_000
DEEPEST = 16
"""Levels of graphs inside graphs, and of types inside types."""
MOST_DIMENSIONS = 16
"""Dimensions of one tensor."""
LARGEST_DIMENSION = 1 << 31
LARGEST_TENSOR = 1 << 30
"""Bytes of one tensor, as its declared dimensions imply them."""
LARGEST_INPUTS = 1 << 30
"""Bytes of all inputs together, as their declared dimensions imply them."""
LARGEST_FED = 1 << 28
"""Bytes of a tensor in a file that is run to see what it computes; of a network for a phone the largest has 100 MB."""
LARGEST_SIDE = 4096
"""Pixels of an image's side; a file that declares more is not fed."""
MOST_NUMBERS = 1_000_000
"""Numbers in all attributes together."""
LONGEST_TEXT = 65_536
"""Bytes of a name."""
SECONDS, SECONDS_PER_MB = 30.0, 5.0
"""Of one piece of work on a file that is not ours, and what each MB of it adds."""
MEMORY, MEMORY_PER_BYTE, MOST_MEMORY = 400_000_000, 512, 6 << 30
"""Bytes that such work may take, what each byte of the file adds, and the most that they make."""
