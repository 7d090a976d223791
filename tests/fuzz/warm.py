"""Makes cases quick: what the commands start as a fresh interpreter is forked from this process, which has all imports already.

The limits on time that the commands set themselves are shortened with it. What runs between the processes, and each process's
limit on memory, stay the tool's own.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from types import SimpleNamespace
from typing import IO, Any

SECONDS = 3.0
"""Of work on a foreign file, for which the tool itself allows more."""
NAMES_ITS_LIMIT = "which is the limit"
"""In a message that a time limit was reached."""


class Forked:
    """As much of :class:`subprocess.Popen` as the guard of foreign files uses.

    Attributes:
        used: whether there was one since the harness last looked: a process with a limit on memory of its own.
    """

    used = False

    def __init__(
        self, command: list[str], stdin: Any = None, stdout: Any = None, stderr: Any = None, env: dict[str, str] | None = None
    ) -> None:
        from mobile_inpaint.targets import guarded

        (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
        Forked.used = True
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.dup2(their_in, 0)
                os.dup2(their_out, 1)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                os.closerange(3, 256)
                os.environ.update(env or {})
                guarded.serve()
                code = 0
            finally:
                os._exit(code)
        os.close(their_in)
        os.close(their_out)
        self.stdin: IO[bytes] = os.fdopen(our_out, "wb")
        self.stdout: IO[bytes] = os.fdopen(our_in, "rb")
        self.returncode: int | None = None

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode


def make_quick() -> None:
    """From now on in this process; the command line's own parser is made once, too."""
    from typer import main as typer

    from mobile_inpaint import cli

    cli._app = functools.cache(cli._app)
    typer.get_command = functools.cache(typer.get_command)
    from mobile_inpaint.targets import guarded
    from mobile_inpaint.targets.admission import limits

    guarded.subprocess = SimpleNamespace(Popen=Forked, PIPE=-1, DEVNULL=-3)  # type: ignore[attr-defined]
    limits.SECONDS = SECONDS
