"""Commands that do everything wrong, one fault each: the harness must find them. Seed 0 does all right."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .case import Case, Place, right


def _raise(place: Place) -> int:
    raise ValueError("a traceback")


def _say_nothing(place: Place) -> int:
    return 1


def _say_two_lines(place: Place) -> int:
    os.write(2, b"a library's own line\nmobile-inpaint: a line\n")
    return 1


def _say_control_characters(place: Place) -> int:
    return _say("\x1b[31mred")


def _say(text: str, code: int = 1) -> int:
    print(f"mobile-inpaint: {text}", file=sys.stderr, flush=True)
    return code


def _be_slow(place: Place) -> int:
    end = time.process_time() + 0.6
    while time.process_time() < end:
        pass
    return _say("slow")


def _hang(place: Place) -> int:
    while True:
        time.sleep(0.01)


def _take_memory(place: Place) -> int:
    taken = bytearray(1_200_000_000)
    return _say(f"took {len(taken)}")


def _take_all_memory(place: Place) -> int:
    taken = []
    while True:
        taken.append(b"x" * 100_000_000)


def _die(place: Place) -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def _leave_a_file(place: Place) -> int:
    (place.box / ".part").write_text("left")
    return _say("refused")


def _lose_a_file(place: Place) -> int:
    (place.box / "input").unlink()
    return _say("refused")


def _change_outside(place: Place) -> int:
    (place.outside / "precious").write_text("changed")
    return _say("refused")


def _read_outside(place: Place) -> int:
    os.close(os.open(place.outside / "secret.bin", os.O_RDONLY))
    return _say("refused")


def _write_elsewhere(place: Place) -> int:
    path = Path("/var/tmp") / f"fuzz-{os.getpid()}"
    path.write_text("x")
    path.unlink()
    return _say("refused")


def _accept(place: Place) -> int:
    return 0


def _refuse_a_good_file(place: Place) -> int:
    return _say("refused")


def _be_right(place: Place) -> int:
    return _say("refused as it should be")


FAULTS: tuple[tuple[str, Callable[[Place], int]], ...] = (
    ("", _be_right), ("traceback", _raise), ("lines", _say_nothing), ("lines", _say_two_lines), ("lines",
    _say_control_characters), ("slow", _be_slow),
    ("hang", _hang), ("memory", _take_memory), ("memory", _take_all_memory), ("died", _die), ("files", _leave_a_file),
    ("files", _lose_a_file),
    ("outside", _change_outside), ("outside", _read_outside), ("outside", _write_elsewhere), ("wrong", _accept),
    ("wrong", _refuse_a_good_file),
)  # fmt: skip
"""The kind that the harness must name, and what does it."""


def make(random: random.Random, place: Place) -> Case:
    """The fault of that number."""
    (place.box / "input").write_text("input")
    _, call = FAULTS[place.seed % len(FAULTS)]
    judge = (lambda outcome: "a damaged file is accepted" if outcome.code == 0 else None) if call is _accept else right
    return Case([call.__name__], judge, undamaged=call is _refuse_a_good_file, seconds=0.3, call=lambda _: call(place))
