"""golden/ is what the package answers today; the apps' cores are held to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_golden_vectors_are_fresh_and_small() -> None:
    answer = subprocess.run([sys.executable, GOLDEN / "make.py", "--check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert sum(path.stat().st_size for path in GOLDEN.glob("*.json")) < 1_500_000
