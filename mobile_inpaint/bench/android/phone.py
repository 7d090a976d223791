"""A connected phone: which one it is, what it is made of, how warm it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mobile_inpaint.bench.android.adb import Link, Listed, listed
from mobile_inpaint.bench.devices.registry import Attached, DeviceRow, list_devices
from mobile_inpaint.bench.report.latency_report import Machine
from mobile_inpaint.errors import DeviceUnavailable

THERMAL_STATES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's own, by number; from ``light`` on the phone computes more slowly than it can."""
_SKIN = 3
"""Android's number for the sensor that stands for what a hand feels, which its throttling goes by."""
_NAMES = ("ro.product.marketname", "ro.vivo.market.name", "ro.product.model")
"""Where makers put the name that a phone is sold under, or at least its model's number."""
_CHIP = (("ro.soc.manufacturer", "ro.soc.model"), ("ro.board.platform",), ("ro.hardware",))
"""The chip's own name is told since Android 12."""
_KEYS = ("build.version.sdk", "product.manufacturer", "product.model")


@dataclass(frozen=True)
class Phone:
    """A phone that takes commands.

    Attributes:
        link: to it.
        properties: Android's system properties.
    """

    link: Link
    properties: dict[str, str]

    @classmethod
    def at(cls, link: Link) -> Phone:
        """The phone at the other end of ``link``."""
        found = re.findall(r"^\[(.+?)\]: \[(.*)\]\r?$", link.shell("getprop").out, re.MULTILINE)
        return cls(link, dict(found))

    @property
    def name(self) -> str:
        """As it is sold, or its model's number."""
        return next(filter(None, (self.properties.get(key) for key in _NAMES)), "Android device")

    @property
    def label(self) -> str:
        """Name and serial number, for a message."""
        return f"{self.name} ({self.link.serial})"

    def is_a(self, row: DeviceRow) -> bool:
        """Whether it is the device of ``row``, by the name it is sold under or by its model's number."""
        names = {self.properties[key].casefold() for key in _NAMES if self.properties.get(key)}
        model = self.properties.get("ro.product.model", "")
        return row.name.casefold() in names or bool(row.model_codes and model.startswith(row.model_codes))

    @property
    def row(self) -> str:
        """Its name in devices.toml; ``android`` where no row fits."""
        return next((key for key, row in list_devices().items() if row.kind == "android" and self.is_a(row)), "android")

    @property
    def system(self) -> str:
        """Android's version."""
        return f"Android {self.properties.get('ro.build.version.release', '?')}"

    @property
    def chip(self) -> str:
        """The chip's own name, or the platform's where Android does not tell."""
        words = (" ".join(filter(None, map(self.properties.get, keys))) for keys in _CHIP)
        return next(filter(None, words), "unknown")

    def machine(self) -> Machine:
        """What a measurement on it is one of."""
        told = self.link.shell("nproc; cat /proc/meminfo").out
        memory = {key: int(kb) * 1024 // 1_000_000 for key, kb in re.findall(r"^(\w+): +(\d+) kB", told, re.MULTILINE)}
        cores = told.split(maxsplit=1)[0] if told.strip() else ""
        api, maker, model = (self.properties.get(f"ro.{key}", "") for key in _KEYS)
        return Machine(
            device=self.row,
            chip=self.chip,
            cores=int(cores) if cores.isdecimal() else 0,
            memory_mb=memory.get("MemTotal"),
            os=f"{self.system} (API {api}) on {maker} {model}",
            free_mb=memory.get("MemAvailable"),
        )

    def temperature(self) -> tuple[float | None, str | None]:
        """Degrees Celsius of its skin, else of its battery, and one of THERMAL_STATES; None where it does not tell."""
        thermal = self.link.shell("dumpsys thermalservice").out
        status = re.search(r"Thermal Status: (\d)", thermal)
        state = THERMAL_STATES[int(status[1])] if status and int(status[1]) < len(THERMAL_STATES) else None
        now = thermal.partition("Current temperatures from HAL:")[2] or thermal
        skin = [float(c) for c in re.findall(rf"Temperature\{{mValue=([\d.]+), mType={_SKIN},", now)]
        if skin:
            return max(skin), state
        battery = re.search(r"^ *temperature: (\d+)$", self.link.shell("dumpsys battery").out, re.MULTILINE)
        return int(battery[1]) / 10 if battery else None, state


def attached() -> tuple[Attached, ...]:
    """Every phone that adb sees; none where adb is not installed."""
    try:
        return tuple(map(_attached, listed()))
    except DeviceUnavailable:
        return ()


def _attached(one: Listed) -> Attached:
    name = f"android:{one.serial}"
    if one.state != "device":
        return Attached(name, "android", one.serial, _why_not(one))
    phone = Phone.at(Link(one.serial))
    return Attached(name, phone.row, f"{phone.name}, {phone.system}")


def find_phone(name: str, row: DeviceRow) -> Phone:
    """The connected phone that ``name`` asks for: ``android``, ``android:SERIAL``, or a row of devices.toml.

    Raises:
        DeviceUnavailable: none is connected, another one is, it cannot be used yet, or there are several to choose from.
    """
    serial = name.partition(":")[2]
    present = listed()
    if not present:
        raise DeviceUnavailable(
            f"{name}: no phone is connected: plug one in with USB debugging on; `adb devices` lists it then"
        )
    wanted = [one for one in present if one.serial == serial] if serial else list(present)
    if not wanted:
        raise DeviceUnavailable(f"{name}: no phone {serial} is connected, but {', '.join(one.serial for one in present)}")
    unusable = [one for one in wanted if one.state != "device"]
    phones = [Phone.at(Link(one.serial)) for one in wanted if one.state == "device"]
    if row.soc is not None:
        others = phones
        phones = [phone for phone in phones if phone.is_a(row)]
        if others and not phones and not unusable:
            instead = ", ".join(f"{phone.label}: --device android:{phone.link.serial}" for phone in others)
            raise DeviceUnavailable(f"{name}: no {row.name} is connected; connected is {instead}")
    if len(phones) == 1:
        return phones[0]
    if phones:
        choices = ", ".join(f"{phone.name}: --device android:{phone.link.serial}" for phone in phones)
        raise DeviceUnavailable(f"{name}: {len(phones)} such phones are connected; choose one: {choices}")
    raise DeviceUnavailable(f"{name}: {_why_not(unusable[0])}")


def _why_not(one: Listed) -> str:
    serial, state = one.serial, one.state
    if state == "unauthorized":
        return f"{serial} has not authorised this computer: unlock it, allow USB debugging, and try again"
    if state.startswith("no permissions"):
        return f"{serial} may not be reached by this user: apt install android-sdk-platform-tools-common (udev rules)"
    return f"{serial} is {state}: reconnect it, or run: adb reconnect"
