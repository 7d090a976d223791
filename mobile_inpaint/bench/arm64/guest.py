"""What the emulated machine does: ``guest FILE RUNS RESULT`` loads a file, runs it, and writes what came out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import milliseconds
from mobile_inpaint.bench.measure.workload import import_runtime, load


def main(file: str, runs: str, result: str) -> None:
    """Writes the outputs as arrays ``0``, ``1``, … and, as ``told``, a line of JSON."""
    candidate = Candidate(Path(file))
    import_runtime(candidate)
    workload = load(candidate, 1)
    outputs: dict[str, Any] = {}
    times = []
    for i in range(int(runs)):
        started = time.perf_counter()
        outputs[str(i)] = workload.run(i)
        times.append(milliseconds(time.perf_counter() - started))
    told = {"runtime": workload.runtime, "computes_in": workload.computes_in, "load_ms": workload.load_ms, "times_ms": times}
    np.savez(result, told=np.array(json.dumps(told)), **outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
