"""``mobile-inpaint devices``."""

from __future__ import annotations

from mobile_inpaint.cli import console


def devices(json: console.Json = False) -> None:
    """List the devices that bench knows, the connected ones first."""
    from mobile_inpaint import schema
    from mobile_inpaint.bench.devices.registry import attached, kind_of, list_devices

    rows = list_devices()
    there = [one for kind in dict.fromkeys(row.kind for row in rows.values()) for one in attached(kind)]
    connected = dict.fromkeys(one.row for one in there)
    names = [*connected, *(name for name in rows if name not in connected)]
    if json:
        console.emit(
            [
                {
                    "id": name,
                    "connected": name in connected,
                    "as": [schema.dump(one) for one in there if one.row == name],
                    **schema.dump(rows[name]),
                    **schema.dump(kind_of(rows[name])),
                }
                for name in names
            ]
        )
        return
    for one in there:
        console.say(f"connected: {one.name}" + ("" if one.name == one.label else f", {one.label}"))
        if one.trouble:
            console.note(f"{one.name}: {one.trouble}")
    console.table(
        ("device", "chip", "class", "through"),
        [
            (name, row.soc or "", row.device_class or "", kind_of(row).reached_by)
            for name, row in ((name, rows[name]) for name in names)
        ],
    )
    console.hint(f"mobile-inpaint bench artifacts/migan-lite-fp16.onnx --device {names[0]}")
