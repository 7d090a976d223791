"""Work on a model file that may hang, take all memory or crash a runtime: done in a process of its own, within limits.

The process is a fresh interpreter and no fork, because runtimes leave threads behind that do not survive one. It imports the
runtime once and does all the work that one command asks of it; a command that leaves this to it need not import the runtime
itself.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ParamSpec, TypeVar

import numpy as np

from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.photo.compositor.compositor import Flags, Pixels
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.admission import admit, bytes_with_weights, limits
from mobile_inpaint.targets.base import Runner, Target
from mobile_inpaint.targets.contract import Described, describe
from mobile_inpaint.targets.onnx.providers import DEVICE
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.share import limit_share
from mobile_inpaint.targets.toolchain import first_line

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS_TO_START = 120.0
_OUT_OF_MEMORY = ("std::bad_alloc", "Failed to allocate memory", "Arena alloc failed")
"""What runtimes say, in errors of other kinds than MemoryError, when an allocation fails: C++, ONNX Runtime and protobuf."""
_STACK = 16 << 20
"""Bytes that a thread of a runtime may have, most of them never touched."""


class Guard:
    """A process that works on one file. It ends with the block, and is killed when it takes longer than it may.

    Args:
        path: the file.
        imports: modules that the work needs beside the runtime of the file's format.
        more_seconds, more_bytes: what one call may take beyond what a file of that size may; negative is less.
        device: on what ONNX Runtime computes there; see :mod:`mobile_inpaint.targets.onnx.providers`.
    """

    def __init__(
        self,
        path: Path,
        imports: tuple[str, ...] = (),
        *,
        more_seconds: float = 0,
        more_bytes: int = 0,
        device: str = "cpu",
    ) -> None:
        size = 0
        if path.exists():  # what is not there is said by whoever opens it
            admit(path)
            size = bytes_with_weights(path)
        self.path = path
        self._seconds = seconds_for(size) + more_seconds
        self._bytes = bytes_for(size) + more_bytes
        if device != "cpu":  # a driver's own memory is no sign of a bad file
            self._bytes = 1 << 40
        start = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, DEVICE: device},
        )
        self._late = False
        self._send(((*_imports_of(path), *imports), self._bytes), _SECONDS_TO_START)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):  # what was not sent any more
            _stream(self._process.stdin).close()
        _stream(self._process.stdout).close()
        self._process.wait()

    def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` returns there; a function at the top of a module, and arguments that can be pickled.

        Raises:
            ManifestError: it took longer or more memory than it may, ended the process, or raised an error not of ours.
            MobileInpaintError: that of ``work`` itself.
        """
        answer: T = self._send((work, args, kwargs, self._seconds), self._seconds)
        return answer

    def describe(self) -> Described:
        """The contract in the file's own metadata, None where its format has none, and its operations, counted.

        Raises:
            ManifestError: see :meth:`call`; there is no contract.
        """
        return self.call(_describe, self.path)

    def load(self, *, threads: int | None = None) -> Runner:
        """The artifact as a Fill that runs there while the block lasts; see :func:`~mobile_inpaint.targets.load_artifact`.

        Raises:
            ManifestError: see :meth:`call`; so does each fill.
        """
        runtime, computes_in, grey_levels = self.call(_load, self.path, threads)

        def fill(image: Image, mask: Image) -> Image:
            return self.call(_fill, image, mask)

        return Runner(fill, runtime, computes_in, grey_levels)

    def load_photo(self, *, threads: int | None = None) -> PhotoRunner:
        """The same for a one-file pipeline; see :func:`~mobile_inpaint.targets.load_pipeline`.

        Raises:
            ManifestError: see :meth:`call`; so does each fill.
        """
        runtime, computes_in, size_px = self.call(_load_photo, self.path, threads)

        def fill(pixels: Pixels, hole: Flags) -> Pixels:
            return self.call(_fill_photo, pixels, hole)

        return PhotoRunner(fill, runtime, computes_in, size_px)

    def _send(self, message: object, seconds: float) -> Any:
        self._late = False
        timer = threading.Timer(seconds, self._kill)
        timer.daemon = True
        timer.start()
        try:
            stdin = _stream(self._process.stdin)
            pickle.dump(message, stdin)
            stdin.flush()
            kind, told = pickle.load(_stream(self._process.stdout))
        except (EOFError, OSError, pickle.UnpicklingError):
            raise self._death(seconds) from None
        finally:
            timer.cancel()
        if kind == "error":
            raise _rebuilt(*told)
        if kind == "fault":
            line, trace = told
            raise ManifestError(f"{self.path.name}: cannot be read or run ({line}); get it again") from RuntimeError(trace)
        if kind == "memory":
            raise ManifestError(f"{self.path.name}: needs more than {self._bytes / 1e6:,.0f} MB of memory; is it damaged?")
        return told

    def _kill(self) -> None:
        self._late = True
        self._process.kill()

    def _death(self, seconds: float) -> ManifestError:
        code = self._process.wait()
        name = self.path.name
        if self._late:
            return ManifestError(
                f"{name}: not done after {seconds:.0f} s, which is the limit for a file of this size; is it damaged?"
            )
        if code == -signal.SIGKILL:
            return ManifestError(f"{name}: the system ended the process that worked on it; is there memory enough?")
        how = next((each.name for each in signal.Signals if each == -code), f"code {code}")
        return ManifestError(f"{name}: ended the process that worked on it ({how}); is it damaged?")


