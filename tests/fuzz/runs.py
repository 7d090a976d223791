"""What the tests share: a run of the harness as a command, of some readers, and what it counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]


def run(out: Path, cases: int, *readers: str, jobs: int = 1) -> dict[str, dict[str, Any]]:
    """The summaries by reader; the harness must end by itself."""
    words = [word for reader in readers for word in ("--reader", reader)]
    options = ["--cases", str(cases), "--jobs", str(jobs), "--out", str(out), "--json"]
    command = [sys.executable, "-m", "tests.fuzz", *words, *options]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900)
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    return {summary["reader"]: summary for summary in json.loads(done.stdout)}


def check(summary: dict[str, Any], cases: int) -> None:
    """All cases ran, none with a fault: no traceback, no hang, nothing lost, no damaged file taken for good."""
    assert summary["faults"] == 0, f"{summary['causes']}; see: python -m tests.fuzz --show {summary['reader']}:SEED"
    assert summary["cases"] == cases == summary["refused"] + summary["accepted"]
    assert summary["refused"] > 0, "the damage is not noticed at all"
    assert summary["max_mb"] < 1000
    assert summary["p50_ms"] < 1000
