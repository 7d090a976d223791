"""Core ML packages that are damaged or made to harm: refused in one line, before coremltools evaluates anything."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.models.utils import load_spec

from mobile_inpaint.errors import ManifestError, MobileInpaintError
from mobile_inpaint.lint.linter import lint_artifact
from mobile_inpaint.targets.admission.coreml import check
from mobile_inpaint.targets.coreml.interpreter import Program
from mobile_inpaint.targets.registry import read_graph, target_of
from mobile_inpaint.targets.suppress_output import silence

MODEL = Path("Data", "com.apple.CoreML", "model.mlmodel")
WEIGHTS = Path("Data", "com.apple.CoreML", "weights", "weight.bin")


@pytest.fixture(scope="module")
def convolution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``y = conv(x, w)``, its weights in a file."""
    weight = np.ones((8, 4, 3, 3), np.float32)

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 4, 8, 8))], opset_version=ct.target.iOS16)  # type: ignore[untyped-decorator]
    def program(x: Any) -> Any:
        return mb.conv(x=x, weight=weight, pad_type="same", name="y")

    path = tmp_path_factory.mktemp("coreml") / "conv.mlpackage"
    with silence():
        ct.convert(program, convert_to="mlprogram", compute_precision=ct.precision.FLOAT32, skip_model_load=True).save(
            str(path)
        )
    return path


@pytest.fixture
def package(convolution: Path, tmp_path: Path) -> Path:
    path = tmp_path / "conv.mlpackage"
    shutil.copytree(convolution, path)
    return path


def block_of(spec: Any) -> Any:
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    return block


def of_type(spec: Any, kind: str) -> Any:
    return next(op for op in block_of(spec).operations if op.type == kind)


def rewritten(path: Path, change: Callable[[Any], None]) -> None:
    spec = load_spec(str(path))
    change(spec)
    (path / MODEL).write_bytes(spec.SerializeToString())


def weight_of(spec: Any) -> Any:
    return next(op.attributes["val"] for op in block_of(spec).operations if op.attributes["val"].HasField("blobFileValue"))


def folded(spec: Any) -> None:
    """A ``fill`` of a constant shape: coremltools makes the array as it loads the program."""
    block = block_of(spec)
    before = [block.operations.add() for _ in range(3)]
    before[0].CopyFrom(block.operations[0])
    for op, name, values in ((before[0], "sides", [60_000, 60_000]), (before[1], "value", [1.0])):
        op.type = "const"
        del op.outputs[:]
        made, held = op.outputs.add(), op.attributes["val"]
        made.name = name
        held.Clear()
        kind = held.type.tensorType
        kind.dataType = 23 if name == "sides" else 11
        if name == "sides":
            kind.rank = 1
            kind.dimensions.add().constant.size = 2
            held.immediateValue.tensor.ints.values.extend(values)
        else:
            held.immediateValue.tensor.floats.values.extend(values)
        made.type.CopyFrom(held.type)
    before[2].type = "fill"
    for parameter, name in (("shape", "sides"), ("value", "value")):
        before[2].inputs[parameter].arguments.add().name = name
    made = before[2].outputs.add()
    made.name = "full"
    made.type.tensorType.dataType, made.type.tensorType.rank = 11, 1
    made.type.tensorType.dimensions.add().constant.size = 1


def nested(spec: Any) -> None:
    op = of_type(spec, "conv")
    for _ in range(18):
        op = op.blocks.add().operations.add()
        op.type = "cond"
        op.inputs["pred"].arguments.add().name = "x"


def kind_of(spec: Any) -> None:
    spec.ClearField("mlProgram")
    spec.neuralNetwork.SetInParent()


def output_side(spec: Any) -> None:
    of_type(spec, "conv").outputs[0].type.tensorType.dimensions[2].constant.size = 1 << 30


def input_side(spec: Any) -> None:
    spec.mlProgram.functions["main"].inputs[0].type.tensorType.dimensions[2].constant.size = 5000


def input_name(spec: Any) -> None:
    of_type(spec, "conv").inputs["x"].arguments[0].name = "nobody"


def at(offset: int) -> Callable[[Any], None]:
    return lambda spec: setattr(weight_of(spec).blobFileValue, "offset", offset)


def of_file(name: str) -> Callable[[Any], None]:
    return lambda spec: setattr(weight_of(spec).blobFileValue, "fileName", name)


def of_kind(kind: str) -> Callable[[Any], None]:
    return lambda spec: setattr(of_type(spec, "conv"), "type", kind)


REFUSED: dict[str, tuple[Callable[[Any], None], str]] = {
    "constants that are computed with": (folded, "'fill' computes with constants alone"),
    "blocks in blocks": (nested, "nested deeper than"),
    "an older kind of model": (kind_of, "older kind of model"),
    "an output of gigabytes": (output_side, "MiB; the limit is"),
    "an image of a side above 4096": (input_side, "4096 is the longest side"),
    "an input that nothing computes": (input_name, "reads 'nobody', which nothing has computed"),
    "weights behind the end": (at(1 << 40), "which has"),
    "weights between two blobs": (at(192), "no weights begin at byte 192"),
    "weights not aligned": (at(65), "weights at byte 65"),
    "weights in another folder": (of_file("@model_path/weights/.."), "no file of the package"),
    "weights that are not there": (of_file("@model_path/weights/other.bin"), "'other.bin' with weights is missing"),
    "an operation that is no word": (of_kind("__init__"), "of type '__init__'"),
}


