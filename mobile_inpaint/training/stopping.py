"""When a run ends before its last step: on a signal, or when its time is up; always between two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_TIME_IS_UP = 1000


class Stop:
    """Inside ``with``, SIGTERM and SIGINT ask for an end instead of making one; a second one does make it.

    Args:
        minutes: after which the end is due; 0 is never.
    """

    def __init__(self, minutes: float) -> None:
        self._deadline = time.monotonic() + 60 * minutes if minutes else float("inf")
        self._minutes = minutes
        self._signal = 0
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._restore()

    def reason(self, agree: Callable[[int], int]) -> str | None:
        """Why to stop now, or None.

        Args:
            agree: the largest of what all processes give it, so that they stop after the same step.
        """
        code = agree(self._signal or (_TIME_IS_UP if time.monotonic() >= self._deadline else 0))
        if code == _TIME_IS_UP:
            return f"{self._minutes:g} minutes are over"
        return f"{signal.Signals(code).name} received" if code else None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
