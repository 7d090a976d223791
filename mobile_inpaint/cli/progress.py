"""What long work shows on stderr: a bar with count and time left in a terminal, now and then a line elsewhere.

``MOBILE_INPAINT_PROGRESS=0`` in the environment turns both off.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from mobile_inpaint.cli.asides import note

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_AFTER_S = 1.0
"""Shorter work shows no bar."""
_LINE_AFTER_S, _LINE_EVERY_S, _SLOWER, _LINE_AT_MOST_EVERY_S = 4.0, 5.0, 1.3, 60.0
"""Without a terminal: when the first line comes, and how long the next ones wait, each a little longer than the one before."""
_ESTIMATE_AFTER_S, _SURE_AFTER_S = 2.0, 30.0
"""When the time left is told: after a quarter of the work, or half a minute; the first steps tell little of the others."""


class Step(Protocol):
    """Says what long work does now, and if known how far it is: what is done already, and how much there is."""

    def __call__(self, what: str, done: int | None = None, total: int | None = None) -> None:
        """Shows ``what``."""
        ...


@contextmanager
def progress(label: str, *, in_bytes: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A callback ``advance(done, total)`` that shows how far countable work is.

    It draws when it is called and not by a clock of its own, which would disturb what bench measures.

    Args:
        label: what the work is.
        in_bytes: what is counted; shown in MB.
    """
    clock = _Clock(in_bytes)
    if not _wanted():
        yield lambda done, total: None
    elif not sys.stderr.isatty():
        lines = _Lines()

        def say(done: int, total: int | None) -> None:
            lines.say(label, clock.text(done, total))

        yield say
    else:
        with _bar(live=False) as (bar, start):
            task = bar.add_task(label, total=None, text="")

            def draw(done: int, total: int | None) -> None:
                bar.update(task, completed=done, total=total, text=clock.text(done, total))
                if clock.seconds > _BAR_AFTER_S:
                    start()
                    bar.refresh()

            yield draw


@contextmanager
def steps(label: str = "", expected: int | None = None) -> Iterator[Step]:
    """A callback :class:`Step` that shows what long work does now.

    Args:
        label: what the work is, for lines.
        expected: about how many steps there will be, each said once; more are no fault.
    """
    clock = _Clock()
    said = 0

    def count(done: int | None, total: int | None) -> tuple[int, int | None]:
        nonlocal said
        said += 1
        if done is not None:
            return done, total
        return (said - 1, max(expected, said)) if expected else (0, None)

    if not _wanted():
        yield lambda what, done=None, total=None: None
    elif not sys.stderr.isatty():
        lines = _Lines()

        def say(what: str, done: int | None = None, total: int | None = None) -> None:
            lines.say(f"{label}: {what}" if label else what, clock.text(*count(done, total)))

        yield say
    else:
        with _bar(live=True) as (bar, start):
            task = bar.add_task("starting", total=None, text="")
            start()

            def draw(what: str, done: int | None = None, total: int | None = None) -> None:
                done, total = count(done, total)
                bar.update(task, description=what, completed=done, total=total, text=clock.text(done, total, short=True))

            yield draw


class _Clock:
    """Counts and times in words."""

    def __init__(self, in_bytes: bool = False) -> None:
        self._started = time.monotonic()
        self._in_bytes = in_bytes

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def text(self, done: int, total: int | None, *, short: bool = False) -> str:
        """``12 of 40, 30 s, about 70 s left``; without the time so far if ``short``, which a terminal has beside it."""
        parts = []
        if self._in_bytes:
            parts.append(f"{done / 1e6:.1f}" + (f" of {total / 1e6:.1f} MB" if total else " MB"))
        elif total:
            parts.append(f"{done} of {total}")
        elif done:
            parts.append(str(done))
        if not short:
            parts.append(_duration(self.seconds))
        knows = self.seconds > _SURE_AFTER_S or (total and 4 * done >= total and self.seconds > _ESTIMATE_AFTER_S)
        if total and 0 < done < total and knows:
            parts.append(f"about {_duration(self.seconds / done * (total - done))} left")
        return ", ".join(parts)


class _Lines:
    """Lines on stderr, seldom enough to be read afterwards."""

    def __init__(self) -> None:
        self._next, self._wait = time.monotonic() + _LINE_AFTER_S, _LINE_EVERY_S

    def say(self, what: str, how_far: str) -> None:
        if time.monotonic() < self._next:
            return
        note(f"{what} ({how_far})" if how_far else what)
        self._next = time.monotonic() + self._wait
        self._wait = min(self._wait * _SLOWER, _LINE_AT_MOST_EVERY_S)


@contextmanager
def _bar(*, live: bool) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar on stderr that is gone afterwards, and what begins to show it.

    It has a descriptor of its own, because converters are silenced by sending descriptor 2 elsewhere.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace") as terminal:
        told = TextColumn("{task.fields[text]}", markup=False)
        what = TextColumn("{task.description}", markup=False)
        columns = [SpinnerColumn(), BarColumn(16), TimeElapsedColumn(), told, what] if live else [what, BarColumn(24), told]
        bar = Progress(*columns, console=Console(file=terminal, force_terminal=True), transient=True, auto_refresh=live)
        try:
            yield bar, bar.start
        finally:
            bar.stop()


def _wanted() -> bool:
    return os.environ.get("MOBILE_INPAINT_PROGRESS") != "0"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
