"""Runs the command line on hostile files, as a user does, and says what that cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, timeout=120)
cost = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stdout, done.stderr, cost.ru_utime + cost.ru_stime, cost.ru_maxrss / 1024]))
"""


@dataclass(frozen=True)
class Outcome:
    """Of one command: the seconds are the processors', the MB those of the largest of its processes."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


def command(*words: str | Path, cwd: Path | None = None) -> Outcome:
    """``mobile-inpaint WORDS``, in a process whose children are measured."""
    program = [sys.executable, "-m", "mobile_inpaint", *map(str, words)]
    root = str(Path(__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *program], capture_output=True, text=True, check=True, cwd=cwd, env=environment
    )
    return Outcome(*json.loads(done.stdout))


def refused(outcome: Outcome, usual: Outcome, *said: str) -> None:
    """Exit code 1, one line that says ``said``, and little more than a ``usual`` command takes."""
    assert outcome.code == 1, outcome
    assert outcome.out == "" and outcome.err.count("\n") == 1, outcome
    assert outcome.err.startswith("mobile-inpaint: ") and "Traceback" not in outcome.err
    for words in said:
        assert words in outcome.err, outcome.err
    cheap(outcome, usual)


def cheap(outcome: Outcome, usual: Outcome) -> None:
    """Not more than 2 s and 500 MB above a ``usual`` command."""
    assert outcome.seconds < usual.seconds + 2, outcome
    assert outcome.megabytes < usual.megabytes + 500, outcome
