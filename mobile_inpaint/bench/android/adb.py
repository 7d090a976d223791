"""The ``adb`` client: which phones it sees, and commands, files and errors on their way to one and back."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import BenchError, DeviceUnavailable

_PROMPT_S = 60.0
"""For what takes a phone a moment; a client that has to start its server first takes three seconds."""
_TRANSFER_S = 600.0


@dataclass(frozen=True)
class Listed:
    """A phone as ``adb devices`` lists it.

    Attributes:
        state: ``device`` where it can be used; else ``unauthorized``, ``offline``, ``no permissions …`` and others.
    """

    serial: str
    state: str


@dataclass(frozen=True)
class Answer:
    """What a command on the phone left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """What a message can quote: the first line that calls itself an error, else the last one."""
        lines = [line.strip() for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        errors = (line for line in lines if re.match(r"(adb: )?error", line, re.IGNORECASE))
        return next(errors, lines[-1] if lines else "it said nothing")


def listed() -> tuple[Listed, ...]:
    """Every phone that adb sees, usable or not.

    Raises:
        DeviceUnavailable: adb is not installed, or its server does not come up.
    """
    answer = _run("devices")
    if answer.status:
        raise DeviceUnavailable(f"adb cannot list phones: {answer.reason}")
    found = re.findall(r"^(\S+)[ \t]+(\S.*?)\s*$", answer.out.partition("List of devices attached\n")[2], re.MULTILINE)
    return tuple(Listed(*one) for one in found)


@dataclass(frozen=True)
class Link:
    """One phone, by its serial number. Every method raises DeviceUnavailable when the phone went away."""

    serial: str

    def shell(self, command: str, timeout_s: float = _PROMPT_S) -> Answer:
        """What ``command`` does in the phone's shell."""
        answer = _run("-s", self.serial, "shell", command, timeout_s=timeout_s)
        if answer.status:
            self.must_be_there()
        return answer

    def push(self, local: Path, remote: str) -> None:
        """Copies a file to the phone.

        Raises:
            BenchError: it does not fit there, or may not be written.
        """
        answer = _run("-s", self.serial, "push", str(local), remote, timeout_s=_TRANSFER_S)
        if answer.status:
            self.must_be_there()
            if "No space left" in answer.err + answer.out:
                needed = local.stat().st_size / 1e6
                raise BenchError(f"no space left on {self.serial} for {local.name} ({needed:.1f} MB): free some there")
            raise BenchError(f"{local.name}: not copied to {self.serial}: {answer.reason}")

    def pull(self, remote: str, local: Path) -> None:
        """Copies a file from the phone.

        Raises:
            BenchError: there is none.
        """
        answer = _run("-s", self.serial, "pull", remote, str(local), timeout_s=_TRANSFER_S)
        if answer.status:
            self.must_be_there()
            raise BenchError(f"{remote}: not copied from {self.serial}: {answer.reason}")

    def start(self, command: str) -> subprocess.Popen[str]:
        """``command``, running in the phone's shell until the other end of its input is closed or the phone goes away."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [_program(), "-s", self.serial, "shell", command], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def must_be_there(self) -> None:
        """Nothing while the phone takes commands; neither adb's exit status nor its silence tell that for sure.

        Raises:
            DeviceUnavailable: it does not.
        """
        asked = _run("-s", self.serial, "shell", "echo here")
        if asked.out.strip() != "here":
            raise DeviceUnavailable(f"{self.serial} went away ({asked.reason}): connect it and measure again")


def _program() -> str:
    program = shutil.which("adb")
    if program is None:
        raise DeviceUnavailable("Android phones are reached by adb, which is not installed: apt install adb, or platform-tools")
    return program


def _run(*arguments: str, timeout_s: float = _PROMPT_S) -> Answer:
    try:
        done = subprocess.run(
            [_program(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeviceUnavailable(f"adb {arguments[-2]}: no answer within {timeout_s:.0f} s; is the phone awake?") from None
    return Answer(done.returncode, done.stdout, done.stderr)
