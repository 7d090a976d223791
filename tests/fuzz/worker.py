"""Runs cases in this process, one after the other, and says of each what happened."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from . import guard, warm
from .case import Case, Outcome, Place, Reader

LARGEST_GROWTH_MB = 1000
_LONGEST_LINE = 4096
_OUT_OF_MEMORY = ("Unable to allocate", "bad_alloc", "bad allocation", "cannot allocate", "out of memory", "MemoryError")
PROGRAM = "mobile-inpaint: "


@dataclass
class Result:
    """What happened in a case.

    Attributes:
        verdict: ``accepted``, ``refused`` or ``fault``.
        kind: of fault; several are joined by ``+``.
        cause: where a fault is from, the same for faults of one cause.
        detail: all there is to say of a fault.
        ms: CPU time; mb: growth of memory at its highest.
    """

    seed: int
    verdict: str = "accepted"
    kind: str = ""
    cause: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    ms: float = 0.0
    mb: float = 0.0

    def fault(self, kind: str, cause: str, **detail: Any) -> None:
        """Adds a fault."""
        self.verdict = "fault"
        self.kind = f"{self.kind}+{kind}" if self.kind else kind
        self.cause = self.cause or cause
        self.detail |= detail


class Worker:
    """Runs cases of one reader in a folder of its own.

    Args:
        reader: makes the cases.
        folder: empty.
    """

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader = reader
        self.place = Place(folder / "box", folder / "outside", folder / "home")
        self.temporary = folder / "tmp"
        for path in (self.place.home, self.temporary, self.place.outside / "cwd"):
            path.mkdir(parents=True)
        _fill_outside(self.place.outside)
        os.environ |= {"HOME": str(self.place.home), "MOBILE_INPAINT_HOME": str(self.place.home / "store")}
        os.environ |= {"TMPDIR": str(self.temporary), "XDG_CACHE_HOME": str(self.place.home / "cache")}
        tempfile.tempdir = None  # was settled in the parent
        os.chdir(self.place.outside / "cwd")
        with contextlib.suppress(KeyError, ImportError):
            sys.modules["torch"].set_num_threads(1)
        warnings.simplefilter("ignore")  # of the libraries that make the cases
        warm.make_quick()
        self.opened = guard.Opened(self.place.outside)
        self.guard = guard.Guard(folder)
        self.untouched = guard.snapshot(self.place.outside)
        self.descriptors = [os.memfd_create("out"), os.memfd_create("err")]

    def run(self, seed: int, tell: Any = lambda **_: None) -> Result:
        """The case of ``seed``; ``tell`` is called once its files are made, before the command runs."""
        result = Result(seed)
        shutil.rmtree(self.place.box, ignore_errors=True)
        self.place.box.mkdir()
        try:
            case = self.reader.make(random.Random(f"{self.reader.name}:{seed}"), replace(self.place, seed=seed))
        except Exception:
            result.fault("generator", _cause(sys.exc_info()[1]), traceback=traceback.format_exc())
            return result
        before, homely = guard.snapshot(self.place.box), guard.snapshot(self.place.home)
        self.opened.names()
        tell(seconds=case.seconds, arguments=case.arguments)
        outcome = self._call(case, result)
        result.detail["arguments"] = [argument.replace(str(self.place.box), "BOX") for argument in case.arguments]
        if outcome is not None:
            result.detail |= {"code": outcome.code, "err": outcome.err[:4000]}
            result.verdict = "accepted" if outcome.code == 0 else "refused"
            self._check_words(case, outcome, result)
            self._check_answer(case, outcome, result)
        self._check_files(case, outcome, result, before)
        if result.ms > 1000 * case.seconds and not (outcome and warm.NAMES_ITS_LIMIT in outcome.err):
            result.fault("slow", f"{case.arguments[0]}: above {case.seconds:g} s")
        if result.mb > LARGEST_GROWTH_MB:
            result.fault("memory", f"{case.arguments[0]}: above {LARGEST_GROWTH_MB} MB")
        if guard.snapshot(self.place.home) != homely:
            shutil.rmtree(self.place.home)
            self.place.home.mkdir()
        if result.verdict == "fault":
            self.place.box.rename(self.place.box.with_name(f"fault-{seed}"))
        else:
            result.detail = {}
        return result

    def _call(self, case: Case, result: Result) -> Outcome | None:
        from mobile_inpaint.cli import main

        call, warm.Forked.used = case.call or main, False
        gc.collect(0)
        base, cpu = _memory_mb(peak=True), _cpu_s()
        with self._captured():
            try:
                self.guard.armed = True
                code = call(list(case.arguments))
            except BaseException as error:
                self.guard.armed = False
                result.fault("traceback", _cause(error), traceback=_trimmed(traceback.format_exc()))
                code = None
            finally:
                self.guard.armed = False
                sys.stdout.flush()
                sys.stderr.flush()
        result.ms = round(1000 * (_cpu_s() - cpu), 1)
        result.mb = round(max(0.0, _memory_mb(peak=False) - base), 1)
        out, err = map(self._read, self.descriptors)
        return None if code is None else Outcome(code, out, err)

    @contextlib.contextmanager
    def _captured(self) -> Iterator[None]:
        """stdout and stderr, down to their descriptors, go into memory."""
        kept = [os.dup(1), os.dup(2)]
        for descriptor, memory in zip((1, 2), self.descriptors, strict=True):
            os.ftruncate(memory, 0)
            os.lseek(memory, 0, os.SEEK_SET)
            os.dup2(memory, descriptor)
        try:
            yield
        finally:
            for descriptor, old in zip((1, 2), kept, strict=True):
                os.dup2(old, descriptor)
                os.close(old)

    def _read(self, descriptor: int) -> str:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 1 << 24).decode(errors="backslashreplace")

    def _check_words(self, case: Case, outcome: Outcome, result: Result) -> None:
        """Exit 1 comes with one line that can be read."""
        verb = case.arguments[0]
        if outcome.code == 0 or (case.speaks and outcome.out and not outcome.err):
            return
        lines = outcome.err.splitlines()
        if outcome.code != 1:
            result.fault("code", f"{verb}: exit {outcome.code}")
        elif len(lines) != 1 or not lines[0].startswith(PROGRAM):
            native = next((line for line in lines if not line.startswith(PROGRAM)), "")
            result.fault("lines", f"{verb}: {len(lines)} lines: {_shape(native)}")
        elif not lines[0].isprintable() or len(lines[0]) > _LONGEST_LINE:
            result.fault("lines", f"{verb}: {'too long' if lines[0].isprintable() else 'unprintable'}")
        if not warm.Forked.used and any(word in outcome.err for word in _OUT_OF_MEMORY):
            result.fault("memory", f"{verb}: asked for more than there is: {_shape(outcome.err)}")

    def _check_answer(self, case: Case, outcome: Outcome, result: Result) -> None:
        if case.undamaged and outcome.code:
            result.fault("wrong", f"{case.arguments[0]}: a good file is refused: {_shape(outcome.err)}")
        try:
            wrong = case.judge(outcome)
        except Exception:
            result.fault("wrong", _cause(sys.exc_info()[1]), traceback=traceback.format_exc())
            return
        if wrong:
            result.fault("wrong", f"{case.arguments[0]}: {wrong}")

    def _check_files(self, case: Case, outcome: Outcome | None, result: Result, before: guard.Snapshot) -> None:
        verb, after = case.arguments[0], guard.snapshot(self.place.box)
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        allowed = case.sweeps + (case.writes if outcome is not None and outcome.code == 0 else ())
        for name in changed:
            if not any(PurePosixPath(name).match(pattern) for pattern in allowed):
                what = "left" if name not in before else "lost" if name not in after else "changed"
                general = "temporary" if PurePosixPath(name).name.startswith(".") else PurePosixPath(name).name
                result.fault("files", f"{verb}: {what}: {general}", files=changed)
                break
        if guard.snapshot(self.place.outside) != self.untouched:
            result.fault("outside", f"{verb}: a file outside changed")
            shutil.rmtree(self.place.outside)
            (self.place.outside / "cwd").mkdir(parents=True)
            _fill_outside(self.place.outside)
            self.untouched, self.opened = guard.snapshot(self.place.outside), guard.Opened(self.place.outside)
        elif names := self.opened.names():
            result.fault("outside", f"{verb}: opened a file outside: {names[0]}", opened=names)
        if left := [path.name for path in self.temporary.iterdir()]:
            result.fault("files", f"{verb}: left in the temporary folder", left=left)
            shutil.rmtree(self.temporary)
            self.temporary.mkdir()
        if self.guard.seen:
            seen, self.guard.seen = self.guard.seen, []
            result.fault("outside", f"{verb}: {_shape(seen[0])}", seen=seen)


def _fill_outside(folder: Path) -> None:
    """Files whose names the cases use as bait; ``cwd`` is where commands run."""
    for name in ("secret.bin", "weights.bin", "precious", "cwd/secret.bin", "cwd/weights.bin", "cwd/weight.bin"):
        (folder / name).write_bytes(b"\0\0\x80\x3f" * 4096)
    (folder / "kept").mkdir()
    (folder / "kept" / "file").write_text("precious\n")


def _memory_mb(*, peak: bool) -> float:
    """What this process holds now, and from now on the peak starts there; or the peak since."""
    if peak:
        Path("/proc/self/clear_refs").write_text("5")
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def _cpu_s() -> float:
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _cause(error: BaseException | None) -> str:
    """The exception's type, and the innermost line of this package that it went through."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    own = [frame for frame in frames if "/mobile_inpaint/" in frame.filename and "/site-packages/" not in frame.filename]
    frame = (own or list(frames) or [None])[-1]
    where = f"{frame.filename.rpartition('/mobile_inpaint/')[2]}:{frame.lineno} {frame.name}" if frame else "?"
    return f"{type(error).__name__} at {where}"


def _trimmed(text: str, most: int = 6000) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}\n…\n{text[-most // 2 :]}"


def _shape(text: str) -> str:
    """The words of a message, its names and numbers left out, so that messages of one cause are equal."""
    words = [word for word in text[:300].split() if word.isalpha() and word.isascii()]
    return " ".join(words[:12])


def serve(worker: Worker, incoming: int, outgoing: int, stacks: Path) -> None:
    """Runs the seeds that come in, a line of JSON each, and writes lines of JSON; until the pipe closes."""
    with stacks.open("w") as file:
        faulthandler.enable(file)
        faulthandler.register(signal.SIGUSR1, file, all_threads=True)
        for line in os.fdopen(incoming):
            for seed in json.loads(line):

                def tell(seed: int = seed, **more: Any) -> None:
                    _write(outgoing, {"begun": seed, **more})

                tell(base_mb=_memory_mb(peak=True), seconds=20.0, arguments=["generator"])
                _write(outgoing, {"result": asdict(worker.run(seed, tell))})
            _write(outgoing, {"idle": True})


def _write(descriptor: int, document: dict[str, Any]) -> None:
    data = memoryview(json.dumps(document).encode() + b"\n")
    while data:
        data = data[os.write(descriptor, data) :]
