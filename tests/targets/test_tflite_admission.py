"""TFLite files that are damaged or made to harm: refused in one line, quickly, and before LiteRT sees them."""

from __future__ import annotations

import random
import re
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.cli import main
from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.lint.linter import lint_artifact
from mobile_inpaint.targets.admission.tflite import check
from mobile_inpaint.targets.admission.tflite_schema import SCHEMA
from mobile_inpaint.targets.external import load_external
from mobile_inpaint.targets.guarded import guarded
from mobile_inpaint.targets.registry import target_of
from mobile_inpaint.targets.tflite.flatbuffer import TfliteGraph, read_model

Change = Callable[[Any], None]


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensor(name: str, shape: list[int], buffer: int = 0, type: int = schema.TensorType.FLOAT32) -> Any:
    made = schema.TensorT()
    made.name, made.shape, made.buffer, made.type = name, shape, buffer, type
    return made


def addition(side: int = 4) -> Any:
    """``y = x + c``: one graph, one operation, one constant."""
    model, graph, op, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorT(), schema.OperatorCodeT()
    empty, constant = schema.BufferT(), schema.BufferT()
    constant.data = list(np.ones(3, np.float32).tobytes())
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    op.opcodeIndex, op.inputs, op.outputs = 0, [0, 1], [2]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    shape = [1, side, side, 3]
    graph.tensors = [tensor("x", shape), tensor("c", [3], 1), tensor("y", shape)]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [2], [op], "main"
    model.version, model.description = 3, "addition"
    model.buffers, model.operatorCodes, model.subgraphs = [empty, constant], [code], [graph]
    return model


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], Path]:
    def write(model: Any) -> Path:
        path = tmp_path / "model.tflite"
        path.write_bytes(model if isinstance(model, bytes) else packed(model))
        return path

    return write


def bomb(offsets: int) -> bytes:
    """``offsets`` offsets to one subgraph, which has as many to one tensor."""
    builder = flatbuffers.Builder(1024)
    schema.TensorStart(builder)
    one = schema.TensorEnd(builder)
    builder.StartVector(4, offsets, 4)
    for _ in range(offsets):
        builder.PrependUOffsetTRelative(one)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    builder.StartVector(4, offsets, 4)
    for _ in range(offsets):
        builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def loaded(path: Path) -> None:
    """For another process."""
    runner = load_external(path)
    runner.run({one.name: np.ones(one.shape, one.dtype) for one in runner.inputs})


def graph_of(model: Any) -> Any:
    return model.subgraphs[0]


def outside(model: Any) -> None:
    model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 10**9, 12


def no_buffers(model: Any) -> None:
    model.buffers = None


def recursive(model: Any) -> None:
    op, code = graph_of(model).operators[0], schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.WHILE
    model.operatorCodes.append(code)
    op.opcodeIndex, op.builtinOptionsType, op.builtinOptions = 1, schema.BuiltinOptions.WhileOptions, schema.WhileOptionsT()


def signature(index: int) -> Change:
    def change(model: Any) -> None:
        made, end = schema.SignatureDefT(), schema.TensorMapT()
        end.name, end.tensorIndex = "image", index
        made.signatureKey, made.inputs, made.outputs, made.subgraphIndex = "serving_default", [end], [], 0
        model.signatureDefs = [made]

    return change


def shared_constant(model: Any) -> None:
    model.buffers[1].data = list(bytes(1 << 18))
    graph_of(model).tensors[1:2] = [tensor(f"c{i}", [1 << 16], 1) for i in range(100)]
    graph_of(model).operators, graph_of(model).outputs = [], [0]


def setting(**values: Any) -> Change:
    """A change of the constant ``c``."""

    def change(model: Any) -> None:
        for name, value in values.items():
            setattr(graph_of(model).tensors[1], name, value)

    return change


def of_op(**values: Any) -> Change:
    def change(model: Any) -> None:
        for name, value in values.items():
            setattr(graph_of(model).operators[0], name, value)

    return change


