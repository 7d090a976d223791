"""ONNX graphs that ask for more than any machine has, by few bytes: each a function of a random generator."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from .damage import extreme
from .stock import SIDE

_SIDES = (10, 1000, 4096, 4097, 30_000, 100_000, 2**31 - 1, 2**31, 2**40, 2**62, -1, 0)


def _model(
    nodes: list[Any],
    constants: dict[str, Any] | None = None,
    *,
    functions: list[Any] | None = None,
    inputs: Any = None,
    output: str | None = None,
) -> Any:
    """A model that takes image and mask; the last node's output is its output."""
    from onnx import TensorProto, helper, numpy_helper

    taken = inputs if inputs is not None else (("image", (1, 3, SIDE, SIDE)), ("mask", (1, 1, SIDE, SIDE)))
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in taken],
        [helper.make_tensor_value_info(output or (nodes[-1].output[0] if nodes else "image"), TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    domains = [helper.make_opsetid("", 18)] + [helper.make_opsetid("own", 1)] * bool(functions)
    return helper.make_model(graph, opset_imports=domains, ir_version=10, functions=functions or [])


def _node(*arguments: Any, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(*arguments, **attributes)


def _joined(random: random.Random, nodes: list[Any], constants: dict[str, Any], hostile: str = "y") -> Any:
    """The nodes alone, or with what they compute flowing into an output that depends on the image."""
    if random.random() < 0.5:
        return _model(nodes, constants, output=hostile)
    more = [
        _node("ReduceMax", [hostile], ["r"], keepdims=0),
        _node("Cast", ["r"], ["c"], to=1),
        _node("Add", ["image", "c"], ["output"]),
    ]
    return _model([*nodes, *more], constants)


def shapes(random: random.Random) -> Any:
    """ConstantOfShape, Tile, Expand, Range, Pad, Resize, OneHot, EyeLike, random numbers: of sides out of a constant."""
    a, b = random.choice(_SIDES), random.choice(_SIDES)
    int64 = np.int64
    match random.randrange(12):
        case 0:
            return _joined(random, [_node("ConstantOfShape", ["s"], ["y"])], {"s": np.array([a, b], int64)})
        case 1:
            return _joined(
                random, [_node("Tile", ["x", "s"], ["y"])], {"x": np.ones((2, 2), np.float32), "s": np.array([a, b], int64)}
            )
        case 2:
            return _joined(
                random, [_node("Expand", ["x", "s"], ["y"])], {"x": np.ones(1, np.float32), "s": np.array([a, b], int64)}
            )
        case 3:
            limits = {
                "f": np.array(0, int64),
                "l": np.array(random.choice((a, 500_000_000)), int64),
                "d": np.array(random.choice((1, -1, 0)), int64),
            }
            return _joined(random, [_node("Range", ["f", "l", "d"], ["y"])], limits)
        case 4:
            pads = np.array([0, 0, a, b], int64)
            return _joined(random, [_node("Pad", ["x", "p"], ["y"])], {"x": np.ones((2, 2), np.float32), "p": pads})
        case 5:
            sizes = np.array([1, 1, a, b], int64)
            return _joined(
                random, [_node("Resize", ["x", "", "", "s"], ["y"])], {"x": np.ones((1, 1, 2, 2), np.float32), "s": sizes}
            )
        case 6:
            constants = {"i": np.arange(8, dtype=int64), "d": np.array(a, int64), "v": np.array([0, 1], np.float32)}
            return _joined(random, [_node("OneHot", ["i", "d", "v"], ["y"])], constants)
        case 7:
            kind = random.choice(("RandomNormal", "RandomUniform"))
            return _joined(random, [_node(kind, [], ["y"], shape=[max(a, 0), max(b, 0)])], {})
        case 8:
            # doubled again and again: 2 ** count elements
            count = random.choice((8, 26, 40))
            nodes = [_node("Concat", [f"x{i}", f"x{i}"], [f"x{i + 1}"], axis=0) for i in range(count)]
            return _joined(random, nodes, {"x0": np.ones(2, np.float32)}, f"x{count}")
        case 9:
            nodes = [_node("ConstantOfShape", ["s"], ["z"]), _node("MatMul", ["z", "z"], ["y"])]
            side = random.choice((64, 3000, 8000))
            return _joined(random, nodes, {"s": np.array([side, side], int64)})
        case 10:
            nodes = [_node("ConstantOfShape", ["s"], ["z"]), _node("NonZero", ["z"], ["y"])]
            return _joined(random, nodes, {"s": np.array([min(abs(a), 20_000), min(abs(b), 20_000)], int64)})
        case _:
            nodes = [_node("Shape", ["image"], ["h"]), _node("Mul", ["h", "m"], ["s"]), _node("ConstantOfShape", ["s"], ["y"])]
            return _joined(random, nodes, {"m": np.array([1, a, 1, b], int64)})


def strings(random: random.Random) -> Any:
    """Operations on text: regular expressions that never end, and text that grows."""
    from onnx import TensorProto, helper

    text = helper.make_tensor("t", TensorProto.STRING, [1], [b"a" * random.choice((10, 40, 10_000)) + b"!"])
    match random.randrange(3):
        case 0:
            pattern = random.choice(("(a+)+$", "(a|aa)*b", "(.*)*x", "(a{1,100}){1,100}{1,100}", "(", "a" * 100_000))
            node = _node("RegexFullMatch", ["t"], ["y"], pattern=pattern)
        case 1:
            node = _node("StringSplit", ["t"], ["y", "n"], delimiter=random.choice(("a", "", "ab")))
        case _:
            node = _node("StringConcat", ["t", "t"], ["y"])
    model = _model([node, _node("Identity", ["image"], ["output"])])
    model.opset_import[0].version = 20
    model.graph.initializer.append(text)
    return model


def loops(random: random.Random) -> Any:
    """Loop, Scan and If: endless, deeply nested, or growing at each turn."""
    from onnx import TensorProto, helper

    turns = random.choice((3, 10_000_000_000, 2**62, -1))
    info = helper.make_tensor_value_info
    carried = random.choice(("Identity", "Concat", "Add"))
    step = _node(carried, ["v", "v"] if carried != "Identity" else ["v"], ["w"], **({"axis": 0} if carried == "Concat" else {}))
    body = helper.make_graph(
        [_node("Identity", ["k"], ["k2"]), step],
        "body",
        [info("n", TensorProto.INT64, []), info("k", TensorProto.BOOL, []), info("v", TensorProto.FLOAT, None)],
        [info("k2", TensorProto.BOOL, []), info("w", TensorProto.FLOAT, None)],
    )
    source = random.choice(("image", "x"))
    constants = {"m": np.array(turns, np.int64), "c": np.array(True), "x": np.ones(4, np.float32)}
    if random.random() < 0.7:
        return _joined(random, [_node("Loop", ["m", "c", source], ["y"], body=body)], constants)
    return _nested(random.choice((2, 12, 16, 17, 30, 33, 200, 5000)))


def _nested(depth: int) -> bytes:
    """If in If in If, as bytes: no writer goes as deep."""

    def field(number: int, content: bytes) -> bytes:
        return _varint(number << 3 | 2) + _varint(len(content)) + content

    graph = (
        field(1, field(1, b"image") + field(2, b"y") + field(4, b"Identity")) + field(2, b"leaf") + field(12, field(1, b"y"))
    )
    for _ in range(depth):
        branches = b"".join(
            field(5, field(1, name) + field(6, graph) + b"\xa0\x01\x05")
            for name in ((b"then_branch", b"else_branch") if depth <= 16 else (b"then_branch",))
        )
        node = field(1, b"c") + field(2, b"y") + field(4, b"If") + branches
        graph = field(1, node) + field(2, b"g") + field(12, field(1, b"y"))
        if len(graph) > 3_000_000:
            break
    return b"\x08\x0a" + field(7, graph + field(11, field(1, b"image"))) + field(8, b"\x10\x12")


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*data, number))


def functions(random: random.Random) -> Any:
    """Functions of the file's own: that call themselves, or each the next one twice."""
    from onnx import helper

    count = random.choice((1, 3, 12, 30, 60))
    made = []
    for i in range(count):
        follower = f"f{(i + 1) % count}" if random.random() < 0.2 else f"f{i + 1}"
        last = i == count - 1
        nodes = (
            [_node("Identity", ["a"], ["b"])]
            if last and follower == f"f{count}"
            else [_node(follower, ["a"], ["t"], domain="own"), _node(follower, ["t"], ["b"], domain="own")]
        )
        made.append(
            helper.make_function(
                "own", f"f{i}", ["a"], ["b"], nodes, [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
            )
        )
    return _model([_node("f0", ["image"], ["output"], domain="own")], functions=made)


def tensors(random: random.Random) -> Any:
    """Constants that say they are large, or sparse, or of another type than their bytes."""
    import onnx
    from onnx import TensorProto, helper

    model = _model([_node("Identity", ["image"], ["output"])])
    match random.randrange(5):
        case 0:
            values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
            index = helper.make_tensor("i", TensorProto.INT64, [1], [0])
            sparse = helper.make_sparse_tensor(
                values, index, [random.choice((100, 100_000, 2**31)), random.choice((100, 100_000, 2**31))]
            )
            if random.random() < 0.5:
                model.graph.sparse_initializer.append(sparse)
            else:
                model.graph.node.insert(0, _node("Constant", [], ["k"], sparse_value=sparse))
        case 1:
            tensor = model.graph.initializer.add()
            tensor.name, tensor.data_type = "t", random.choice((1, 2, 7, 8, 9, 11, 16, 17, 21, 22, 23))
            tensor.dims[:] = [extreme(random) for _ in range(random.randrange(1, 5))]
            tensor.raw_data = random.randbytes(random.choice((0, 4, 64)))
        case 2:
            node = _node("Constant", [], ["k"])
            attribute = node.attribute.add()
            attribute.name, attribute.type = (
                random.choice(("value", "value_ints", "value_string", "x")),
                random.randrange(1, 14),
            )
            attribute.t.dims[:] = [random.choice((2**20, 2**31, 2**62, 3))]
            attribute.t.data_type = random.choice((1, 7, 8))
            model.graph.node.insert(0, node)
        case 3:
            for number in range(random.choice((1000, 20_000))):
                tensor = model.graph.initializer.add()
                tensor.name, tensor.data_type = f"t{number}", 1
                tensor.dims[:] = [0]
        case _:
            info = onnx.helper.make_tensor_value_info(
                "z", TensorProto.FLOAT, [extreme(random) for _ in range(random.choice((1, 4, 500)))]
            )
            model.graph.value_info.append(info)
            model.graph.initializer.add().name = random.choice(("image", "output", ""))
    return model


def sizes(random: random.Random) -> Any:
    """Inputs of any side, or none, or others; very many nodes, and very long chains and names."""
    side = random.choice((16, 33, 4096, 4097, 20_000, 100_000, 2**31, 2**40, -1, 0))
    add = _node("Add", ["image", "mask"], ["output"])
    match random.randrange(7):
        case 0 | 1:
            return _model([add], inputs=(("image", (1, 3, side, side)), ("mask", (1, 1, side, side))))
        case 2:
            return _model([_node("Constant", [], ["output"], value_float=1.0)], inputs=())
        case 3:
            return _model([add], inputs=(("image", ("n", 3, "h", "w")), ("mask", ("n", 1, "h", "w"))))
        case 4:
            count = random.choice((2000, 30_000))
            nodes = [_node("Relu", ["image" if i == 0 else f"n{i}"], [f"n{i + 1}"]) for i in range(count)]
            return _model(nodes)
        case 5:
            return _model([_node("Relu", ["a"], ["b"]), _node("Relu", ["b"], ["a"])], output="a")
        case _:
            name = random.choice(("x" * 100_000, "\x1b[31m", "a\nb", "[bold]", "é" * 100, "\u202e"))
            return _model([_node("Relu", ["image"], [name], name=name), _node("Relu", [name], ["output"])])


def runs_long(random: random.Random) -> Any:
    """Convolutions and products that a runtime computes for hours, of a file of a few bytes or a few MB."""
    kernel = random.choice((3, 31, 511))
    channels = random.choice((3, 64, 512))
    match random.randrange(3):
        case 0:
            weights = np.zeros((channels, 3, min(kernel, 31), min(kernel, 31)), np.float32)
            nodes = [
                _node("Resize", ["image", "", "", "s"], ["big"]),
                _node("Conv", ["big", "w"], ["y"], auto_pad="SAME_UPPER"),
            ]
            side = random.choice((64, 1024, 8192))
            return _joined(random, nodes, {"w": weights, "s": np.array([1, 3, side, side], np.int64)})
        case 1:
            nodes = [_node("Tile", ["image", "t"], ["big"]), _node("MatMul", ["big", "big"], ["y"])]
            return _joined(random, nodes, {"t": np.array([random.choice((1, 50)), 1, 100, 100], np.int64)})
        case _:
            count = random.choice((100, 2000))
            nodes = [_node("MatMul", ["image" if i == 0 else f"n{i}", "image"], [f"n{i + 1}"]) for i in range(count)]
            return _joined(random, nodes, {}, f"n{count}")


GRAPHS: tuple[Callable[[random.Random], Any], ...] = (shapes, shapes, strings, loops, functions, tensors, sizes, runs_long)
