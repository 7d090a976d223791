from __future__ import annotations

import pytest

from mobile_inpaint.bench.device import connect, find_device, is_connected, kind_of, list_devices
from mobile_inpaint.errors import DeviceNotFound, DeviceUnavailable
from mobile_inpaint.targets import get_target, list_targets


def test_host_comes_first_and_is_the_only_one_connected() -> None:
    assert next(iter(list_devices())) == "host"
    assert [name for name in list_devices() if is_connected(name)] == ["host"]


@pytest.mark.parametrize("name", list_devices())
def test_every_row_is_whole_and_its_kind_names_an_artifact_that_exists(name: str) -> None:
    row = find_device(name)
    kind = kind_of(row)
    assert kind.target in list_targets() and kind.precision in get_target(kind.target).precisions
    if name not in ("host", "browser", "android", "ios"):
        assert row.maker and row.soc and row.device_class
        assert row.year is not None and 2016 <= row.year <= 2026
        assert row.ram_gb is not None and 1 <= row.ram_gb <= 24


@pytest.mark.parametrize("name", [name for name in list_devices() if name != "host"])
def test_what_is_not_connected_says_so_in_one_line(name: str) -> None:
    with pytest.raises(DeviceUnavailable) as caught:
        connect(name)
    assert str(caught.value) == (
        f"{name}: no {find_device(name).name} is connected; this version measures on this machine only: --device host"
    )


def test_an_unknown_device_lists_those_there_are() -> None:
    with pytest.raises(DeviceNotFound, match=r"unknown device 'nokia': there are host, .*pixel-8a"):
        connect("nokia")
