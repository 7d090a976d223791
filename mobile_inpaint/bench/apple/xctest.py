"""The performance test of an app, run by xcodebuild on a device: its command line, and the times in its output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mobile_inpaint.errors import BenchError

# Both generations: "measured [Time, seconds] average: …" and "measured [Clock Monotonic Time, s] average: …".
_MEASURED = re.compile(
    r"^.*Test Case '[^']+' measured \[(?P<metric>[^,\]]+), (?P<unit>[^\]]+)\] average: .*?values: \[(?P<values>[^\]]*)\]",
    re.MULTILINE,
)
_MODEL = re.compile(r"^.*mobile-inpaint: file=(?P<file>\S+) sha256=(?P<sha256>[0-9a-f]{64}) unit=(?P<unit>\w+)", re.MULTILINE)
_CLOCKS = ("Time", "Clock Monotonic Time")
_IN_MS = {"seconds": 1000.0, "s": 1000.0, "ms": 1.0}


@dataclass(frozen=True)
class AppTest:
    """What the app's performance test told.

    Attributes:
        sha256: of the artifact that stands in the app.
        unit: ``cpu``, ``gpu``, ``ane`` or ``all``, which Core ML was allowed.
        times_ms: of the measured runs.
        other: further metrics by name, for example ``Memory Peak Physical, kB``, each run's value.
    """

    sha256: str
    unit: str
    times_ms: tuple[float, ...]
    other: dict[str, tuple[float, ...]]


def command(xctestrun: Path, udid: str) -> tuple[str, ...]:
    """What runs the tests that ``xcodebuild build-for-testing`` left at ``xctestrun`` on the device ``udid``."""
    destination = f"platform=iOS,id={udid}"
    return ("xcrun", "xcodebuild", "test-without-building", "-xctestrun", str(xctestrun), "-destination", destination)


def environment(unit: str | None, runs: int) -> Mapping[str, str]:
    """What the test is told: xcodebuild hands on ``TEST_RUNNER_…`` without that prefix."""
    return {"TEST_RUNNER_MOBILE_INPAINT_UNIT": unit or "all", "TEST_RUNNER_MOBILE_INPAINT_RUNS": str(runs)}


def read(output: str) -> AppTest:
    """What a test's output tells.

    Raises:
        BenchError: it failed, measured nothing, or does not say of which file.
    """
    if failure := re.search(r"^.*error: (.*)$", output, re.MULTILINE):
        raise BenchError(f"the app's test failed: {failure[1].strip()}")
    model = _MODEL.search(output)
    if model is None:
        raise BenchError("the app's test does not say which file it measured (a line 'mobile-inpaint: file=… sha256=… unit=…')")
    metrics = {f"{one['metric']}, {one['unit']}": one for one in _MEASURED.finditer(output)}
    values = {name: tuple(float(value) for value in one["values"].split(",")) for name, one in metrics.items()}
    clocks = [name for name in metrics if metrics[name]["metric"] in _CLOCKS]
    if not clocks:
        raise BenchError("the app's test measured no time")
    in_ms = _IN_MS[metrics[clocks[0]]["unit"]]
    times = tuple(round(value * in_ms, 4) for value in values.pop(clocks[0]))
    return AppTest(model["sha256"], model["unit"], times, values)
