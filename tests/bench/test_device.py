from __future__ import annotations

import pytest

from mobile_inpaint.bench.devices.host import Host
from mobile_inpaint.bench.devices.registry import attached, connect, find_device, kind_of, list_devices
from mobile_inpaint.bench.record.published import published
from mobile_inpaint.errors import DeviceNotFound, DeviceUnavailable
from mobile_inpaint.targets.onnx.openvino import RUNTIMES
from mobile_inpaint.targets.registry import get_target, list_targets


def test_host_comes_first_and_is_always_there() -> None:
    assert next(iter(list_devices())) == "host"
    assert [one.name for one in attached("host")] == ["host"] and isinstance(connect("host"), Host)
    assert kind_of(find_device("host")).runtimes == tuple(RUNTIMES)


@pytest.mark.parametrize("name", list_devices())
def test_every_row_is_whole_and_its_kind_names_an_artifact_that_exists(name: str) -> None:
    row = find_device(name)
    kind = kind_of(row)
    assert kind.target in list_targets() and kind.precision in get_target(kind.target).precisions
    if row.maker is not None or row.year is not None:
        assert row.maker and row.soc and row.device_class
        assert row.year is not None and 2016 <= row.year <= 2026
        assert row.ram_gb is not None and 1 <= row.ram_gb <= 24


def test_every_device_of_the_paper_and_a_dozen_of_today_have_a_row() -> None:
    papers = {timing.device for timing in published().timings if timing.source == "paper"}
    assert len(papers) == 7 and all(find_device(name).soc for name in papers)
    assert len([row for row in list_devices().values() if row.year is not None and row.year >= 2022]) >= 12


def test_a_kind_that_this_version_does_not_reach_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile_inpaint.bench.devices.__path__", [])
    assert attached("android") == ()
    with pytest.raises(DeviceUnavailable, match=r"^pixel-8a: this version does not reach android devices; on this machine: --"):
        connect("pixel-8a")


def test_an_unknown_device_lists_those_there_are() -> None:
    with pytest.raises(DeviceNotFound, match=r"unknown device 'nokia': there are host, .*pixel-8a"):
        connect("nokia")


def test_a_serial_number_stands_behind_a_colon() -> None:
    assert find_device("android:R5CX123") == find_device("android") and find_device("pixel-8a:R5") == find_device("pixel-8a")
    with pytest.raises(DeviceNotFound, match="unknown device 'nokia'"):
        find_device("nokia:3310")
