"""ONNX: our artifacts damaged as bytes and as graphs, and small graphs that are hostile by themselves."""

from __future__ import annotations

import functools
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from . import models, protobufs, stock
from .case import Case, Place
from .damage import damaged, extreme
from .documents import TEXTS, hostile_json
from .hostile_graphs import GRAPHS

_NAMES = ("toy-fp32", "toy-fp32", "toy-fp16", "toy-w8a8", "toy-w8a16")


@functools.cache
def _model(name: str) -> Any:
    import onnx

    return onnx.load_from_string(stock.content(f"{name}.onnx"))


def make(random: random.Random, place: Place) -> Case:
    """One verb on a damaged file; its manifest names the right hash, as a forger's would."""
    name = random.choice(_NAMES)
    path, good = place.box / f"{name}.onnx", stock.content(f"{name}.onnx")
    undamaged, text = False, stock.manifest_text(f"{name}.onnx")
    match random.randrange(20):
        case 0:
            path.write_bytes(good)
            undamaged = True
        case 1 | 2 | 3 | 4 | 5:
            path.write_bytes(damaged(random, good))
        case 6 | 7 | 8:
            path.write_bytes(_edited(random, name))
        case 9 | 10 | 11:
            path.write_bytes(protobufs.changed(random, _model(name), stop=0.25))
        case 12 | 13:
            _external(random, place, path, name)
        case _:
            model = random.choice(GRAPHS)(random)
            if not isinstance(model, bytes) and random.random() < 0.6:  # it says that it is ours
                model.metadata_props.add(key="mobile_inpaint", value=json.dumps(json.loads(text)["contract"]))
            path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
            if random.random() < 0.1:
                path.write_bytes(damaged(random, path.read_bytes()))
    manifest = path.with_name(f"{path.name}.json")
    if random.random() < 0.95:
        # the operations are counted in this process: not of a graph that may be a bomb
        models.manifest_for(path, text, count=path.stat().st_size < 200_000 and random.random() < 0.5)
    elif random.random() < 0.5:
        manifest.write_bytes(hostile_json(random, json.loads(text)))
    case = models.verb_on(random, place, path, lambda: models.same_fill(_run, path, name), "onnx", lambda: loads(path, name))
    if case.arguments[0] == "verify" and name in stock.INTEGERS:  # its fills would be judged, for a minute
        case = replace(models.fill_by(place, path), seconds=models.SECONDS)
    if random.random() < 0.05:
        case = Case(["weights", "add", "mine", str(path)])
        undamaged = False  # our artifacts hold no parameters under MI-GAN's published names
    undamaged = undamaged and manifest.exists() and case.arguments[0] != "lint"
    return replace(case, undamaged=undamaged and manifest.read_text() == _forged(path, text))


def _forged(path: Path, text: str) -> str:
    manifest = path.with_name(f"{path.name}.json")
    kept = manifest.read_bytes()
    models.manifest_for(path, text)
    right = manifest.read_text()
    manifest.write_bytes(kept)
    return right


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _run(path: Path, image: Any, mask: Any) -> Any:
    return _session(path).run(["output"], {"image": image, "mask": mask})[0]


def loads(path: Path, name: str) -> bool:
    """Whether ONNX Runtime takes the file and its own metadata hold the contract."""
    try:
        own = _session(path).get_modelmeta().custom_metadata_map.get("mobile_inpaint", "null")
        return bool(json.loads(own) == json.loads(stock.manifest_text(f"{name}.onnx"))["contract"])
    except Exception:
        return False


