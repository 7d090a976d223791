"""One run of a file before it is timed, in a process that may hang or crash without harm."""

from __future__ import annotations

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.workload import check_runs_here, load
from mobile_inpaint.targets.guarded import Guard


def rehearse(candidate: Candidate, threads: int) -> None:
    """Returns where the candidate's file can be loaded and run.

    Raises:
        ManifestError: it takes longer or more memory than a file of its size may, or ends the process.
        MobileInpaintError: see :func:`~mobile_inpaint.bench.measure.workload.load`; its run fails.
    """
    check_runs_here(candidate.path)
    imports = ("openvino",) if candidate.runtime else ()
    with Guard(candidate.path, imports) as guard:
        guard.call(_run_once, candidate, threads)


def _run_once(candidate: Candidate, threads: int) -> None:
    load(candidate, threads).run(0)
