"""``mobile-inpaint devices``."""

from __future__ import annotations

from mobile_inpaint.cli import console


def devices(json: console.Json = False) -> None:
    """List the devices that bench knows, connected ones first."""
    from mobile_inpaint import strict
    from mobile_inpaint.bench.device import is_connected, kind_of, list_devices

    known = [(name, row, is_connected(name)) for name, row in list_devices().items()]
    known.sort(key=lambda device: not device[2])
    if json:
        console.emit(
            [
                {"id": name, "connected": connected, **strict.dump(row), **strict.dump(kind_of(row))}
                for name, row, connected in known
            ]
        )
        return
    console.say(f"connected: {', '.join(name for name, _, connected in known if connected)}")
    console.table(
        ("device", "chip", "year", "GB", "class"),
        [(name, row.soc or "", row.year or "", row.ram_gb or "", row.device_class or "") for name, row, _ in known],
    )
    console.note("This version measures on host only; the others are named for the timings that were published of them.")
