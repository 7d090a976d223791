"""A program that times a model file on a phone, and what one run of it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mobile_inpaint.bench.report.latency_report import ColdStart, Series
from mobile_inpaint.errors import BenchError

_ELF_MACHINES = {183: "arm64-v8a", 40: "armeabi-v7a", 62: "x86_64", 3: "x86", 243: "riscv64"}


@dataclass(frozen=True)
class Session:
    """What one run of a tool told: a fresh process that loaded the file, warmed up and ran it again and again.

    Attributes:
        start: the cold start that it was.
        warmup_ms, times_ms: of every run; where the tool tells no single times, the mean of each series.
        series: what it told of the timed series then; None where ``times_ms`` are single runs.
        delegated: how much of the graph ran on the unit that was asked for; None where the tool does not say.
        placement: operations by unit, where it says.
    """

    start: ColdStart
    warmup_ms: tuple[float, ...]
    times_ms: tuple[float, ...]
    series: Series | None = None
    delegated: Literal["all", "some", "none"] | None = None
    placement: dict[str, int] | None = None


@dataclass(frozen=True)
class Tool:
    """One kind of program.

    Attributes:
        name: what its file is called, alone or behind a prefix such as ``android_aarch64_``.
        target: whose files it runs.
        units: by what stands behind a file's ``@``, the arguments that make it compute there.
        arguments: for a model's name, threads, runs to warm up, timed runs; those of the unit come before them.
        result: the file that it writes into the folder it runs in; None where it tells all on its output.
        read: the session, from its output, its result file's text, the runs to warm up and the unit; BenchError where
            the session cannot be told from that.
        doubts: why to doubt what it tells.
    """

    name: str
    target: str
    units: dict[str, tuple[str, ...]]
    arguments: Callable[[str, int, int, int], tuple[str, ...]]
    result: str | None
    read: Callable[[str, str, int, str], Session]
    doubts: tuple[str, ...]


def check_runs_on(path: Path, abis: str) -> None:
    """Nothing for a script, and for a program that a phone with these ``abis`` can execute.

    Args:
        path: the program.
        abis: Android's ``ro.product.cpu.abilist``, for example ``arm64-v8a,armeabi-v7a``.

    Raises:
        BenchError: it is not there, or was built for another processor.
    """
    if not path.is_file():
        raise BenchError(f"{path}: no such program")
    with path.open("rb") as file:
        head = file.read(20)
    if head[:4] == b"\x7fELF":
        built_for = _ELF_MACHINES.get(int.from_bytes(head[18:20], "little"), "another processor")
        if abis and built_for not in abis.split(","):
            raise BenchError(f"{path.name} is built for {built_for}, the phone runs {abis}")
