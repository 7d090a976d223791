"""MI-GAN as a family: what the rest of the package asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mobile_inpaint.errors import ModelNotFound, WeightsError
from mobile_inpaint.models.family import Family, Scalar, State
from mobile_inpaint.models.migan.checkpoint import is_migan, to_ours
from mobile_inpaint.models.migan.discriminator import Discriminator
from mobile_inpaint.models.migan.network import Generator
from mobile_inpaint.models.migan.slimming import narrow
from mobile_inpaint.models.migan.variants import VARIANTS, Variant

_PARAMETER = re.compile(r"(?:.*[./])?((?:encoder|synthesis)[./]b\d+[./].+)")
"""Where a parameter's name begins inside a graph's: exporters put the wrapper's before it."""


def build(name: str, **overrides: Scalar) -> Generator:
    """The network called ``name`` with random weights; overrides are fields of :class:`Variant`.

    Raises:
        ModelNotFound: no such variant.
        ValueError: an override that no network can have.
    """
    return Generator(name, _variant(name, overrides))


def load(name: str | None, state: State, overrides: Mapping[str, Scalar] | None = None) -> Generator:
    """The network called ``name`` with the weights in ``state``, in any layout that we know.

    Args:
        name: a variant, or None to read everything from the weights' own shapes.
        state: the weights.
        overrides: fields of :class:`Variant`; those the weights decide need not be given.

    Raises:
        WeightsError: the layout is unknown, or a shape is not this network's.
    """
    layout = to_ours(state)
    if name is None:
        alike = (
            key for key, variant in VARIANTS.items() if (variant.resolution, variant.patch) == (layout.resolution, layout.patch)
        )
        name = next(alike, "migan-256")
        overrides = layout.numbers()
    decided = {"tensors": layout.tensors, "patch": layout.patch, "stem": layout.stem}
    try:
        variant = _variant(name, {**(overrides or {}), **decided})
    except (TypeError, ValueError) as error:
        raise WeightsError(f"these weights fit no network: {error}") from error
    # a name such as b65536 stands for gigabytes, which are not allocated for a file of a few bytes
    if variant.least_numbers > 2 * sum(value.numel() for value in layout.state.values()) + 1_000_000:
        raise WeightsError(f"these weights do not fit {name}: they lack most of its {variant.least_numbers:.3g} numbers")
    network = Generator(name, variant)
    layout.check_fits(network)
    layout.load_into(network)
    return network


def read_onnx(constants: Sequence[tuple[str, str, Tensor]]) -> dict[str, Tensor]:
    """MI-GAN's parameters out of the authors' ONNX file, under the names of the published inference layout.

    There the exporter has multiplied each noise map by its strength, so that ``noise_strength`` comes back as 1. The fixed
    filters, which it has merged, are left out.

    Args:
        constants: the name of each, the name of the node that first reads it, and its values.
    """
    state: dict[str, Tensor] = {}
    for name, used_by, values in constants:
        if match := _PARAMETER.fullmatch(name):
            if not re.search(r"\.filter(\.weight|_const)$", match[1]):
                state[match[1]] = values
        elif (match := _PARAMETER.fullmatch(used_by)) and match[1].endswith("/Add"):
            block = match[1].removesuffix("/Add").replace("/", ".")
            state[f"{block}.noise_const"] = values
            state[f"{block}.noise_strength"] = torch.ones(())
    return state


def discriminator(size_px: int, numbers: Mapping[str, Scalar], branches: int) -> nn.Module:
    """The published discriminator; ``numbers`` are ``ch_base`` and ``ch_max``."""
    return Discriminator(size_px, int(numbers["ch_base"]), int(numbers["ch_max"]), branches)


def _variant(name: str, overrides: Mapping[str, Any]) -> Variant:
    if name not in VARIANTS:
        raise ModelNotFound(name, VARIANTS)
    return Variant(**{**vars(VARIANTS[name]), **overrides})


def _build(name: str, variant: object) -> Generator:
    assert isinstance(variant, Variant)
    return Generator(name, variant)


FAMILY = Family(
    name="migan",
    variants=VARIANTS,
    build=_build,
    recognises=is_migan,
    load=load,
    tiny={"resolution": 64, "ch_base": 1024, "ch_max": 32},
    plain={"tensors": 0},
    discriminators={"migan": discriminator},
    read_onnx=read_onnx,
    slim=narrow,
    small_weights=lambda name: name.endswith(("depthwise.weight", "pointwise.weight")),
)
