"""The Mac that this runs on, by Core ML: processor, GPU and Neural Engine."""

from __future__ import annotations

import dataclasses
import platform

from mobile_inpaint.bench.apple.core_ml import CoreMl
from mobile_inpaint.bench.devices.registry import Attached, Device, DeviceRow
from mobile_inpaint.bench.measure.machine import this_machine
from mobile_inpaint.errors import DeviceUnavailable


def attached() -> tuple[Attached, ...]:
    """This Mac; none where it is none."""
    return (Attached("mac", "mac", this_machine().chip),) if platform.system() == "Darwin" else ()


def connect(name: str, row: DeviceRow) -> Device:
    """This Mac.

    Raises:
        DeviceUnavailable: it is none.
    """
    if platform.system() != "Darwin":
        raise DeviceUnavailable(f"{name}: this is no Mac: run this command on one")
    return CoreMl(dataclasses.replace(this_machine(), device="mac"), None)
