"""Which tensors a leaky ReLU stands behind, and which take another's range, in every format."""

from __future__ import annotations

import pytest

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.targets.constraints import shared, slopes
from mobile_inpaint.targets.graph import Graph, Op, Tensor
from mobile_inpaint.targets.registry import list_targets, read_graph


def graph(*ops: Op) -> Graph:
    names = {name for op in ops for name in (*op.inputs, *op.outputs)}
    tensors = {name: Tensor(name, "float32", (1,), constant=name == "border") for name in names}
    return Graph("onnx", ops, tensors, {"x": "x"})


def op(kind: str, inputs: str, output: str) -> Op:
    return Op(output, kind, tuple(inputs.split()), (output,), {"alpha": 0.2} if kind == "LeakyRelu" else {})


def test_through_resizing_and_border_up_to_what_others_read_too() -> None:
    ops = [op("Conv", "x w", "a"), op("Resize", "a", "b"), op("Mul", "b border", "c"), op("LeakyRelu", "c", "d")]
    assert slopes(graph(*ops)) == dict.fromkeys("abc", 0.2)
    assert slopes(graph(*ops, op("Add", "b d", "e"))) == {"c": 0.2}


def test_sums_and_products_of_maps_end_it() -> None:
    assert slopes(graph(op("Mul", "x y", "a"), op("LeakyRelu", "a", "b"))) == {"a": 0.2}
    assert slopes(graph(op("Conv", "x w", "s"), op("Add", "s y", "a"), op("LeakyRelu", "a", "b"))) == {"a": 0.2}


@pytest.mark.parametrize("target", list_targets())
def test_in_a_real_file_every_leaky_relu_counts(small_artifacts: dict[str, Artifact], target: str) -> None:
    read = read_graph(small_artifacts[target].path)
    leaky = [op.inputs[0] for op in read.run if op.type.lower().replace("_", "") == "leakyrelu"]
    found = slopes(read)
    assert set(leaky) <= set(found)
    assert {round(slope, 6) for slope in found.values()} == {0.2}
    # of eight noises four are added to an enlarged map, behind its resizing and its border
    assert len(found) == len(leaky) + 8 + 2 * 4
    assert len(shared(read)) == 2 * 2 * 4, "four maps and four images are enlarged, each times its border"


def test_only_border_maps_share() -> None:
    ops = [
        op("Conv", "x w", "a"),
        op("Mul", "a border", "b"),
        op("Resize", "b", "c"),
        op("Mul", "c border", "d"),
        op("Add", "d x", "e"),
    ]
    assert shared(graph(*ops)) == {"c": "b", "d": "b"}
