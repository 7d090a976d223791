from __future__ import annotations

from pathlib import Path

import pytest

from mobile_inpaint.bench.measure.sensors import Sensors, cool_down


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_machine_without_sensors_says_nothing(tmp_path: Path) -> None:
    sensors = Sensors(tmp_path)
    assert (sensors.hottest_c(), sensors.throttled(), sensors.spent_mj()) == (None, None, None)


def test_the_hottest_believable_zone_counts(tmp_path: Path) -> None:
    for number, text in enumerate(["41500\n", "63000\n", "-274000\n", "999000\n", "", "0\n"]):
        _write(tmp_path / f"class/thermal/thermal_zone{number}/temp", text)
    assert Sensors(tmp_path).hottest_c() == 63


def test_throttling_and_energy_are_counted_over_cores_and_packages(tmp_path: Path) -> None:
    for core, count in ((0, 3), (1, 4)):
        _write(tmp_path / f"devices/system/cpu/cpu{core}/thermal_throttle/core_throttle_count", f"{count}\n")
    for zone, microjoules in (("intel-rapl:0", 5_000_000), ("intel-rapl:1", 1_000_000), ("intel-rapl:0:0", 4_000_000)):
        _write(tmp_path / f"class/powercap/{zone}/energy_uj", f"{microjoules}\n")
    sensors = Sensors(tmp_path)
    assert sensors.throttled() == 7
    assert sensors.spent_mj() == 6000, "a sub-zone's energy is in its package's"


class Cooling:
    """A device that loses a degree a second."""

    def __init__(self, celsius: float) -> None:
        self.start = celsius
        self.now_s = 0.0

    def hottest_c(self) -> float:
        return self.start - self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(
    ("start_c", "limit_c", "most_s", "waited_s"),
    [(60, 75, 300, 0), (75, 75, 300, 5), (92, 75, 300, 20), (92, 75, 10, 10), (92, None, 300, 0)],
)
def test_it_waits_until_it_is_cool_and_no_longer_than_allowed(
    start_c: float, limit_c: float | None, most_s: float, waited_s: float
) -> None:
    device = Cooling(start_c)
    assert cool_down(device.hottest_c, limit_c, most_s, lambda: device.now_s, device.sleep) == waited_s


def test_a_device_that_does_not_tell_is_not_waited_for() -> None:
    device = Cooling(0)
    assert cool_down(lambda: None, 75, 300, lambda: device.now_s, device.sleep) == 0