def _edited(random: random.Random, name: str) -> bytes:
    """Our graph with faults in what it says: shapes, types, names, order, sizes, metadata."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(_model(name))
    graph = model.graph
    for _ in range(random.choice((1, 1, 2, 4))):
        node, tensor = random.choice(graph.node), random.choice(graph.initializer)
        match random.randrange(20):
            case 0:
                tensor.dims[:] = [extreme(random) for _ in range(random.randrange(6))]
            case 1:
                tensor.data_type = random.randrange(-1, 30)
            case 2:
                tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)] + bytes(
                    random.choice((0, 1, 400))
                )
            case 3:
                node.op_type = random.choice(
                    ("Loop", "If", "Scan", "Nope", "ConstantOfShape", "Tile", "Resize", "Cast", "Conv", "", "é")
                )
            case 4:
                node.domain = random.choice(("", "ai.onnx.ml", "com.microsoft", "x", "\0", "ai.onnx.preview.training"))
            case 5 if node.input:
                node.input[random.randrange(len(node.input))] = random.choice(
                    (tensor.name, node.output[0], "image", "", "none", graph.output[0].name)
                )
            case 6 if node.output:
                node.output[0] = random.choice((tensor.name, "image", "output", "", random.choice(graph.node).output[0]))
            case 7:
                graph.node.remove(node)
            case 8:
                graph.node.extend([node] * random.choice((1, 2, 500)))
            case 9 if node.attribute:
                attribute = random.choice(node.attribute)
                attribute.i = extreme(random)
                attribute.ints[:] = [extreme(random) for _ in range(random.randrange(8))]
                if random.random() < 0.3:
                    attribute.type = random.randrange(15)
            case 10:
                where = random.choice((*graph.input, *graph.output)).type.tensor_type
                for _ in range(random.randrange(6)):
                    side = where.shape.dim.add()
                    side.dim_value = extreme(random)
            case 11:
                where = random.choice((*graph.input, *graph.output)).type.tensor_type
                if where.shape.dim:
                    side = random.choice(where.shape.dim)
                    side.dim_value = random.choice((0, -1, 1, 31, 33, 4096, 4097, 20_000, 100_000, 2**31, 2**62))
                    if random.random() < 0.2:
                        side.dim_param = random.choice(TEXTS).encode(errors="replace").decode()
            case 12:
                random.choice((*graph.input, *graph.output)).name = random.choice(
                    ("image", "mask", "output", "x", "", "x" * 3000, "\x1b[31m")
                )
            case 13:
                random.choice(model.opset_import).version = random.choice((0, 1, 7, 13, 25, 99, 2**31, -1))
            case 14:
                model.ir_version = random.choice((0, 1, 3, 9, 99, 2**40))
            case 15 if model.metadata_props:
                prop = random.choice(model.metadata_props)
                prop.value = random.choice(
                    (
                        "",
                        "{}",
                        "[" * 5000,
                        prop.value.replace("32", "64"),
                        prop.value + " ",
                        "x" * 100_000,
                        prop.value.replace("image", "im"),
                    )
                )
                if random.random() < 0.2:
                    model.metadata_props.extend([prop] * 2)
            case 16:
                random.shuffle(order := list(graph.node))
                del graph.node[:]
                graph.node.extend(order)
            case 17:
                value = random.choice((np.nan, np.inf, -np.inf, 1e38, 0.0, 1e-40))
                if tensor.data_type == onnx.TensorProto.FLOAT and tensor.raw_data:
                    content = np.frombuffer(tensor.raw_data, np.float32).copy()
                    content[random.randrange(len(content)) :] = value
                    tensor.raw_data = content.tobytes()
            case 18:
                graph.initializer.extend([tensor] * random.choice((1, 3)))
            case _:
                graph.output.extend([random.choice((*graph.input, *graph.output))])
    return model.SerializeToString()


def _external(random: random.Random, place: Place, path: Path, name: str) -> None:
    """Our graph, a tensor or several of it in other files: beside it, elsewhere, behind links, endless, or not there."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(_model(name))
    (place.box / "sub").mkdir()
    (place.box / "ok.bin").write_bytes(b"\0\0\x80\x3f" * 20_000)
    (place.box / "sub" / "ok.bin").write_bytes(b"\0\0\x80\x3f" * 20_000)
    (place.box / "link.bin").symlink_to(place.outside / "secret.bin")
    (place.box / "folder").symlink_to(place.outside)
    (place.box / "zero.bin").symlink_to("/dev/zero")
    with (place.box / "sparse.bin").open("wb") as file:
        file.truncate(random.choice((10, 5_000_000_000)))
    outside = str(place.outside / "secret.bin")
    places = (
        "ok.bin", "ok.bin", "sub/ok.bin", "./ok.bin", "secret.bin", "weights.bin", "../outside/secret.bin", outside,
        f"file://{outside}", "link.bin",
        "folder/secret.bin", "zero.bin", "sparse.bin", "", ".", "..", "sub/../../outside/secret.bin", "/dev/zero",
        "/proc/self/mem", "none.bin",
        "x" * 5000, "sub", path.name, "*/_ORT_MEM_ADDR_/*", "ok.bin\0x", "//ok.bin",
    )  # fmt: skip
    for tensor in random.sample(list(model.graph.initializer), random.choice((1, 1, 3))):
        size = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entries = [("location", random.choice(places))]
        entries += [("offset", str(random.choice((0, 4, 4096, -1, 2**40, extreme(random)))))] * (random.random() < 0.5)
        entries += [("length", str(random.choice((size, size + 1, 0, -1, 2**40, "x"))))] * (random.random() < 0.6)
        entries += [random.choice((("checksum", "x"), ("location", "ok.bin"), ("", "")))] * (random.random() < 0.1)
        for key, value in entries:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
        if random.random() < 0.1:
            tensor.dims[:] = [random.choice((2**20, 2**31, 2**40))]
    path.write_bytes(model.SerializeToString())
