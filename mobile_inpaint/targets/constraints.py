"""What a graph says of the ranges of its tensors: whose negative values count for little, and who takes another's range."""

from __future__ import annotations

from collections import Counter

from mobile_inpaint.targets.graph import Graph, Op

_LEAKY = ("LeakyRelu", "LEAKY_RELU", "leaky_relu")
_ENLARGING = ("Resize", "RESIZE_BILINEAR", "upsample_bilinear")
_TIMES = ("Mul", "MUL", "mul")
_PLUS = ("Add", "ADD", "add")


def slopes(graph: Graph) -> dict[str, float]:
    """By what a tensor's negative values are multiplied before anything else reads them; without an entry, by 1.

    That is a leaky ReLU's slope, where nothing lies between but enlarging, the border map, which is positive, and noise,
    which is faint.
    """
    readers = Counter(name for op in graph.run for name in op.inputs)
    writers = {name: op for op in graph.run for name in op.outputs}
    found = {}
    for leaky in graph.run:
        if leaky.type in _LEAKY:
            name: str | None = leaky.inputs[0]
            while name is not None and readers[name] == 1:
                found[name] = float(leaky.attributes["alpha"])
                before = writers.get(name)
                name = _only_map(before, graph) if before and before.type in (*_ENLARGING, *_TIMES, *_PLUS) else None
    return found


def shared(graph: Graph) -> dict[str, str]:
    """Whose range a tensor takes as its own: an enlarged map, times its border, that of the map before.

    Its values never lie beyond, and where levels are the same, multiplying by 1 is exact and not rounded a second time.
    """
    found: dict[str, str] = {}
    for op in graph.run:
        source = _only_map(op, graph)
        if source and (op.type in _ENLARGING or (op.type in _TIMES and source in found)):
            found[op.outputs[0]] = found.get(source, source)
    return found


def _only_map(op: Op, graph: Graph) -> str | None:
    maps = [name for name in op.inputs if name in graph.tensors and name not in graph.constants]
    return maps[0] if len(maps) == 1 else None
