"""``fill`` writes its result whole, through no link, and sweeps what killed runs left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobile_inpaint.cli import main

_AS_EARLIER = """
import os, signal, sys
from pathlib import Path
Path(sys.argv[1], f".q.png.{os.getpid()}.part").write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with ``photo.png`` and ``mask.png``."""
    pixels = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    mask = np.zeros((80, 100), np.uint8)
    mask[20:30, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


def _fill(place: Path, model: Path) -> int:
    files = [str(place / "photo.png"), "--mask", str(place / "mask.png"), "--out", str(place / "q.png")]
    return main(["fill", *files, "--model", str(model)])


def test_planted_links_are_not_followed(place: Path, small_checkpoint: Path) -> None:
    """Case 12: the temporary name of earlier versions, for this process, and the result itself."""
    victim = place / "victim"
    victim.write_text("precious")
    (place / f".q.png.{os.getpid()}.part").symlink_to(victim)
    (place / "q.png").symlink_to(victim)
    assert _fill(place, small_checkpoint) == 0
    assert victim.read_text() == "precious"
    assert not (place / "q.png").is_symlink()
    with Image.open(place / "q.png") as picture:
        assert picture.size == (100, 80)


def test_what_a_killed_run_left_is_swept(place: Path, small_checkpoint: Path) -> None:
    """Case 19, of an earlier version; tests/kills.py kills this one."""
    killed = subprocess.run([sys.executable, "-c", _AS_EARLIER, str(place)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(place.glob(".q.png.*.part"))) == 1
    assert _fill(place, small_checkpoint) == 0
    assert {path.name for path in place.iterdir()} == {"photo.png", "mask.png", "q.png"}
