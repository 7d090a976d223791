"""A few kills of each command that writes; ``python tests/kills.py --kills 50`` does the same for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the kills need forked processes")
def test_a_killed_command_leaves_whole_files_and_the_next_one_sweeps() -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, TESTS / "kills.py", "--kills", "4"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("Figures(kills=") == 4
