"""What mobile-inpaint asks of the family."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from mobile_inpaint.errors import WeightsError
from mobile_inpaint.models.family import Family, Scalar, State
from toy_net.network import VARIANTS, ToyNet, Variant

KEYS = {f"{layer}.{part}" for layer in ("first", "middle", "last") for part in ("weight", "bias")}


def build(name: str, variant: object) -> ToyNet:
    """The network with random weights."""
    assert isinstance(variant, Variant)
    if variant.size_px % 8 or variant.kernel % 2 == 0:
        raise ValueError("size_px must be a multiple of 8, kernel odd")
    return ToyNet(name, variant)


def load(name: str | None, state: State, overrides: Mapping[str, Scalar]) -> ToyNet:
    """The network with the weights in ``state``, whose shapes say how many channels and which kernel it has."""
    name = name or "toy-net"
    channels, _, kernel, _ = state["first.weight"].shape
    variant = dataclasses.replace(VARIANTS[name], **{**overrides, "channels": channels, "kernel": kernel})
    network = build(name, variant)
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise WeightsError(f"these weights do not fit {name}: {str(error).splitlines()[-1].strip()}") from error
    return network


FAMILY = Family(
    name="toy-net",
    variants=VARIANTS,
    build=build,
    recognises=lambda state: set(state) == KEYS,
    load=load,
    tiny={"size_px": 32, "channels": 4},
)
