"""What a model family must say of itself, for everything else to work with it unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mobile_inpaint.models.base import Generator

Scalar: TypeAlias = bool | int | float | str
"""What a field of a variant may be, as TOML has it."""
State: TypeAlias = "Mapping[str, Tensor]"
"""Weights by name."""


@dataclass(frozen=True)
class Family:
    """One family of networks. Its folder's ``family.py`` holds one under the name ``FAMILY``; a package outside names one as an
    entry point of the group ``mobile_inpaint.models``.

    Attributes:
        name: of the family; the folder's.
        variants: by name, the numbers of each network: a dataclass of the family's own whose fields are scalars.
        build: ``build(name, variant)``: the network called ``name`` with random weights; ValueError for numbers that no network
            can have.
        recognises: whether a foreign file's weights, prefixes stripped, are this family's: by the whole set of keys.
        load: ``load(name, state, overrides)``: the network with those weights; ``name`` is None where the weights themselves
            tell which variant it is. Raises WeightsError.
        tiny: overrides that make a variant small enough for tests, 64 px or less.
        plain: overrides of the form with plain convolutions, which ships; empty where there is no other.
        discriminators: by kind, ``make(size_px, numbers, branches)``; ``numbers`` are the fields of ``[discriminator]``.
        read_onnx: ``read_onnx(constants)``: the weights out of the constants of a published ONNX file. Each constant comes with
            its name and the name of the node that first reads it. Empty where the file is another family's.
        slim: ``slim(larger, smaller, samples)`` gives ``smaller`` weights that do as nearly as they can what ``larger`` does,
            in place; ``samples`` are inputs of ``predict``. Raises ValueError where the two do not fit together. None where the
            family cannot do it.
        small_weights: which weights may be stored as 8-bit integers in the package.
    """

    name: str
    variants: Mapping[str, object]
    build: Callable[[str, object], Generator]
    recognises: Callable[[State], bool]
    load: Callable[[str | None, State, Mapping[str, Scalar]], Generator]
    tiny: Mapping[str, Scalar]
    plain: Mapping[str, Scalar] = field(default_factory=dict)
    discriminators: Mapping[str, Callable[[int, Mapping[str, Scalar], int], nn.Module]] = field(default_factory=dict)
    read_onnx: Callable[[Sequence[tuple[str, str, Tensor]]], dict[str, Tensor]] = lambda constants: {}
    slim: Callable[[Generator, Generator, Sequence[Tensor]], None] | None = None
    small_weights: Callable[[str], bool] = lambda name: False
