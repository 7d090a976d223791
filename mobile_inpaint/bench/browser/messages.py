"""What the page posts, each kind of message with its shape; whatever does not fit is refused.

A page runs on a machine that is not ours: text is made printable and short before anybody sees it, numbers must be finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from mobile_inpaint import documents, schema
from mobile_inpaint.errors import BenchError
from mobile_inpaint.schema import Range

_MOST_TEXT = 400
_Ms = Annotated[float, Range(0, 1e12)]
_Count = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True)
class Alive:
    """The page is still open; it says so every few seconds, also while a run lasts."""


@dataclass(frozen=True)
class Closed:
    """Somebody closed the page, or went elsewhere."""


@dataclass(frozen=True)
class Progress:
    """How many steps are done: cold starts, then rounds of all files."""

    done: _Count


@dataclass(frozen=True)
class Failure:
    """The measurement cannot go on, and why."""

    message: str


@dataclass(frozen=True)
class Start:
    """A cold start: a frame of its own, with the runtime loaded and nothing of the file.

    Attributes:
        load_ms: from the file's bytes in memory to a session that can run.
        first_ms: the first run after that.
        heap_bytes: by how much the WebAssembly heap had grown after a few runs; it never shrinks.
    """

    load_ms: _Ms
    first_ms: _Ms
    heap_bytes: _Count


@dataclass(frozen=True)
class Measured:
    """Of one file.

    Attributes:
        threads: that the runtime was given.
        whole: no operation was left to the CPU that should run on a GPU, as far as the runtime says.
        warmup_ms, times_ms: of each run, from arrays in to an array out.
        dispatch_ms: of each timed run, until the call came back; empty where that call reads the output back.
        changed: the output changed every time that the input did.
        psnr_db: to the expected output, in the hole, the worst of all runs; 200 where equal.
        max_abs_error: the largest difference of all runs, there.
        cold_starts: each in a frame of its own.
    """

    threads: Annotated[int, Range(0, 65_536)]
    whole: bool
    warmup_ms: tuple[_Ms, ...]
    times_ms: tuple[_Ms, ...]
    dispatch_ms: tuple[_Ms, ...]
    changed: bool
    psnr_db: float
    max_abs_error: float
    cold_starts: tuple[Start, ...]


@dataclass(frozen=True)
class PageReport:
    """The whole measurement.

    Attributes:
        user_agent: as the browser calls itself.
        cores: that it admits to.
        memory_gb: that it admits to, rounded and capped by it; None where it does not say.
        gpu: WebGPU's adapter, in its own words; None where none was asked for.
        isolated: the page was cross-origin isolated, so its clock is fine and memory may be shared.
        was_hidden: the page was in the background meanwhile.
        files: in the order of the job.
    """

    user_agent: str
    cores: Annotated[int, Range(0, 65_536)]
    memory_gb: Annotated[float, Range(0, 1e9)] | None
    gpu: str | None
    isolated: bool
    was_hidden: bool
    files: tuple[Measured, ...]


Message: TypeAlias = Alive | Closed | Progress | Failure | PageReport
KINDS: dict[str, type[Message]] = {
    "/alive": Alive,
    "/closed": Closed,
    "/progress": Progress,
    "/failure": Failure,
    "/report": PageReport,
}
"""By the path that the page posts it to."""


def parse(path: str, body: bytes) -> Message:
    """The message that ``body`` is.

    Raises:
        BenchError: it is not JSON, not of that shape, or has a number that is not finite.
    """
    return schema.load(KINDS[path], _printable(documents.parse_json(body, path, BenchError)), path, BenchError)


def _printable(value: Any) -> Any:
    """``value`` with every text in it on one line and short; a terminal's escape sequences do not survive that."""
    if isinstance(value, str):
        return "".join(c if c.isprintable() else " " for c in value[:_MOST_TEXT])
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return value
