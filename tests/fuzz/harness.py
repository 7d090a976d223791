"""Gives cases to worker processes, ends those that hang or grow, and keeps what they say: run again, it goes on."""

from __future__ import annotations

import collections
import json
import os
import selectors
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .case import Reader
from .worker import LARGEST_GROWTH_MB, Result, Worker, serve

_CHUNK = 10
_LIFE = 600
"""Cases after which a worker is replaced: what leaks would otherwise be counted against later cases."""
_PATIENCE = 5
"""A case is ended after so many times its CPU time, or three times that in wall time: the machine may be busy."""
_SAVED_A_CAUSE = 3


@dataclass
class Summary:
    """Of all cases of a reader so far."""

    reader: str
    cases: int = 0
    refused: int = 0
    accepted: int = 0
    faults: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    max_mb: float = 0.0
    seconds: float = 0.0
    causes: dict[str, list[int]] = field(default_factory=dict)


class Record:
    """A line a case in ``FOLDER/cases/READER.tsv``, and the input of some faults of each cause in ``FOLDER/faults``."""

    def __init__(self, folder: Path, reader: str) -> None:
        self.reader, self.faults, self.seconds = reader, folder / "faults", 0.0
        self._path = folder / "cases" / f"{reader}.tsv"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.rows: dict[int, tuple[str, float, float, str]] = {}
        whole = b""
        if self._path.exists():
            data = self._path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]  # a kill may have cut the last line off
            os.truncate(self._path, len(whole))
        for line in whole.decode().splitlines():
            seed, verdict, ms, mb, cause = line.split("\t")
            self.rows[int(seed)] = (verdict, float(ms), float(mb), cause)
        self._file = self._path.open("a")
        self._saved = collections.Counter(row[3] for row in self.rows.values())

    def add(self, result: Result, box: Path) -> None:
        """Keeps what happened, and of a fault the files."""
        cause = f"{result.kind}: {result.cause}" if result.kind else ""
        cause = " ".join(cause.split())
        row = (result.verdict, result.ms, result.mb, cause)
        self.rows[result.seed] = row
        self._file.write("\t".join(map(str, (result.seed, *row))) + "\n")
        self._file.flush()
        if cause:
            self._saved[cause] += 1
            if self._saved[cause] <= _SAVED_A_CAUSE:
                self._save(result, cause, box)
            shutil.rmtree(box, ignore_errors=True)

    def _save(self, result: Result, cause: str, box: Path) -> None:
        folder = self.faults / f"{self.reader}-{result.seed}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        said = {"case": f"{self.reader}:{result.seed}", "cause": cause, "ms": result.ms, "mb": result.mb, **result.detail}
        (folder / "fault.json").write_text(json.dumps(said, indent=1) + "\n")
        _copy(box, folder / "box")

    def summary(self) -> Summary:
        """Of all cases so far."""
        times = sorted(row[1] for row in self.rows.values()) or [0.0]
        counted = collections.Counter(row[0] for row in self.rows.values())
        causes: dict[str, list[int]] = {}
        for seed, row in sorted(self.rows.items()):
            if row[3]:
                causes.setdefault(row[3], []).append(seed)
        return Summary(
            self.reader,
            len(self.rows),
            counted["refused"],
            counted["accepted"],
            counted["fault"],
            times[len(times) // 2],
            times[len(times) * 99 // 100],
            times[-1],
            max((row[2] for row in self.rows.values()), default=0.0),
            round(self.seconds, 1),
            dict(sorted(causes.items(), key=lambda item: -len(item[1]))),
        )


def _copy(box: Path, to: Path, most: int = 20_000_000) -> None:
    """The files of a case, links as links, as far as ``most`` bytes reach."""
    for path in sorted(box.rglob("*"))[:1000]:
        copy = to / path.relative_to(box)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                copy.symlink_to(path.readlink())
            elif path.is_file() and (most := most - path.stat().st_size) > 0:
                shutil.copyfile(path, copy)
        except OSError:
            continue


def fuzz(
    reader: Reader, cases: int, seed: int, jobs: int, out: Path, minutes: float = 0, *, scratch: Path | None = None
) -> Summary:
    """Runs the cases ``seed`` to ``seed + cases - 1`` of ``reader`` that ``out`` does not hold yet.

    Args:
        minutes: stop giving out cases after so many; 0 is no limit.
        scratch: where workers have their folders.
    """
    record, started = Record(out, reader.name), time.monotonic()
    todo = collections.deque(number for number in range(seed, seed + cases) if number not in record.rows)
    if not todo:
        return record.summary()
    reader.warm_up()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=scratch, ignore_cleanup_errors=True) as folder:
        pool = [_Process(reader, Path(folder) / str(job)) for job in range(min(jobs, len(todo)))]
        try:
            for process in pool:
                process.give(todo)
            while not all(process.idle for process in pool):
                out_of_time = 0 < minutes * 60 < time.monotonic() - started
                _step(pool, record, collections.deque() if out_of_time else todo)
        finally:
            for process in pool:
                process.end()
    record.seconds = time.monotonic() - started
    return record.summary()


def _step(pool: Sequence[_Process], record: Record, todo: collections.deque[int]) -> None:
    with selectors.DefaultSelector() as selector:
        for process in pool:
            selector.register(process.outgoing, selectors.EVENT_READ, process)
        ready = [key.data for key, _ in selector.select(0.05)]
    for process in pool:
        for result in process.results() if process in ready else ():
            record.add(result, process.folder / f"fault-{result.seed}")
        if fault := process.fault():
            record.add(fault, process.folder / "box")
            rest = process.pending
            process.renew()
            todo.extendleft(reversed(rest))
            process.give(todo)
        elif process.idle:
            if process.done >= _LIFE:
                process.renew()
            process.give(todo)


class _Process:
    """A forked worker, replaced when it dies."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        self.pending: list[int]
        self._fork()

    def _fork(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.stacks = self.folder.with_name(f"{self.folder.name}.stacks")
        (theirs_in, self.incoming), (self.outgoing, theirs_out) = os.pipe(), os.pipe()
        self.number = os.fork()
        if self.number == 0:
            code = 1
            try:
                os.setsid()  # so that its children end with it
                os.close(self.incoming)
                os.close(self.outgoing)
                serve(Worker(self.reader, self.folder), theirs_in, theirs_out, self.stacks)
                code = 0
            finally:
                os._exit(code)
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_inheritable(self.outgoing, False)
        os.set_blocking(self.outgoing, False)
        self.pending, self.done, self.idle, self._text = [], 0, True, b""
        self._closed = self._gone = False
        self._begun: dict[str, Any] | None = None
        self._since = time.monotonic()
        self._base_mb = 0.0

    def give(self, todo: collections.deque[int]) -> None:
        """The next cases, if there are any."""
        self.pending = [todo.popleft() for _ in range(min(_CHUNK, len(todo)))]
        self.idle = not self.pending
        if self.pending:
            os.write(self.incoming, json.dumps(self.pending).encode() + b"\n")

    def results(self) -> Iterator[Result]:
        """Those that came since."""
        try:
            while data := os.read(self.outgoing, 1 << 20):
                self._text += data
            self._closed = True
        except BlockingIOError:
            pass
        *lines, self._text = self._text.split(b"\n")
        for line in lines:
            document = json.loads(line)
            if "result" in document:
                result = Result(**document["result"])
                self.pending.remove(result.seed)
                self.done += 1
                self._begun = None
                yield result
            elif "idle" in document:
                self.idle = True
            else:
                self._begun = {**(self._begun or {}), **document}
                self._base_mb = document.get("base_mb", self._base_mb)
                self._since = time.monotonic()

    def fault(self) -> Result | None:
        """Of a case that ended its process, or had to be ended."""
        if self._closed:
            _, status = os.waitpid(self.number, 0)
            self._gone = True
            kind = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            return self._lost("died", kind)
        if self._begun is None:
            return None
        allowed, passed = self._begun["seconds"] * _PATIENCE, time.monotonic() - self._since
        memory, cpu = _use(self.number, everyone=passed > 0.5)
        if memory - self._base_mb > 1.5 * LARGEST_GROWTH_MB:
            return self._ended("memory", f"ended at {memory - self._base_mb:.0f} MB", mb=memory - self._base_mb)
        self._begun.setdefault("cpu", cpu)
        if cpu - self._begun["cpu"] > allowed or passed > 3 * allowed:
            return self._ended("hang", f"ended after {passed:.0f} s", ms=1000 * passed)
        return None

    def _ended(self, kind: str, what: str, **figures: float) -> Result:
        os.kill(self.number, signal.SIGUSR1)  # writes down where it is
        time.sleep(0.3)
        self._kill()
        return self._lost(kind, what, **figures)

    def _kill(self) -> None:
        for kill in (os.killpg, os.kill):  # a process that was just forked leads no group yet
            try:
                kill(self.number, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        os.waitpid(self.number, 0)
        self._gone = True

    def _lost(self, kind: str, what: str, **figures: float) -> Result:
        begun = self._begun or {"begun": self.pending[0] if self.pending else -1, "arguments": ["?"]}
        result = Result(begun["begun"], ms=round(figures.get("ms", 0.0), 1), mb=round(figures.get("mb", 0.0), 1))
        stack = self.stacks.read_text(errors="replace") if self.stacks.exists() else ""
        arguments = [argument.replace(str(self.folder / "box"), "BOX") for argument in begun["arguments"]]
        sort = f" by {what}" if kind == "died" else ""
        result.fault(kind, f"{arguments[0]}{sort} in {_innermost(stack)}", what=what, arguments=arguments, stack=stack[:6000])
        if result.seed in self.pending:
            self.pending.remove(result.seed)
        return result

    def renew(self) -> None:
        """Another process in this one's place."""
        self.end()
        self._fork()

    def end(self) -> None:
        """Ends it."""
        if not self._gone:
            self._kill()
        os.close(self.incoming)
        os.close(self.outgoing)


def _innermost(stack: str) -> str:
    """The line of this package that a stack ends in."""
    frames = [line for line in stack.splitlines() if "/mobile_inpaint/" in line and "site-packages" not in line]
    return frames[0].rpartition("/mobile_inpaint/")[2].replace('"', "").replace(", line ", ":") if frames else "?"


def _use(process: int, *, everyone: bool) -> tuple[float, float]:
    """MB that a process holds and seconds that it computed; ``everyone`` counts its group with it."""
    numbers = [process]
    if everyone:
        numbers = [
            int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _group(int(path.name)) == process
        ] or numbers
    memory = cpu = 0.0
    for number in numbers:
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        memory = max(memory, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
        cpu += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return memory, cpu


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except (OSError, OverflowError):
        return -1
