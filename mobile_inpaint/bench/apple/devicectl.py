"""The iPhones and iPads that Xcode reaches, by ``xcrun devicectl``."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_inpaint.bench.devices.registry import Attached, DeviceRow, list_devices
from mobile_inpaint.bench.report.latency_report import Machine
from mobile_inpaint.errors import DeviceUnavailable

_ANSWER_S = 60.0


@dataclass(frozen=True)
class AppleDevice:
    """A device as devicectl lists it.

    Attributes:
        udid: what Xcode calls it by.
        name: as its owner named it.
        model: as it is sold, for example ``iPhone 15 Pro``.
        product: its product type, for example ``iPhone16,1``.
        system: for example ``iOS 26.1 (23B85)``.
        trouble: why it cannot be used as it is; None if it can.
    """

    udid: str
    name: str
    model: str
    product: str
    system: str
    trouble: str | None

    @property
    def row(self) -> str:
        """Its name in devices.toml; ``ios`` where no row fits."""
        return next((key for key, row in list_devices().items() if row.kind == "ios" and self.is_a(row)), "ios")

    def is_a(self, row: DeviceRow) -> bool:
        """Whether it is the device of ``row``."""
        return self.product in row.model_codes or self.model == row.name

    def machine(self) -> Machine:
        """What a measurement on it is one of; the number of cores is told nowhere, so it is 0."""
        chip = list_devices()[self.row].soc or "unknown"
        return Machine(self.row, chip, 0, None, f"{self.system} on {self.model} ({self.product})")


def listed() -> tuple[AppleDevice, ...]:
    """Every iPhone and iPad that this Mac knows and that is near, usable or not.

    Raises:
        DeviceUnavailable: Xcode is not installed, or does not answer.
    """
    xcrun = shutil.which("xcrun")
    if xcrun is None:
        raise DeviceUnavailable("iPhones are reached by Xcode's devicectl, which is not installed: install Xcode 15 or later")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "devices.json"
        command = [xcrun, "devicectl", "list", "devices", "--json-output", str(answer)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_ANSWER_S, stdin=subprocess.DEVNULL)
            return read(answer.read_text(encoding="utf-8"))
        except subprocess.CalledProcessError as error:
            reason = (error.stderr or error.stdout).strip().splitlines() or [f"exit status {error.returncode}"]
            raise DeviceUnavailable(f"xcrun devicectl cannot list devices: {reason[0]}") from None
        except (subprocess.TimeoutExpired, OSError, ValueError, KeyError) as error:
            raise DeviceUnavailable(f"xcrun devicectl cannot list devices ({error})") from None


def read(answer: str) -> tuple[AppleDevice, ...]:
    """The iPhones and iPads in devicectl's JSON; those out of reach are left out.

    Raises:
        ValueError: it is not JSON.
        KeyError: it is not a list of devices.
    """
    every = [_device(one) for one in json.loads(answer)["result"]["devices"] if _is_phone(one)]
    return tuple(one for one in every if one is not None)


def attached() -> tuple[Attached, ...]:
    """The iPhones and iPads that are there; none where Xcode is not installed."""
    try:
        return tuple(Attached(f"ios:{one.udid}", one.row, f"{one.model}, {one.system}", one.trouble) for one in listed())
    except DeviceUnavailable:
        return ()


def find_device(name: str, row: DeviceRow) -> AppleDevice:
    """The device that ``name`` asks for: ``ios``, ``ios:UDID``, or a row of devices.toml.

    Raises:
        DeviceUnavailable: none is connected, another one is, it cannot be used yet, or there are several to choose from.
    """
    udid, present = name.partition(":")[2], listed()
    if not present:
        raise DeviceUnavailable(f"{name}: no iPhone or iPad is connected: plug one in and trust this Mac on it")
    wanted = [one for one in present if (one.udid == udid if udid else row.soc is None or one.is_a(row))]
    choices = ", ".join(f"{one.model}: --device ios:{one.udid}" for one in wanted or present)
    if not wanted:
        raise DeviceUnavailable(f"{name}: no {udid or row.name} is connected; connected is {choices}")
    usable = [one for one in wanted if one.trouble is None]
    if len(usable) > 1:
        raise DeviceUnavailable(f"{name}: {len(usable)} such devices are connected; choose one: {choices}")
    if not usable:
        raise DeviceUnavailable(f"{name}: {wanted[0].model}: {wanted[0].trouble}")
    return usable[0]


def _is_phone(table: dict[str, Any]) -> bool:
    hardware = table.get("hardwareProperties", {})
    return hardware.get("deviceType") in ("iPhone", "iPad") and hardware.get("reality", "physical") == "physical"


def _device(table: dict[str, Any]) -> AppleDevice | None:
    properties, hardware, connection = (table.get(f"{key}Properties", {}) for key in ("device", "hardware", "connection"))
    if connection.get("tunnelState") == "unavailable" and connection.get("pairingState") == "paired":
        return None  # seen by this Mac once, and not near now
    trouble = None
    if connection.get("pairingState", "paired") != "paired":
        trouble = "it does not trust this Mac yet: unlock it and answer its question"
    elif properties.get("developerModeStatus", "enabled") != "enabled":
        trouble = "developer mode is off: Settings, Privacy & Security, Developer Mode"
    elif not properties.get("ddiServicesAvailable", True):
        trouble = "it is locked or not prepared for development: unlock it and open Xcode's Devices window"
    system = (
        f"{hardware.get('platform', 'iOS')} {properties.get('osVersionNumber', '?')} ({properties.get('osBuildUpdate', '?')})"
    )
    name = properties.get("name", "")
    return AppleDevice(
        hardware.get("udid", table.get("identifier", "")),
        name,
        hardware.get("marketingName", name),
        hardware.get("productType", ""),
        system,
        trouble,
    )
