"""One run of a tool on a phone."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from mobile_inpaint.bench.android.adb import Answer, Link
from mobile_inpaint.bench.android.tool import Session, Tool
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.errors import BenchError

_MOST_S = 1800.0
_MEANINGS = {
    126: "cannot be executed on this phone; is it built for its processor?",
    127: "was not found there, or lacks a library that must stand beside it",
    134: "aborted",
    137: "was killed; is there memory enough?",
    139: "crashed (segmentation fault)",
}
"""Of a shell's exit status."""


def run_session(link: Link, folder: str, tool: Tool, program: str, model: str, unit: str, plan: Plan) -> Session:
    """What ``program``, which stands in ``folder`` on the phone, tells of the file ``model`` beside it, computed by ``unit``.

    Raises:
        BenchError: it failed, or told nothing that can be read.
        DeviceUnavailable: the phone went away.
    """
    arguments = tool.units[unit] + tool.arguments(model, plan.threads, plan.warmup, plan.iterations)
    words = shlex.join([f"./{program}", *arguments])
    clear = f"rm -f {tool.result} && " if tool.result else ""
    # `exec`, so that the hang-up which adbd sends when the connection is lost meets the program itself
    answer = link.shell(f"cd {folder} && {clear}LD_LIBRARY_PATH=. exec {words}", timeout_s=_MOST_S)
    if answer.status:
        raise BenchError(f"{model.partition('-')[2]}: {program} {_MEANINGS.get(answer.status) or _reason(answer)}")
    try:
        return tool.read(answer.out + answer.err, _result(link, folder, tool), plan.warmup, unit)
    except BenchError as error:
        link.must_be_there()  # a client that lost the phone in the middle may end as if all were well
        raise BenchError(f"{error}; it ended with: {answer.reason}") from None


def _result(link: Link, folder: str, tool: Tool) -> str:
    if tool.result is None:
        return ""
    with tempfile.TemporaryDirectory() as here:
        local = Path(here) / tool.result
        link.pull(f"{folder}/{tool.result}", local)
        return local.read_text(encoding="utf-8", errors="replace")


def _reason(answer: Answer) -> str:
    return f"failed with exit status {answer.status}: {answer.reason}"