REFUSED: dict[str, tuple[Change, str]] = {
    "a buffer behind the end": (outside, "buffer 1 leads out of the file"),
    "no buffers": (no_buffers, "no buffers"),
    "a buffer that is not there": (setting(buffer=7), "buffer of tensor 'c' .* is 7 of 2"),
    "too few bytes": (setting(shape=[4]), "has 12 bytes; 16 are needed"),
    "a negative side": (setting(shape=[-3]), r"the shape \[-3\]"),
    "gigabytes": (setting(shape=[1 << 20, 1 << 20], buffer=0), "MiB is the limit"),
    "a type that is not there": (setting(type=99), "type 99"),
    "a sparse tensor": (setting(sparsity=schema.SparsityParametersT()), "sparse"),
    "a name that is no text": (setting(name=b"\xff\xfe"), "not text in UTF-8"),
    "a long name": (setting(name="n" * 100_000), "a text of 100000 bytes"),
    "an input that is not there": (of_op(inputs=[0, 9]), "is 9 of 3"),
    "an input of a negative number": (of_op(inputs=[0, -2]), "is -2 of 3"),
    "an input that nothing computes": (of_op(inputs=[0, 2]), "reads tensor 2, which nothing has computed"),
    "a constant that is written": (of_op(outputs=[1]), "writes tensor 1"),
    "an operation that is not there": (of_op(opcodeIndex=5), "is 5 of 1"),
    "a graph that calls itself": (recursive, "call themselves"),
    "a signature of an intermediate": (signature(1), "'image' is tensor 1, not one of the inputs"),
    "constants read a hundred times": (shared_constant, "share constants"),
    "other files": (lambda model: setattr(model, "externalBufferGroups", [schema.ExternalBufferGroupT()]), "in other files"),
    "no graph": (lambda model: setattr(model, "subgraphs", []), "no graph"),
}


def test_a_whole_file_passes(written: Callable[[Any], Path]) -> None:
    path = written(addition())
    check(path)
    assert TfliteGraph.load(path).inputs() == ["x"]
    runner = load_external(path)
    assert runner.run({"x": np.zeros((1, 4, 4, 3), np.float32)}).max() == 1


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_contradicts_itself_is_refused(case: str, written: Callable[[Any], Path]) -> None:
    change, says = REFUSED[case]
    model = addition()
    change(model)
    path = written(model)
    with pytest.raises(ManifestError, match=says) as refused:
        check(path)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300
    with pytest.raises(ManifestError):
        load_external(path)


def test_an_image_of_a_side_above_4096_is_refused(written: Callable[[Any], Path]) -> None:
    check(written(addition(4096)))
    with pytest.raises(ManifestError, match="4096 is the longest side"):
        check(written(addition(4097)))


