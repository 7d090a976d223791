"""What an ONNX file may hold, said by files that hold more; each is walked in little time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_inpaint import protobuf
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.checkpoints.readers import onnx_initializers
from mobile_inpaint.errors import ManifestError, WeightsError
from mobile_inpaint.targets.admission import admit, limits

Change = Callable[[onnx.ModelProto], None]


def sound() -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"], name="scaled")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", -1, 8, 8])],
        [numpy_helper.from_array(np.ones((3, 1, 1), np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def refuse(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    started = time.process_time()
    with pytest.raises(ManifestError, match=said) as caught:
        admit(path)
    assert str(caught.value).startswith(path.name) and "\n" not in str(caught.value)
    assert time.process_time() - started < 3


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def test_sound_files_are_let_through(tmp_path: Path, small_artifacts: dict[str, Artifact]) -> None:
    admit(small_artifacts["onnx"].path)
    path = tmp_path / "a.onnx"
    path.write_bytes(sound().SerializeToString())
    admit(path)


@pytest.mark.parametrize("kind", [k for k in TensorProto.DataType.values() if k not in (0, 8)])
def test_every_type_of_number_is_counted_as_onnx_stores_it(tmp_path: Path, kind: int) -> None:
    for values in (np.zeros(5), np.zeros((3, 0)), np.zeros(())):
        try:
            tensors = [
                helper.make_tensor("w", kind, values.shape, values.ravel()),
                numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(kind)), "v"),
            ]
        except (KeyError, TypeError, ValueError, NotImplementedError):
            pytest.skip("onnx itself cannot make one")
        model = sound()
        model.graph.initializer.extend(tensors)
        (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
        admit(tmp_path / "a.onnx")


def _set(name: str, value: object) -> Change:
    def change(model: onnx.ModelProto) -> None:
        setattr(model.graph.initializer[0], name, value)

    return change


def _dims(*dims: int) -> Change:
    def change(model: onnx.ModelProto) -> None:
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)

    return change


def _typed(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].float_data.extend([1.0, 2.0])


def _sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def _many_nodes(model: onnx.ModelProto) -> None:
    model.graph.node.extend([onnx.NodeProto(op_type="Relu")] * (limits.MOST_NODES + 1))


def _many_fields(model: onnx.ModelProto) -> None:
    model.graph.node[0].input.extend(["x"] * 500_000)


def _long_name(model: onnx.ModelProto) -> None:
    model.graph.node[0].name = "n" * 100_000


def _deep_type(model: onnx.ModelProto) -> None:
    kind = model.graph.input[0].type
    for _ in range(30):
        kind = kind.sequence_type.elem_type
    kind.tensor_type.elem_type = TensorProto.FLOAT


def _large_inputs(model: onnx.ModelProto) -> None:
    for name in "abcde":
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8192, 8192]))


def _large_between(model: onnx.ModelProto) -> None:
    model.graph.value_info.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, [2**31, 2**31]))


def _functions(model: onnx.ModelProto) -> None:
    """Twenty levels of ten calls each."""
    opset = [helper.make_opsetid("", 20), helper.make_opsetid("f", 1)]
    for level in range(20):
        called = ("f", f"f{level + 1}") if level < 19 else ("", "Relu")
        nodes = [helper.make_node(called[1], ["x"], [f"y{i}"], domain=called[0]) for i in range(10)]
        model.functions.append(helper.make_function("f", f"f{level}", ["x"], ["y0"], nodes, opset))
    model.graph.node.append(helper.make_node("f0", ["x"], ["z"], domain="f"))


def _recursive(model: onnx.ModelProto) -> None:
    node = helper.make_node("f", ["x"], ["y"], domain="f")
    model.functions.append(helper.make_function("f", "f", ["x"], ["y"], [node], [helper.make_opsetid("f", 1)]))


def _mirrored(model: onnx.ModelProto) -> None:
    for one, other in (("f", "g"), ("g", "f")):
        node = helper.make_node(other, ["x"], ["y"], domain="f")
        model.functions.append(helper.make_function("f", one, ["x"], ["y"], [node], [helper.make_opsetid("f", 1)]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_dims(3, 1, 2), "'w' holds 12 bytes and not the 24"),
        (_dims(40000, 40000), r"'w': declared with 6\.4 GB"),
        (_dims(-3, -1, 1), "a dimension of -3"),
        (_dims(2**40, 0), "a dimension of 1,099,511,627,776"),
        (_dims(*[1] * 20), "more than 16 dimensions"),
        (_set("data_type", 99), "unknown type, 99"),
        (_set("data_type", 0), "unknown type, 0"),
        (_set("data_location", 1), "only files beside it are read"),
        (_set("raw_data", b"12345"), "'w' holds 5 bytes"),
        (_typed, "does not hold the 3 values"),
        (_sparse, "sparse"),
        (_many_nodes, "more than 50,000 operations"),
        (_many_fields, "more than 400,000 fields"),
        (_long_name, "a name of 100,000 bytes"),
        (_deep_type, "deeper than 16"),
        (_large_inputs, "its inputs: declared with 4.0 GB"),
        (_large_between, "'m': declared with"),
        (_functions, "those of functions counted for each call"),
        (_recursive, "'f' calls itself"),
        (_mirrored, "calls itself"),
    ],
)
def test_more_than_a_file_may_hold(tmp_path: Path, change: Change, said: str) -> None:
    model = sound()
    change(model)
    refuse(tmp_path / "a.onnx", model.SerializeToString(), said)


def test_bytes_that_are_no_model(tmp_path: Path) -> None:
    whole, path = sound().SerializeToString(), tmp_path / "a.onnx"
    refuse(path, b"", "it is empty")
    refuse(path, whole[:-5], "not an ONNX file")
    refuse(path, b"\xff" * 1000, "not an ONNX file")
    refuse(path, b"\x0b" * 1000, "it is not protobuf")
    refuse(path, field(8, b""), "it has no graph")
    refuse(path, whole + whole, "field 7 more than once")
    refuse(path, field(7, field(1, field(3, b"\xff\xfe"))), "not text in UTF-8")
    refuse(path, field(7, b"\x08\x01"), "field 1 of a graph is not node")
    refuse(path, field(7, b"\x08" + b"\x80" * 100_000), "not protobuf|cut off")
    refuse(path, field(7, b"\x0a\x00" * 500_000), "operations|fields")
    many = field(8, b"\x01" * (limits.MOST_NUMBERS + 1))
    refuse(path, field(7, field(1, field(5, many))), "more than 1,000,000 numbers in attributes")
    path.unlink()
    path.mkdir()
    with pytest.raises(ManifestError, match="not a file"):
        admit(path)


def test_graphs_inside_graphs(tmp_path: Path) -> None:
    graph = b""
    for _ in range(10_000):
        graph = field(1, field(5, field(6, graph)))
    refuse(tmp_path / "a.onnx", field(7, graph), "deeper than 16")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        field(7, b"\x28\x01"),
        field(7, field(5, b"\x10\x01\x0a\x0a" + b"\xff" * 9 + b"\x01")),
        field(7, field(5, b"\x10\x01" + b"\x08" + b"\xff" * 9 + b"\x01")),
        field(7, field(5, b"\x10\x01" + b"\x08\x00" + b"\x08" + varint(2**62))),
        field(7, field(5, b"\x10\x01" + b"\x08\x01" * 1000)),
        field(7, field(5, b"\x12\x01\x01")),
        field(7, field(5, b"\x10\x01\x42\x02\xff\xff")),
        field(7, field(5, b"\x10\x01\x48\x05")),
        field(7, b"\x0a\x00" * 400_001),
    ],
)
def test_the_reader_of_weights_is_safe_by_itself(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"^a\.onnx: not a readable ONNX file \(.*\); get it again$"):
        onnx_initializers.read(path)


def test_varints_are_those_of_protobuf() -> None:
    for value in (0, 1, 127, 128, 300, 2**32, 2**63, 2**64 - 1):
        assert protobuf.varint(memoryview(varint(value)), 0) == (value, len(varint(value)))
    for damaged in (b"", b"\x80", b"\xff" * 9 + b"\x02", b"\xff" * 11):
        with pytest.raises(protobuf.Damaged):
            protobuf.varint(memoryview(damaged), 0)
    packed = b"".join(map(varint, (5, 300, 2**63)))
    assert protobuf.count_varints(memoryview(packed)) == 3 and list(protobuf.varints(memoryview(packed))) == [5, 300, 2**63]
