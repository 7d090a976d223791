"""Which operations of a Core ML program work on 8-bit integers.

Core ML has no integer operations: a program says ``dequantize``, the operation in floats, ``quantize``, and the compiler fuses
what stands between. So an operation counts as integer where everything it reads comes from ``dequantize`` and everything it
makes ends in ``quantize``, directly or through operations of that kind; a convolution must have 8-bit weights as well.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

INTEGER_WEIGHTS = ("constexpr_affine_dequantize", "constexpr_blockwise_shift_scale")
NOT_COMPUTING = ("cast", "quantize", "dequantize")


def float_operations(operations: Sequence[Any]) -> dict[str, int]:
    """The computing operations that work in floating point, counted by type; a cast computes nothing.

    Args:
        operations: of the program's block, in order, as they stand in the file.
    """
    constant = {out.name: op.type for op in operations if op.type.startswith("const") for out in op.outputs}
    computing = [op for op in operations if not op.type.startswith("const")]
    inputs = {id(op): [a.name for value in op.inputs.values() for a in value.arguments if a.name] for op in computing}
    readers = collections.defaultdict(list)
    for op in computing:
        for name in inputs[id(op)]:
            readers[name].append(op)

    fed: set[str] = set()
    for op in computing:
        from_integers = all(name in fed or name in constant for name in inputs[id(op)])
        heavy = op.type == "conv" and constant[op.inputs["weight"].arguments[0].name] not in INTEGER_WEIGHTS
        if op.type == "dequantize" or (op.type not in NOT_COMPUTING and from_integers and not heavy):
            fed.update(out.name for out in op.outputs)

    kept: set[int] = set()
    for op in reversed(computing):
        reading = [reader for out in op.outputs for reader in readers[out.name]]
        if reading and all(reader.type == "quantize" or id(reader) in kept for reader in reading):
            kept.add(id(op))

    floats = (op for op in computing if op.type not in NOT_COMPUTING and not (op.outputs[0].name in fed and id(op) in kept))
    return dict(sorted(collections.Counter(op.type for op in floats).items()))