def test_a_whole_package_passes(package: Path) -> None:
    check(package)
    assert [op.type for op in read_graph(package).ops] == ["conv"]
    ones = {"x": np.ones((1, 4, 8, 8), np.float32)}
    assert Program(package)(ones).max() == 36
    with pytest.raises(ManifestError, match="it takes x 1x4x8x8, not x 1x4x9x9"):
        Program(package)({"x": np.ones((1, 4, 9, 9), np.float32)})


@pytest.mark.parametrize("case", REFUSED)
def test_a_program_beyond_the_limits_is_refused(case: str, package: Path) -> None:
    change, says = REFUSED[case]
    rewritten(package, change)
    started = time.monotonic()
    with pytest.raises(ManifestError, match=says) as refused:
        read_graph(package)
    assert time.monotonic() - started < 2
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300
    with pytest.raises(ManifestError):
        Program(package)


def test_an_operation_that_coremltools_does_not_know_is_one_line(package: Path) -> None:
    rewritten(package, of_kind("no_such_operation"))
    with pytest.raises(ManifestError, match="a damaged Core ML package"):
        read_graph(package)


def test_a_message_that_says_two_things_is_refused(package: Path) -> None:
    """Protobuf merges a second program into the first."""
    content = (package / MODEL).read_bytes()
    (package / MODEL).write_bytes(content + b"\xb2\x1f\x00")
    with pytest.raises(ManifestError, match="field 502 of a message twice"):
        check(package)


def test_links_and_devices_in_a_package_are_refused(package: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes((package / WEIGHTS).read_bytes())
    (package / WEIGHTS).unlink()
    (package / WEIGHTS).symlink_to(secret)
    with pytest.raises(ManifestError, match=r"'weight.bin' in it is a link"):
        check(package)
    (package / WEIGHTS).unlink()
    os.mkfifo(package / WEIGHTS)
    with pytest.raises(ManifestError, match=r"'weight.bin' in it is a link, or no file"):
        check(package)


@pytest.mark.parametrize(
    "inside", ["../conv.mlpackage", "/etc/passwd", "com.apple.CoreML/../x", "", 7, None, "a\\b", "missing"]
)
def test_paths_out_of_the_package_are_refused(inside: object, package: Path) -> None:
    listed = json.loads((package / "Manifest.json").read_text())
    for item in listed["itemInfoEntries"].values():
        item["path"] = inside
    (package / "Manifest.json").write_text(json.dumps(listed))
    with pytest.raises(ManifestError, match=r"Manifest\.json"):
        check(package)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 3000, '{"itemInfoEntries": 3}', "\\ud800", '{"itemInfoEntries": {"a": 1}}']
)
def test_a_list_that_is_none_is_refused(text: str, package: Path) -> None:
    (package / "Manifest.json").write_text(text)
    with pytest.raises(ManifestError, match=r"Manifest\.json") as refused:
        check(package)
    assert "\n" not in str(refused.value)


def test_a_file_is_no_package(tmp_path: Path) -> None:
    path = tmp_path / "a.mlpackage"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(ManifestError, match="not a Core ML package"):
        read_graph(path)


def _damage(path: Path, noise: random.Random) -> None:
    part = path / noise.choice([MODEL] * 6 + [WEIGHTS, Path("Manifest.json")])
    changed = bytearray(part.read_bytes())
    for _ in range(noise.choice((1, 1, 2, 4))):
        where = noise.randrange(len(changed) - 40)
        match noise.randrange(4):
            case 0:
                changed[where] ^= 1 << noise.randrange(8)
            case 1:
                changed[where] = noise.randrange(256)
            case 2:
                changed[where : where + 8] = changed[-40:-32]
            case _:
                del changed[where : where + noise.choice((1, 4, 30))]
    part.write_bytes(changed)


def test_damaged_packages_are_refused_or_read(convolution: Path, tmp_path: Path) -> None:
    noise, path, refused = random.Random(21), tmp_path / "damaged.mlpackage", 0
    target, ones = target_of(path), {"x": np.ones((1, 4, 8, 8), np.float32)}
    for _ in range(120):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(convolution, path)
        _damage(path, noise)
        readers: list[Callable[[], object]] = [
            lambda: target.read_contract(path),
            lambda: target.float_ops(path),
            lambda: lint_artifact(path, run=False),
            lambda: Program(path)(ones),
        ]
        for read in readers:
            try:
                read()
            except MobileInpaintError as error:
                assert "\n" not in str(error)
                refused += read is readers[2]
    assert 30 < refused < 120
