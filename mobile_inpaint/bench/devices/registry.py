"""Devices by name. A phone is a row of devices.toml; a kind of device is a file in ``devices/`` that knows how to reach it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from mobile_inpaint import documents, schema
from mobile_inpaint.bench import devices
from mobile_inpaint.errors import BenchError, DeviceNotFound, DeviceUnavailable
from mobile_inpaint.precision import Precision

if TYPE_CHECKING:
    from mobile_inpaint.bench.measure.candidate import Candidate
    from mobile_inpaint.bench.measure.pipeline import Scene
    from mobile_inpaint.bench.measure.protocol import Plan
    from mobile_inpaint.bench.report.latency_report import LatencyReport

DeviceClass = Literal["host", "emulated", "desktop", "browser", "phone-low", "phone-mid", "phone-high", "tablet"]


@dataclass(frozen=True)
class DeviceRow:
    """A device as devices.toml has it.

    Attributes:
        name: as it is sold.
        kind: how it is reached.
        maker, soc, year, ram_gb: None where the row stands for any device of its kind. A phone sold with two chips names
            both; the memory is that of the smallest configuration.
        model_codes: how its model's number begins, where the phone tells that instead of its name.
        device_class: ``phone-high`` computes like a flagship of 2022 or later, ``phone-mid`` like one of 2018 to 2021 or a
            middle-class phone of today, ``phone-low`` is below.
    """

    name: str
    kind: str
    device_class: DeviceClass | None = None
    maker: str | None = None
    soc: str | None = None
    year: int | None = None
    ram_gb: int | None = None
    model_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of device.

    Attributes:
        target, precision: of the artifact that suits it when none is named.
        reached_by: what it is reached through, in a word or two.
        runtimes: what may stand behind an ``@`` after a file.
    """

    target: str
    precision: Precision
    reached_by: str
    runtimes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attached:
    """A device that is there to be measured on right now.

    Attributes:
        name: what :func:`connect` takes for exactly this one, for example ``android:R5CX1234567``.
        row: its name in devices.toml; that of its kind where no row fits.
        label: its name, system and whatever keeps it from being measured, for people: ``Pixel 8a, Android 16``.
        trouble: why it cannot be measured on as it is (``unauthorised: unlock it and allow USB debugging``); None if it can.
    """

    name: str
    row: str
    label: str
    trouble: str | None = None


@dataclass(frozen=True)
class _Table:
    kinds: dict[str, Kind] = field(default_factory=dict)
    devices: dict[str, DeviceRow] = field(default_factory=dict)


class Device(Protocol):
    """A connected device."""

    def measure(
        self, candidates: Sequence[Candidate], plan: Plan, scene: Scene | None, advance: Callable[[int, int | None], None]
    ) -> tuple[LatencyReport, ...]:
        """A report for each candidate, all measured in turn.

        Args:
            candidates: artifacts, or foreign model files, and by what each is run.
            plan: how often.
            scene: a photo to send through the whole pipeline as well.
            advance: called as ``advance(done, total)``.

        Raises:
            MobileInpaintError: a file that cannot be run there, or the device went away.
        """
        ...


def list_devices() -> dict[str, DeviceRow]:
    """Every device by name, ``host`` first."""
    return _table().devices


def find_device(name: str) -> DeviceRow:
    """The device called ``name``, which may go on with a colon and the serial number of one such.

    Raises:
        DeviceNotFound: there is none.
    """
    row = name.partition(":")[0]
    if row not in list_devices():
        raise DeviceNotFound(row, list_devices())
    return list_devices()[row]


def kind_of(row: DeviceRow) -> Kind:
    """What a device of this kind takes."""
    return _table().kinds[row.kind]


def attached(kind: str) -> tuple[Attached, ...]:
    """The devices of ``kind`` that are there right now; none where what reaches them is not installed."""
    look = getattr(_module(kind), "attached", None)
    return look() if look else ()


def connect(name: str) -> Device:
    """The device called ``name``, connected: ``host``, a kind (``android``: whichever is there), a phone's name, or either of
    the last two with a serial number behind a colon.

    Raises:
        DeviceNotFound: there is none of that name.
        DeviceUnavailable: it is not connected, another is, several are, or this version cannot reach devices of its kind.
    """
    row = find_device(name)
    module = _module(row.kind)
    if module is None:
        raise DeviceUnavailable(f"{name}: this version does not reach {row.kind} devices; on this machine: --device host")
    return cast(Device, module.connect(name, row))


def _module(kind: str) -> Any:
    """The file that reaches devices of ``kind``, None where this version has none.

    It has ``connect(name, row) -> Device``, which takes ``name`` as :func:`connect` does and finds the one device that is
    meant, and, where there is something to look for, ``attached() -> tuple[Attached, ...]``, quick and without errors.
    """
    file = kind.replace("-", "_")
    if file not in (module.name for module in pkgutil.iter_modules(devices.__path__)):
        return None
    return importlib.import_module(f"{devices.__name__}.{file}")


@functools.cache
def _table() -> _Table:
    file = resources.files(__package__) / "devices.toml"
    rows = documents.parse_toml(file.read_text(encoding="utf-8"), file.name, BenchError)
    table = schema.load(_Table, rows, file.name, BenchError)
    unknown = {row.kind for row in table.devices.values()} - set(table.kinds)
    assert not unknown, f"devices.toml: kinds without a row: {unknown}"
    return table
