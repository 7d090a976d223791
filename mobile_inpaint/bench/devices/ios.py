"""An iPhone or iPad, from a Mac with Xcode."""

from __future__ import annotations

import platform

from mobile_inpaint.bench.apple.core_ml import CoreMl
from mobile_inpaint.bench.apple.devicectl import attached, find_device
from mobile_inpaint.bench.devices.registry import Device, DeviceRow
from mobile_inpaint.errors import DeviceUnavailable

__all__ = ["attached", "connect"]


def connect(name: str, row: DeviceRow) -> Device:
    """The device that ``name`` asks for: ``ios``, ``ios:UDID``, or a named one.

    Raises:
        DeviceUnavailable: this is no Mac; or it is not connected, not ready, or several are.
    """
    if platform.system() != "Darwin":
        raise DeviceUnavailable(f"{name}: iPhones and iPads are measured from a Mac with Xcode: run this command there")
    device = find_device(name, row)
    return CoreMl(device.machine(), device.udid)
