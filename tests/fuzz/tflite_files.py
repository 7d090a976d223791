"""TFLite: our artifacts damaged as bytes, as tables that point to each other, and as graphs."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from . import models, stock
from .case import Case, Place
from .damage import damaged, extreme
from .documents import TEXTS

_NAMES = ("toy-fp32", "toy-fp32", "toy-fp16", "toy-w8a8")
_ENDLESS = ("WHILE", "IF", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_COMPOSITE", "CUSTOM", "DELEGATE", "TILE", "FILL",
"RANGE", "PAD", "RESIZE_BILINEAR",
            "BROADCAST_TO", "RESHAPE", "GATHER", "SPLIT", "UNPACK", "CONV_2D", "TRANSPOSE_CONV", "HASHTABLE",
            "VAR_HANDLE", "RANDOM_UNIFORM")  # fmt: skip


def make(random: random.Random, place: Place) -> Case:
    """One verb on a damaged file; its manifest names the right hash."""
    name = random.choice(_NAMES)
    path, good = place.box / f"{name}.tflite", stock.content(f"{name}.tflite")
    undamaged = False
    match random.randrange(20):
        case 0:
            path.write_bytes(good)
            undamaged = True
        case 1 | 2 | 3 | 4 | 5 | 6:
            path.write_bytes(damaged(random, good))
        case 7 | 8 | 9 | 10:
            path.write_bytes(_offsets(random, good))
        case 11:
            path.write_bytes(_bomb(random))
        case _:
            path.write_bytes(_edited(random, good))
    models.manifest_for(path, stock.manifest_text(f"{name}.tflite"))
    case = models.verb_on(random, place, path, lambda: models.same_fill(_run, path, name), "tflite", lambda: loads(path))
    if case.arguments[0] == "verify" and name in stock.INTEGERS:
        case = replace(models.fill_by(place, path), seconds=models.SECONDS)
    return replace(case, undamaged=undamaged and case.arguments[0] != "lint")


def _offsets(random: random.Random, data: bytes) -> bytes:
    """Numbers that are offsets, lengths or places in a table of fields, changed to others that may be valid."""
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        # the tables stand at the start and behind the buffers; the weights between them hold no offsets
        at = (
            4 * random.randrange(min(len(content), 6000) // 4)
            if random.random() < 0.5
            else 4 * random.randrange(len(content) // 4)
        )
        (old,) = struct.unpack_from("<I", content, at)
        new = random.choice(
            (
                0,
                4,
                1,
                old + 4,
                old - 4,
                len(content) - at,
                random.randrange(len(content)),
                2**31,
                2**32 - 4,
                old * 1000,
                old + 1,
            )
        )
        if random.random() < 0.3:
            struct.pack_into("<H", content, at + random.choice((0, 2)), new & 0xFFFF)
        else:
            struct.pack_into("<I", content, at, new & 0xFFFFFFFF)
    return bytes(content)


def _bomb(random: random.Random) -> bytes:
    """A few tables to which very many offsets point: what unpacks each offset makes millions of them."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    outer, inner = random.choice((2, 50, 3000, 20_000)), random.choice((2, 50, 3000, 20_000))
    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("t" * random.choice((1, 5000)))
    shape = builder.CreateNumpyVector(np.ones(random.choice((1, 4, 1000)), np.int32))
    schema.TensorStart(builder)
    schema.TensorAddName(builder, name)
    schema.TensorAddShape(builder, shape)
    tensor = schema.TensorEnd(builder)

    def vector(entry: int, count: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(entry)
        return int(builder.EndVector())

    tensors = vector(tensor, inner)
    schema.OperatorStart(builder)
    operators = vector(schema.OperatorEnd(builder), random.choice((1, inner)))
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    schema.SubGraphAddOperators(builder, operators)
    graphs = vector(schema.SubGraphEnd(builder), outer)
    schema.BufferStart(builder)
    buffers = vector(schema.BufferEnd(builder), random.choice((1, outer)))
    schema.OperatorCodeStart(builder)
    codes = vector(schema.OperatorCodeEnd(builder), 1)
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddBuffers(builder, buffers)
    schema.ModelAddOperatorCodes(builder, codes)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _edited(random: random.Random, data: bytes) -> bytes:
    """Our graph with faults in what it says: numbers of tensors and buffers, shapes, types, operations, other graphs."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    texts = [text.encode() for text in TEXTS]
    for _ in range(random.choice((1, 1, 2, 4))):
        tensor, op, buffer = random.choice(graph.tensors), random.choice(graph.operators), random.choice(model.buffers)
        match random.randrange(20):
            case 0 | 1:
                tensor.shape = [extreme(random, 32) for _ in range(random.randrange(6))]
            case 2:
                tensor.shapeSignature = [random.choice((-1, 0, 5, 100_000)) for _ in range(random.randrange(6))]
            case 3:
                tensor.type = random.choice((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 17, 19, 100))
            case 4:
                tensor.buffer = random.choice((0, 1, len(model.buffers), len(model.buffers) - 1, 2**31, 2**32 - 1))
            case 5:
                buffer.data = (
                    None if random.random() < 0.5 else np.frombuffer(random.randbytes(random.choice((1, 4, 100))), np.uint8)
                )
            case 6:
                buffer.offset, buffer.size = random.choice((1, 8, len(data), 2**40)), random.choice((1, 64, 2**33, 2**63 - 1))
                buffer.data = None
            case 7:
                op.inputs = [extreme(random, 32) for _ in range(random.randrange(5))]
            case 8:
                op.inputs = [random.randrange(len(graph.tensors)) for _ in op.inputs]
            case 9:
                op.outputs = [random.choice((0, -1, len(graph.tensors), random.randrange(len(graph.tensors))))]
            case 10:
                op.opcodeIndex = random.choice((0, len(model.operatorCodes), 2**31, random.randrange(len(model.operatorCodes))))
            case 11:
                code = random.choice(model.operatorCodes)
                code.builtinCode = random.choice(
                    (getattr(schema.BuiltinOperator, random.choice(_ENDLESS), 0), random.randrange(230), -1, 2**31 - 1)
                )
                code.deprecatedBuiltinCode = min(max(code.builtinCode, -128), 127)
                code.customCode = random.choice(texts)
                code.version = random.choice((1, 0, -1, 99))
            case 12:
                op.builtinOptions = random.choice((None, random.choice(graph.operators).builtinOptions))
            case 13:
                options = op.builtinOptions
                for key, value in vars(options or object()).items() if options is not None else ():
                    if isinstance(value, int) and not isinstance(value, bool) and random.random() < 0.5:
                        setattr(options, key, random.choice((0, 1, 3, 100, 127)))
            case 14:
                _call_itself(random, model, schema)
            case 15:
                side = random.choice(("inputs", "outputs"))
                numbers = [int(i) for i in getattr(graph, side)]
                numbers[random.randrange(len(numbers))] = random.choice((-1, 0, len(graph.tensors), 2**31 - 1))
                setattr(graph, side, numbers)
            case 16:
                for signature in model.signatureDefs or []:
                    for entry in random.choice((signature.inputs, signature.outputs)):
                        entry.tensorIndex = random.choice((entry.tensorIndex, 0, len(graph.tensors), 2**31))
                        entry.name = random.choice((entry.name, b"", None, random.choice(texts), b"image"))
                    signature.subgraphIndex = random.choice((0, 1, 2**31))
            case 17:
                entry = random.choice(model.metadata)
                entry.buffer = random.choice((0, len(model.buffers), 2**31, random.randrange(len(model.buffers))))
                entry.name = random.choice((entry.name, None, b"mobile_inpaint", b"\xff\xfe"))
            case 18:
                tensor.name = random.choice((None, b"", b"\xff", random.choice(texts), b"x" * 100_000, graph.tensors[0].name))
                tensor.sparsity = random.choice((None, schema.SparsityParametersT()))
            case _:
                quantization = schema.QuantizationParametersT()
                quantization.scale = [random.choice((0.0, 1.0, float("nan"), -1.0))] * random.choice((1, 3, 500))
                quantization.zeroPoint = [extreme(random)] * random.choice((1, 3))
                quantization.quantizedDimension = random.choice((0, 9, -1, 2**31 - 1))
                tensor.quantization = quantization
    builder = flatbuffers.Builder(len(data))
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except Exception:  # the writer refuses: then as bytes
        return damaged(random, data)
    return bytes(builder.Output())


def _call_itself(random: random.Random, model: Any, schema: Any) -> None:
    """A WHILE or IF of the graph itself, or of one that there is not."""
    graph = model.subgraphs[0]
    code = schema.OperatorCodeT()
    kind = random.choice(("WHILE", "IF", "CALL_ONCE"))
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    op = schema.OperatorT()
    op.opcodeIndex = len(model.operatorCodes)
    model.operatorCodes.append(code)
    options = getattr(schema, {"WHILE": "WhileOptionsT", "IF": "IfOptionsT", "CALL_ONCE": "CallOnceOptionsT"}[kind])()
    for key in vars(options):
        setattr(options, key, random.choice((0, 0, 1, 5)))
    op.builtinOptions, op.builtinOptionsType = options, getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
    op.inputs = [int(i) for i in graph.inputs]
    op.outputs = [int(i) for i in (graph.inputs if random.random() < 0.5 else graph.outputs)]
    graph.operators = [op, *graph.operators]
    if random.random() < 0.5:
        model.subgraphs.append(graph)


def _run(path: Path, image: Any, mask: Any) -> Any:
    from mobile_inpaint.targets.registry import load_artifact

    return load_artifact(path, threads=1)(image, mask)


def loads(path: Path) -> bool:
    """Whether LiteRT takes the file and its own metadata hold a contract."""
    from mobile_inpaint.targets.registry import target_of

    try:
        target_of(path).read_contract(path)
        target_of(path).load(path)
    except Exception:
        return False
    return True
