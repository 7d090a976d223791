"""A browser: one that this machine opens without a window, or any other that somebody opens a link in.

``--device browser`` opens Chromium here. Behind a colon stand other ways, joined by ``+``:

* ``link`` prints the link and waits; only this machine can open it, or a phone by ``adb reverse``.
* ``network`` prints a link for a phone in the same network, https, as a QR code too.
* ``swiftshader`` lets Chromium here compute WebGPU in software: right or wrong is all that this can tell.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Literal

from mobile_inpaint.bench.browser import certificate, chromium, job, runtimes
from mobile_inpaint.bench.browser.messages import Alive, Closed, Failure, Measured, PageReport, Progress, Start
from mobile_inpaint.bench.browser.server import PageServer
from mobile_inpaint.bench.devices.registry import Attached, Device, DeviceRow
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.machine import commit, packages
from mobile_inpaint.bench.measure.pipeline import Scene
from mobile_inpaint.bench.measure.protocol import Plan
from mobile_inpaint.bench.measure.statistics import doubts
from mobile_inpaint.bench.report.latency_report import Agreement, ColdStart, LatencyReport, Machine
from mobile_inpaint.errors import BenchError, DeviceUnavailable

Way = Literal["link", "network", "swiftshader"]
WAYS: tuple[Way, ...] = ("link", "network", "swiftshader")

OPENED_WITHIN_S = 60.0
"""A browser that this machine starts; people get :data:`LINK_OPENED_WITHIN_S`."""
LINK_OPENED_WITHIN_S = 900.0
SILENT_S = 30.0
"""A page says every two seconds that it is there, even while it computes; after so long without a word it is gone."""
STEP_S = 1800.0
"""The longest that one cold start or one round may take: a GPU played by software needs minutes for one run."""


class Browser:
    """See :class:`~mobile_inpaint.bench.devices.registry.Device`."""

    def __init__(self, ways: Sequence[Way], say: Callable[[str], None]) -> None:
        self._ways, self._say = ways, say

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """See :class:`~mobile_inpaint.bench.devices.registry.Device`. A cold start is a frame of the page's own.

        A GPU played by software gets one: its times mean nothing, and each takes minutes.
        """
        if "swiftshader" in self._ways:
            plan = dataclasses.replace(plan, cold_starts=1)
        date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        tasks = [job.task(one, plan.threads) for one in candidates]
        total = len(tasks) * plan.cold_starts + plan.warmup + plan.iterations
        webgpu = any(one.accelerator == "webgpu" for one in tasks)
        with self._serve(job.files(tasks, plan)) as server, self._open(server, webgpu) as process:
            page = _wait(server, process, lambda done: advance(min(done, total), total))
        _check(page, tasks, plan)
        versions, head = packages() | runtimes.versions(), commit()
        machine = _machine(page)
        return tuple(
            LatencyReport(
                subject=one.subject,
                machine=machine,
                runtime=one.runtime,
                accelerator="gpu" if one.accelerator == "webgpu" else "wasm",
                computes_in=None,
                threads=its.threads,
                timed="completion" if its.changed else "dispatch",
                warmup_ms=its.warmup_ms,
                times_ms=its.times_ms,
                cold_starts=tuple(_cold_start(start, one) for start in its.cold_starts),
                pipeline=None,
                in_turn_with=tuple(other.subject.name for other in tasks if other is not one),
                date=date,
                load_average=None,
                packages=versions,
                commit=head,
                command=plan.command,
                warnings=tuple(_warnings(one, its, page, scene)),
                dispatch_ms=its.dispatch_ms,
                agreement=Agreement(one.reference, its.psnr_db, its.max_abs_error, one.required_db),
            )
            for one, its in zip(tasks, page.files, strict=True)
        )

    def _serve(self, files: Mapping[str, Path | bytes]) -> PageServer:
        if "network" not in self._ways:
            return PageServer(files)
        try:
            address = certificate.own_address()
        except OSError as error:
            raise DeviceUnavailable(f"browser:network: this machine is in no network ({error.strerror})") from error
        tls, fingerprint = certificate.make(address)
        self._say(f"The browser will warn of a certificate that nobody signed; its SHA-256 is {fingerprint}")
        return PageServer(files, "0.0.0.0", tls, shown_as=address)

    @contextlib.contextmanager
    def _open(self, server: PageServer, webgpu: bool) -> Iterator[Popen[bytes] | None]:
        if "network" in self._ways:
            self._say(_qr_code(server.link) + f"Open on a phone in the same network, once: {server.link}")
        elif "link" in self._ways:
            self._say(
                f"Open once: {server.link}\nOn a phone on a cable, first: adb reverse tcp:{server.port} tcp:{server.port}"
            )
        else:
            with chromium.opened(server.link, webgpu=webgpu, software_gpu="swiftshader" in self._ways) as process:
                yield process
            return
        yield None


def connect(name: str, row: DeviceRow) -> Device:
    """A browser, to be opened the way that ``name`` says behind its colon.

    Raises:
        DeviceUnavailable: no such way, no Chromium here, or the runtimes have not been fetched.
    """
    words = [word for word in name.partition(":")[2].split("+") if word]
    ways = [way for way in WAYS if way in words]
    if unknown := set(words) - set(WAYS):
        raise DeviceUnavailable(f"{name}: no '{min(unknown)}': behind browser: may stand {', '.join(WAYS)}")
    runtimes.find()
    if not {"link", "network"} & set(ways):
        chromium.find_or_say_why()
    return Browser(ways, lambda text: print(text, file=sys.stderr, flush=True))


def attached() -> tuple[Attached, ...]:
    """The Chromium of this machine."""
    program = chromium.find()
    if program is None:
        return ()
    trouble = None if runtimes.are_here() else f"fetch what it runs, with: {runtimes.FETCH}"
    return (Attached("browser", "browser", f"{program.name} on this machine, without a window", trouble),)


def _wait(server: PageServer, process: Popen[bytes] | None, advance: Callable[[int], None]) -> PageReport:
    """What the page reports at last.

    Args:
        server: what collects its messages.
        process: the browser, where this machine started it.
        advance: told how many steps are done.

    Raises:
        DeviceUnavailable: nobody opened the page, or it went away.
        BenchError: the page says why it cannot go on, or nothing more comes of it.
    """
    opened = False
    heard = stepped = time.monotonic()
    patience_s = OPENED_WITHIN_S if process else LINK_OPENED_WITHIN_S
    while True:
        try:
            message = server.messages.get(timeout=0.2)
        except queue.Empty:
            now = time.monotonic()
            if process is not None and process.poll() is not None:
                raise DeviceUnavailable(f"browser: Chromium ended by itself (exit {process.returncode})") from None
            if not opened and now - heard > patience_s:
                raise DeviceUnavailable(f"browser: nobody opened the page within {patience_s:.0f} s") from None
            if opened and now - heard > SILENT_S:
                raise DeviceUnavailable(f"browser: nothing heard of the page for {SILENT_S:.0f} s: is it in front?") from None
            if now - stepped > max(STEP_S, patience_s):
                raise BenchError(f"browser: no run ended within {STEP_S:.0f} s") from None
            continue
        opened, heard = True, time.monotonic()
        match message:
            case Progress(done):
                stepped = heard
                advance(done)
            case PageReport():
                return message
            case Failure(reason):
                raise BenchError(f"browser: {reason}")
            case Closed():
                raise DeviceUnavailable("browser: the page was closed before it was done")
            case Alive():
                pass


def _check(page: PageReport, tasks: Sequence[job.Task], plan: Plan) -> None:
    """Raises BenchError where the report is not one of this measurement."""
    if len(page.files) != len(tasks):
        raise BenchError(f"browser: it reports on {len(page.files)} files, not on {len(tasks)}")
    for its, one in zip(page.files, tasks, strict=True):
        counts = len(its.warmup_ms), len(its.times_ms), len(its.cold_starts)
        if counts != (plan.warmup, plan.iterations, plan.cold_starts):
            raise BenchError(
                f"{one.subject.name}: the browser reports {counts[1]} runs after {counts[0]}, which was not asked for"
            )
        if min(its.times_ms) <= 0:
            raise BenchError(f"{one.subject.name}: the browser's clock is too coarse for it: a run took no time at all")
        if its.psnr_db < one.required_db:
            raise BenchError(f"{one.subject.name}: its output is wrong there: {its.psnr_db:.1f} dB of {one.required_db}")


def _cold_start(start: Start, one: job.Task) -> ColdStart:
    """With the heap's growth as its memory, except where most of that is the GPU's, which nobody tells."""
    return ColdStart(start.load_ms, start.first_ms, start.heap_bytes if one.accelerator == "wasm" else None)


def _machine(page: PageReport) -> Machine:
    """Never a phone's name: a browser does not know it."""
    software = page.gpu is not None and "swiftshader" in page.gpu.lower()
    return Machine(
        "browser",
        f"not told by browsers{f'; GPU {page.gpu}' if page.gpu else ''}",
        page.cores,
        None if page.memory_gb is None else round(page.memory_gb * 1000),
        page.user_agent,
        emulated_by="SwiftShader" if software else None,
    )


def _warnings(one: job.Task, its: Measured, page: PageReport, scene: Scene | None) -> Iterator[str]:
    yield from one.warnings
    yield from doubts(its.times_ms, its.changed)
    if its.threads < one.threads and one.accelerator == "wasm":
        yield f"one thread instead of {one.threads}: this browser shares no memory between them here"
    if not its.whole:
        yield "the GPU does not run all of it: some operations run on the CPU"
    if not page.isolated:
        yield "the page was not isolated, so the browser's clock is coarse"
    if page.was_hidden:
        yield "the page was in the background for a while, where browsers slow pages down"
    if scene is not None:
        yield "no pipeline: the page runs the network alone"


def _qr_code(link: str) -> str:
    """The link for a camera, with a line break behind it; nothing where segno is not installed."""
    try:
        import segno
    except ImportError:
        return "(a QR code is shown here after: pip install segno)\n"
    drawn = io.StringIO()
    segno.make(link, error="l").terminal(out=drawn, compact=True)
    return drawn.getvalue()
