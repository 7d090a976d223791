"""What each precision is, and what an artifact of that precision must reach: one row a precision, and no rule elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Precision: TypeAlias = Literal["fp32", "fp16", "w8a32", "w8a16", "w8a8", "pal8", "pal6", "pal4"]
"""Weights then activations; ``pal`` is a palette of that many bits for the weights."""
PrecisionName: TypeAlias = Literal["fp32", "fp16", "w8a32", "w8a16", "w8a8", "pal8", "pal6", "pal4", "auto"]
"""What ``--precision`` takes and a manifest says: a precision, or :data:`SEARCH`."""
SEARCH: Final = "auto"
"""No precision but a search: for the layers that must stay in floating point where the others are :data:`SEARCHED`. A file that
came of a search calls its precision by this name, too."""
SEARCHED: Final[Precision] = "w8a8"


@dataclass(frozen=True)
class PrecisionRow:
    """One precision. A PSNR is in dB, peak 1.0, inside the hole; each photo must reach it.

    Attributes:
        name: of the precision.
        weight_bits: of a stored weight; below 16 it is an integer or the index of a palette.
        activation_bits: of what layers compute on: integers where ``calibrated``, else floating point, of which a runtime may
            compute 16 bits where it has 32.
        palette: weights are indices of a palette.
        calibrated: activations are integers, whose ranges are taken on photos.
        judged: the fills are judged by LPIPS. Rounding to integers or palettes moves a fill by more than PSNR can tell from a
            fault; there ``floor_db`` catches only what is another picture altogether.
        floor_db: to the fp32 generator.
        fp16_arithmetic_floor_db: the same where the runtime computes in float16 and does not merely store it.
        photo_floor_db: of a one-file pipeline, to our compositor around the fp32 generator. In fp32 48 dB is one grey level
            everywhere, and no pixel may be off by more.
        other_runtime_db: of the same file, between two runtimes.
        other_processor_db: of the same file and runtime, between two processors: the same arithmetic in another order. Two
            runs on integer activations that differ in rounding alone lie 25 dB apart (docs/quantization.md).
    """

    name: Precision
    weight_bits: int
    activation_bits: int
    palette: bool
    calibrated: bool
    judged: bool
    floor_db: float
    fp16_arithmetic_floor_db: float
    photo_floor_db: float
    other_runtime_db: float
    other_processor_db: float


_ROWS = (
    # name, bits of weights and activations, palette, calibrated, judged; dB: floor, in float16, photo, runtime, processor
    PrecisionRow("fp32", 32, 32, False, False, False, 90.0, 90.0, 48.0, 50.0, 60.0),
    PrecisionRow("fp16", 16, 16, False, False, False, 55.0, 50.0, 35.0, 50.0, 60.0),
    PrecisionRow("w8a32", 8, 32, False, False, True, 10.0, 10.0, 10.0, 50.0, 60.0),
    PrecisionRow("w8a16", 8, 16, False, True, True, 10.0, 10.0, 10.0, 20.0, 20.0),
    PrecisionRow("w8a8", 8, 8, False, True, True, 10.0, 10.0, 10.0, 20.0, 20.0),
    PrecisionRow("pal8", 8, 32, True, False, True, 10.0, 10.0, 10.0, 50.0, 60.0),
    PrecisionRow("pal6", 6, 32, True, False, True, 10.0, 10.0, 10.0, 50.0, 60.0),
    PrecisionRow("pal4", 4, 32, True, False, True, 10.0, 10.0, 10.0, 50.0, 60.0),
)
PRECISIONS: Mapping[str, PrecisionRow] = {row.name: row for row in _ROWS}
"""Every precision by name."""


def row_of(name: PrecisionName) -> PrecisionRow:
    """The row of a precision; a file that came of a search has that of :data:`SEARCHED`."""
    return PRECISIONS[SEARCHED if name == SEARCH else name]
