"""The verb ``models``."""

from __future__ import annotations

from typing import Any

from mobile_inpaint.cli import console


def models(json: console.Json = False) -> None:
    """List the networks: image size, number of parameters, and the weights there are for them."""
    from mobile_inpaint.checkpoints import store
    from mobile_inpaint.models.base import count_parameters
    from mobile_inpaint.models.registry import create_model, list_models

    cards = store.list_checkpoints()
    rows: list[dict[str, Any]] = []
    for name in list_models():
        network = create_model(name, "random", plain=True)  # as it ships: each convolution one tensor
        checkpoints = {card.name: card.licence for card in cards if card.model == name}
        rows.append(
            {
                "name": name,
                "size_px": network.resolution,
                "parameters": count_parameters(network),
                "checkpoints": checkpoints,
            }
        )
    if json:
        console.emit(rows)
        return
    console.table(
        ("model", "px", "parameters", "weights (licence)"),
        [
            (
                row["name"],
                row["size_px"],
                f"{row['parameters'] / 1e6:.2f} M",
                ", ".join(f"{checkpoint} ({licence})" for checkpoint, licence in row["checkpoints"].items()),
            )
            for row in rows
        ],
    )
