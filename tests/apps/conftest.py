"""A small network that runs in a moment, as an artifact that an app may carry, and the web app that carries it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from web_site import build

from mobile_inpaint.artifact import (
    Artifact,
    Contract,
    Manifest,
    Provenance,
    TensorSpec,
    Verification,
    manifest_path,
    sha256_of,
)
from mobile_inpaint.photo.compositor.compositor import Compositor
from mobile_inpaint.targets.registry import get_target

SIZE_PX = 64
REACH = 15


@pytest.fixture(scope="session")
def toy_artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Fills the hole with the mean of what is known within 15 pixels."""
    path = tmp_path_factory.mktemp("toy") / "toy-fp32.onnx"
    side = 2 * REACH + 1
    colours = numpy_helper.from_array(np.ones((3, 1, side, side), np.float32), "colours")
    counts = numpy_helper.from_array(np.ones((1, 1, side, side), np.float32), "counts")
    one, little = numpy_helper.from_array(np.float32(1), "one"), numpy_helper.from_array(np.float32(1e-3), "little")
    pads = [REACH] * 4
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        helper.make_node("Mul", ["image", "known"], ["holed"]),
        helper.make_node("Conv", ["holed", "colours"], ["sum"], group=3, pads=pads),
        helper.make_node("Conv", ["known", "counts"], ["number"], pads=pads),
        helper.make_node("Add", ["number", "little"], ["divisor"]),
        helper.make_node("Div", ["sum", "divisor"], ["mean"]),
        helper.make_node("Mul", ["mean", "mask"], ["filled"]),
        helper.make_node("Add", ["holed", "filled"], ["output"]),
    ]
    shapes = {"image": (1, 3, SIZE_PX, SIZE_PX), "mask": (1, 1, SIZE_PX, SIZE_PX), "output": (1, 3, SIZE_PX, SIZE_PX)}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    graph = helper.make_graph(nodes, "toy", [infos["image"], infos["mask"]], [infos["output"]], [colours, counts, one, little])
    image, mask, output = (
        TensorSpec(name, "NCHW", shape, "float32", 0.0, 1.0, "grey" if name == "mask" else "RGB")
        for name, shape in shapes.items()
    )
    provenance = Provenance("toy", "0" * 64, "MIT", "Copyright (c) 2026 nobody", "none", "nothing")
    contract = Contract("toy-64", "onnx", "fp32", SIZE_PX, (image, mask), output, provenance, {})
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    helper.set_model_props(model, {"mobile_inpaint": contract.to_json()})
    onnx.save(model, path)
    ops = get_target("onnx").ops(path)
    verified = Verification("by hand", "fp32", ("none",), (200.0,), 90.0, 0.0, 0.0, 5.0)
    numbers = Compositor(SIZE_PX, margin_px=8).numbers()
    Manifest(path.name, sha256_of(path), path.stat().st_size, contract, ops, 1.0, numbers, verified).save(manifest_path(path))
    return Artifact.open(path)


@pytest.fixture(scope="module")
def site(toy_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web app with the toy network in it."""
    return build(toy_artifact, tmp_path_factory.mktemp("site") / "web")
