"""An artifact whose network fills with grey: it runs in a moment, and an app may carry it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint.artifact import (
    Contract,
    Manifest,
    Provenance,
    Verification,
    manifest_path,
    sha256_of,
    size_of,
)
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.precision import Precision
from mobile_inpaint.targets.registry import get_target

SIDE = 64
TOY = Provenance("toy", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "a paper", "nothing")


def write(
    path: Path,
    target: str = "onnx",
    content: bytes = b"network",
    of: Provenance = TOY,
    side: int = SIDE,
    **changes: Any,
) -> Path:
    """Writes the artifact and its manifest.

    Args:
        path: says the precision in its name.
        target: only an ``onnx`` file can be run; of any other target the file is ``content``.
        content: makes files differ.
        of: where the weights are from.
        side: of the network, in pixels.
        changes: other fields of the manifest.
    """
    path.parent.mkdir(exist_ok=True)
    precision: Precision = "fp32" if "fp32" in path.name else "fp16"
    contract = Contract("toy", target, precision, side, *get_target(target).tensors(side), of, {})
    ops: dict[str, int] = {}
    if target == "onnx":
        model = _network(side)
        model.doc_string = content.decode()
        helper.set_model_props(model, {"mobile_inpaint": contract.to_json()})
        onnx.save(model, path)
        ops = get_target(target).ops(path)
    else:
        path.write_bytes(content)
    verification = Verification("a runtime", "fp32", ("photo",), (70.0,), 55.0, 0.01, 0.0, 5.0)
    numbers = Compositor(side).numbers()
    manifest = Manifest(path.name, sha256_of(path), size_of(path), contract, ops, 1.0, numbers, verification)
    dataclasses.replace(manifest, **changes).save(manifest_path(path))
    return path


def _network(side: int) -> Any:
    """``image * (1 - mask) + mask / 2``."""
    nodes = [
        helper.make_node(kind, list(taken), [made])
        for kind, taken, made in (
            ("Sub", ("one", "mask"), "known"),
            ("Mul", ("image", "known"), "holed"),
            ("Mul", ("mask", "half"), "grey"),
            ("Add", ("holed", "grey"), "output"),
        )
    ]
    channels = {"image": 3, "mask": 1, "output": 3}
    image, mask, output = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, count, side, side)) for name, count in channels.items()
    )
    constants = [numpy_helper.from_array(np.float32(value), name) for name, value in (("one", 1), ("half", 0.5))]
    graph = helper.make_graph(nodes, "grey", [image, mask], [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