def guarded(path: Path, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``work`` on the file at ``path`` returns, done in a process of its own; see :meth:`Guard.call`.

    Raises:
        MobileInpaintError: see :meth:`Guard.call`.
    """
    with Guard(path) as guard:
        return guard.call(work, *args, **kwargs)


def seconds_for(size: int) -> float:
    """What one call on a file of ``size`` bytes may take. The largest network of ours takes a tenth of that on two cores."""
    return limits.SECONDS + limits.SECONDS_PER_MB * size / 1e6


def bytes_for(size: int) -> int:
    """The memory that work on a file of ``size`` bytes may take above what the process has when it starts."""
    return min(limits.MEMORY + limits.MEMORY_PER_BYTE * size, limits.MOST_MEMORY)


_loaded: Any = None


def serve() -> None:
    """What the process does: it answers messages from standard input until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to every process of a terminal; the parent ends this one
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)  # runtimes print there
    modules, memory = pickle.load(commands)
    for module in modules:
        with contextlib.suppress(ImportError):  # what is missing is said by whoever needs it
            importlib.import_module(module)
    _limit_memory(memory)
    _answer(answers, ("ready", None))
    while True:
        try:
            work, args, kwargs, seconds = pickle.load(commands)
        except EOFError:
            return
        _alarm(seconds)
        try:
            answer: tuple[str, Any] = ("done", work(*args, **kwargs))
        except Exception as error:
            answer = _failure(error)
        _alarm(None)
        _answer(answers, answer)


def _failure(error: Exception) -> tuple[str, Any]:
    """The answer for work that raised ``error``."""
    if _ran_out_of_memory(error):
        return "memory", None
    if isinstance(error, MobileInpaintError):
        return "error", (type(error), str(error), error.__dict__)
    return "fault", (f"{type(error).__name__}: {first_line(error)[:200]}", traceback.format_exc())


def _ran_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: ``error`` says so, or one that caused it."""
    cause: BaseException | None = error
    while cause is not None:
        said = "" if isinstance(cause, MobileInpaintError) else str(cause)  # ours may quote a file's own words
        if isinstance(cause, MemoryError) or any(words in said for words in _OUT_OF_MEMORY):
            return True
        cause = cause.__cause__
    return False


def _answer(answers: IO[bytes], answer: tuple[str, Any]) -> None:
    pickle.dump(answer, answers)
    answers.flush()


def _limit_memory(more: int) -> None:
    """Lets this process have so many bytes more. Where the system counts no such bytes, only the time is limited."""
    limit_share(more)
    if sys.platform != "linux":
        return
    import resource

    status = Path("/proc/self/status").read_text(encoding="utf-8")
    now = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = now + more + _STACK * (os.cpu_count() or 1)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _alarm(seconds: float | None) -> None:
    """Ends this process after ``seconds`` when its parent has not, for that may have been killed; None takes that back."""
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(0 if seconds is None else int(seconds) + 10)


def _rebuilt(kind: type[MobileInpaintError], message: str, state: dict[str, Any]) -> MobileInpaintError:
    """An error as it was raised there. Its class may take something else than a message."""
    error = kind.__new__(kind)
    error.args = (message,)
    error.__dict__.update(state)
    return error


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _imports_of(path: Path) -> tuple[str, ...]:
    """What the process imports before its time and its memory are counted."""
    from mobile_inpaint.targets.registry import find_target

    target = find_target(path)
    return tuple(filter(None, (*target.imports, target.runtime[1]))) if target else ()


def _describe(path: Path) -> Described:
    return describe(_target(path), path)


def _load(path: Path, threads: int | None) -> tuple[str, Any, bool]:
    global _loaded
    _loaded = _target(path).load(path, threads=threads)
    return _loaded.runtime, _loaded.computes_in, _loaded.grey_levels


def _load_photo(path: Path, threads: int | None) -> tuple[str, Any, int | None]:
    global _loaded
    _loaded = _target(path).load_photo(path, threads=threads)
    return _loaded.runtime, _loaded.computes_in, _loaded.size_px


def _fill(image: Image, mask: Image) -> Image:
    return np.asarray(_loaded(image, mask))


def _fill_photo(pixels: Pixels, hole: Flags) -> Pixels:
    return np.asarray(_loaded.fill(pixels, hole))


def _target(path: Path) -> Target:
    from mobile_inpaint.targets.registry import target_of

    return target_of(path)