def test_a_bomb_of_shared_offsets_is_refused_at_once(
    written: Callable[[Any], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(bomb(3000))
    assert path.stat().st_size < 30_000
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(ManifestError):
        check(path)
    assert time.monotonic() - started < 1 and tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    code = main(["lint", str(path), "--no-photos"])
    said = capsys.readouterr().err
    assert code == 1 and "two offsets lead to one" in said and said.count("\n") == 1


def test_links_to_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    for name, make in (("folder.tflite", Path.mkdir), ("zero.tflite", lambda path: path.symlink_to("/dev/zero"))):
        make(tmp_path / name)
        with pytest.raises(ManifestError, match="not a file"):
            check(tmp_path / name)


def test_what_crashes_litert_crashes_another_process(small_artifacts: dict[str, Artifact], tmp_path: Path) -> None:
    """A transposed convolution of no stride divides by 0; nothing in the file's structure is wrong."""
    graph = TfliteGraph.load(small_artifacts["tflite"].path)
    for op in graph.ops:
        if hasattr(op.builtinOptions, "strideW"):
            op.builtinOptions.strideW = op.builtinOptions.strideH = 0
    graph.save(tmp_path / "no-stride.tflite")
    check(tmp_path / "no-stride.tflite")
    with pytest.raises(ManifestError, match=r"ended the process that worked on it|cannot read it"):
        guarded(tmp_path / "no-stride.tflite", loaded, tmp_path / "no-stride.tflite")


def test_a_run_that_takes_more_memory_than_the_shapes_imply_ends(written: Callable[[Any], Path]) -> None:
    """FILL makes a tensor as large as a constant says, whatever the tensor's own shape is."""
    model = addition()
    graph, code, op = graph_of(model), schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FILL
    model.operatorCodes.append(code)
    sides, value = schema.BufferT(), schema.BufferT()
    sides.data, value.data = list(np.array([40_000, 40_000], np.int32).tobytes()), list(np.ones(1, np.float32).tobytes())
    model.buffers += [sides, value]
    graph.tensors += [tensor("sides", [2], 2, schema.TensorType.INT32), tensor("value", [], 3), tensor("full", [1])]
    op.opcodeIndex, op.inputs, op.outputs = 1, [3, 4], [5]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.FillOptions, schema.FillOptionsT()
    graph.operators.append(op)
    graph.outputs = [2, 5]
    path = written(model)
    check(path)
    with pytest.raises(ManifestError, match=r"needs more than|cannot read it|ended the process"):
        guarded(path, loaded, path)


def test_metadata_that_is_no_text_is_said_in_one_line(small_artifacts: dict[str, Artifact], tmp_path: Path) -> None:
    graph = TfliteGraph.load(small_artifacts["tflite"].path)
    (entry,) = [entry for entry in graph.model.metadata if entry.name == b"mobile_inpaint"]
    for data in ([0xFF, 0xFE], None):
        graph.model.buffers[entry.buffer].data = data
        graph.save(tmp_path / "a.tflite")
        with pytest.raises(ManifestError, match="its metadata"):
            target_of(tmp_path / "a.tflite").read_contract(tmp_path / "a.tflite")


def test_the_schema_is_litert_s_own() -> None:
    """Each accessor of the generated code names the slot and the kind of a field."""
    source = Path(schema.__file__).read_text(encoding="utf-8")
    found: dict[str, dict[int, str]] = {}
    for part in re.split(r"^class ", source, flags=re.M)[1:]:
        slots = found.setdefault(re.match(r"\w+", part)[0], {}) if "def Init(self, buf, pos)" in part else {}  # type: ignore[index]
        for at, body in re.findall(
            r"\(self(?:, j)?\):\n        o = .*?_tab\.Offset\((\d+)\)\)\n(.*?)(?=\n\n)", part, flags=re.S
        ):
            if kind := _kind(body):
                slots[(int(at) - 4) // 2] = kind
    for name, slots in found.items():
        ours = {i: _described(field) for i, field in enumerate(SCHEMA.tables.get(name, ())) if field.kind != "-"}
        theirs = {i: re.sub("[iI]", "g", kind) if ours.get(i) in ("g", "[g]") else kind for i, kind in slots.items()}
        assert ours == theirs, name
    for name, members in SCHEMA.unions.items():
        numbers = {
            number: member for member, number in vars(getattr(schema, name)).items() if isinstance(number, int) and number
        }
        assert dict(enumerate(members, 1)) == numbers


LETTERS = {"Bool": "?", "Float32": "f"}
LETTERS |= {"Int8": "b", "Uint8": "B", "Int16": "h", "Uint16": "H", "Int32": "i", "Uint32": "I", "Int64": "q", "Uint64": "Q"}


def _kind(body: str) -> str:
    many = "_tab.Vector(o)" in body or "Flags, a +" in body
    if table := re.search(r"obj = (\w+)\(\)", body):
        kind = table[1]
    elif "_tab.String" in body:
        kind = "s"
    elif "_tab.Union" in body:
        kind = "union"
    elif scalar := re.search(r"number_types\.(\w+)Flags, [ao] \+", body):
        kind = LETTERS[scalar[1]]
    else:
        return ""  # the field's length, or whether it is there
    return f"[{kind}]" if many else kind


def _described(field: Any) -> str:
    kind = "union" if field.union else field.kind
    return f"[{kind}]" if field.many else kind


def _damaged(content: bytes, noise: random.Random) -> bytes:
    """A few bytes flipped, set, copied, cut out or put in, at the ends of the file, where its tables are."""
    changed = bytearray(content)
    for _ in range(noise.choice((1, 1, 2, 4))):
        at = noise.randrange(min(20_000, len(changed) // 2))
        at = at if noise.random() < 0.3 else len(changed) - 8 - at
        match noise.randrange(5):
            case 0:
                changed[at] ^= 1 << noise.randrange(8)
            case 1:
                changed[at & ~3 : (at & ~3) + 4] = noise.choice((bytes(4), b"\xff" * 4, noise.randbytes(4), b"\1\0\0\0"))
            case 2:
                changed[at] = noise.randrange(256)
            case 3:
                del changed[at : at + noise.choice((1, 4, 64))]
            case _:
                changed[at:at] = noise.randbytes(noise.choice((1, 4)))
    return bytes(changed)


def test_damaged_files_are_refused_or_read(small_artifacts: dict[str, Artifact], tmp_path: Path) -> None:
    noise, content, path = random.Random(20), small_artifacts["tflite"].path.read_bytes(), tmp_path / "damaged.tflite"
    target, refused, runs = target_of(path), 0, 0
    for _ in range(150):
        path.write_bytes(_damaged(content, noise))
        readers: list[Callable[[], object]] = [
            lambda: target.read_contract(path),
            lambda: target.float_ops(path),
            lambda: lint_artifact(path, run=False),
        ]
        try:
            read_model(path)
        except ManifestError:
            refused += 1
        else:
            if runs < 12:  # each takes a process
                runs += 1
                readers.append(
                    lambda: target.load(path)(np.zeros((1, 3, 64, 64), np.float32), np.ones((1, 1, 64, 64), np.float32))
                )
        for read in readers:
            try:
                read()
            except MobileInpaintError as error:
                assert "\n" not in str(error)
    assert 30 < refused < 150 and runs == 12
