"""The smallest run of training: its configuration and its photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

_GENERATOR = """
variant = "migan-256"
overrides = { resolution = 32, ch_base = 256, ch_max = 16 }
"""
_OTHER_TABLES = """
[data]
size_px = 32
batch = 2
[loss]
adversarial = 0
levels = 0
l1 = 1
[run]
workers = 0
threads = 1
"""


def toml(generator: str = _GENERATOR, /, steps: int = 3, **run: int) -> str:
    """The configuration. ``generator`` is the text of its first table; ``run`` are other keys of its last one."""
    return f"[generator]\n{generator}{_OTHER_TABLES}" + "".join(
        f"{key} = {value}\n" for key, value in {"steps": steps, **run}.items()
    )


def write(folder: Path, **run: int) -> None:
    """Writes the configuration as ``c.toml``, and a photo into ``photos``."""
    (folder / "photos").mkdir(parents=True)
    (folder / "c.toml").write_text(toml(**run))
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photos" / "one.png")
