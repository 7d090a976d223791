"""The search for a mix, set up for one checkpoint and one format."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from mobile_inpaint import schema
from mobile_inpaint.artifact import size_of
from mobile_inpaint.evaluation.gate import Gate, Progress, quality_reference, quiet
from mobile_inpaint.export.pipeline import check_target, new_contract
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.quantization.mixed_precision import Advance, Search, search
from mobile_inpaint.quantization.session import Integers
from mobile_inpaint.targets.registry import get_target


def find_mix(
    prepared: Prepared,
    target: str,
    integers: Integers,
    gate: Gate,
    *,
    deployment: str | None = None,
    ratio: Callable[[Fill, Fill], float] | None = None,
    progress: Progress = quiet,
    advance: Advance = lambda *_: None,
) -> Search:
    """The layers that must stay in floating point for ``gate``'s bounds; see ``quantization/mixed_precision.py``.

    Args:
        prepared: see :func:`prepare`.
        target: a format's name.
        integers: of the same network.
        gate: the bounds, and on how many photos they are held.
        deployment: oldest system, where the target knows any.
        ratio: times two Fills in turn and says how many times as fast the second is.
        progress: told what happens next.
        advance: told how much of how much is done.

    Raises:
        ExportError: no mix keeps the bounds.
        ConversionError: the toolchain failed.
    """
    kind = get_target(target)
    check_target(kind, "auto", deployment)
    contract = new_contract(prepared, kind, "auto", deployment)
    reference = quality_reference(prepared.network, prepared.provenance.sha256, gate.crops, progress)
    identity = " ".join(
        (
            prepared.provenance.sha256,
            json.dumps(schema.dump(integers.settings)),
            json.dumps(contract.tools),
            contract.deployment,
        )
    )
    with tempfile.TemporaryDirectory() as folder:

        def make(float_layers: tuple[str, ...]) -> tuple[Fill, int]:
            out = Path(tempfile.mkdtemp(dir=folder)) / f"mix{kind.suffix}"
            integers.write(kind, contract, out, float_layers, progress)
            return kind.load(out), size_of(out)

        speed = None
        if ratio is not None and kind.runs_here:
            plain = kind.load(integers.source(kind, contract, progress)[0])
            speed = functools.partial(ratio, plain)
        bounds = (gate.max_rise_object, gate.max_rise_free)
        return search(integers.network, make, reference, bounds, identity, speed, advance)
