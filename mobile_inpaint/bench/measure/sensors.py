"""What a Linux machine says of its own heat, of slowing down for it, and of the energy that it spends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mobile_inpaint.bench.measure.protocol import Clock

_BELIEVABLE_C = (1.0, 130.0)
"""Sensors that are not wired report zero, -274 or thousands."""
_LOOK_EVERY_S = 5.0


class Sensors:
    """Those of a Linux machine; every answer is None where it has no such sensor or does not let us read it.

    Args:
        root: where the system's folders ``class`` and ``devices`` stand.
    """

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._root = root

    def hottest_c(self) -> float | None:
        """The hottest thermal zone, degrees Celsius."""
        read = (thousandths / 1000 for thousandths in self._numbers("class/thermal/thermal_zone*/temp"))
        low, high = _BELIEVABLE_C
        return max((celsius for celsius in read if low <= celsius <= high), default=None)

    def throttled(self) -> int | None:
        """How often the processor has slowed down for heat since it was started."""
        counts = list(self._numbers("devices/system/cpu/cpu*/thermal_throttle/*_throttle_count"))
        return sum(counts) if counts else None

    def spent_mj(self) -> float | None:
        """Energy that all processor packages have spent, in millijoules; the counter begins anew now and then.

        Source: Linux, Documentation/power/powercap/powercap.rst: ``energy_uj`` of each zone; sub-zones have a second colon.
        """
        counters = list(self._numbers("class/powercap/intel-rapl:?/energy_uj"))
        return sum(counters) / 1000 if counters else None

    def _numbers(self, pattern: str) -> Iterator[int]:
        for path in self._root.glob(pattern):
            try:
                yield int(path.read_text())
            except (OSError, ValueError):  # a counter for root alone, a sensor that is asleep
                continue


def cool_down(
    hottest_c: Callable[[], float | None],
    limit_c: float | None,
    most_s: float,
    clock: Clock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Waits until the device is below ``limit_c``, and says for how many seconds.

    Args:
        hottest_c: asked every 5 seconds; what does not tell is not waited for.
        limit_c: None waits for nothing.
        most_s: the wait ends then, however hot it is.
        clock: of the seconds waited.
        sleep: told for how long.
    """
    began = clock()
    while limit_c is not None and (now_c := hottest_c()) is not None and now_c >= limit_c and clock() - began < most_s:
        sleep(_LOOK_EVERY_S)
    return round(clock() - began, 1)
