"""The web app's core answers the golden vectors: node runs web_demo/tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web_demo"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_javascript_core_answers_the_golden_vectors() -> None:
    answer = subprocess.run(["node", "--test", "tests/"], cwd=WEB, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    assert "# pass 0" not in answer.stdout
