"""A TFLite file as the graph that it holds: read, looked over, written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission.tflite import read_checked
from mobile_inpaint.targets.toolchain import first_line, versions

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
BETWEEN_TYPES = ("QUANTIZE", "DEQUANTIZE")


def read_model(path: Path) -> Any:
    """The whole file at ``path``, as LiteRT's schema has it.

    Raises:
        ToolchainMissing: with the pip line.
        ManifestError: not a TFLite file, or a damaged one.
    """
    versions("tflite", ("ai-edge-litert",))
    from ai_edge_litert import schema_py_generated as schema

    content = read_checked(path)
    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
    except Exception as error:
        raise ManifestError(f"{path.name}: a damaged TFLite file ({first_line(error)})") from error
    for buffer in model.buffers:
        if buffer.offset > 1:  # the quantizer appends large constants behind the flatbuffer; packing again takes them in
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def row(indices: Any) -> list[int]:
    """A vector of tensors' numbers; empty where the file leaves it out."""
    return [] if indices is None else [int(i) for i in indices]


class TfliteGraph:
    """The main subgraph of a model, and the buffers that its tensors point to.

    Attributes:
        model: the whole file, as LiteRT's schema has it; what is changed in it is written by :meth:`save`.
    """

    def __init__(self, model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.model = model
        self._graph = model.subgraphs[0]
        self._float = schema.TensorType.FLOAT32
        names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        numbers = (max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes or [])
        self._ops = [names.get(number, f"BUILTIN_{number}") for number in numbers]

    @classmethod
    def load(cls, path: Path) -> TfliteGraph:
        """The graph in the file at ``path``.

        Raises:
            ToolchainMissing: with the pip line.
            ManifestError: not a TFLite file, or a damaged one.
        """
        return cls(read_model(path))

    def save(self, path: Path) -> None:
        """Writes the model to ``path``."""
        import flatbuffers

        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))

    @property
    def ops(self) -> list[Any]:
        """The operations, in the order in which they run."""
        return list(self._graph.operators or [])

    def name(self, op: Any) -> str:
        """What ``op`` does, for example ``CONV_2D``."""
        return str(self._ops[op.opcodeIndex])

    def tensor(self, index: int) -> str:
        """The name of a tensor; empty where it has none."""
        return (self._graph.tensors[index].name or b"").decode()

    def constant(self, index: int) -> npt.NDArray[np.float32] | None:
        """The values of a float32 tensor that is stored in the file; of any other, None."""
        tensor = self._graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or not self.is_float(index):
            return None
        shape = [] if tensor.shape is None else tensor.shape
        return np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float32).reshape(shape)

    def is_float(self, index: int) -> bool:
        """Whether a tensor holds float32."""
        return bool(self._graph.tensors[index].type == self._float)

    def inputs(self) -> list[str]:
        """Names of the tensors that the graph is given."""
        return [self.tensor(index) for index in row(self._graph.inputs)]

    def computed(self) -> Iterator[int]:
        """The float32 tensors that the operations compute, in order."""
        return (index for op in self.ops for index in row(op.outputs) if self.is_float(index))

    def spread_by_moving(self) -> None:
        """Makes DEPTH_TO_SPACE of every TRANSPOSE_CONV that only gives each of its channels a pixel of a square.

        LiteRT Torch makes a TRANSPOSE_CONV of such a convolution and seven operations, on maps of five dimensions, of a pixel
        shuffle. Moving takes XNNPACK a tenth of the time; the numbers are the same. Bounds behind it go before it, where they
        are part of the operation that writes the squares.
        """
        from ai_edge_litert import schema_py_generated as schema

        for op in self.ops:
            if self.name(op) == "TRANSPOSE_CONV" and (side := self._side_of_squares(op)):
                code = schema.OperatorCodeT()
                code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEPTH_TO_SPACE
                self.model.operatorCodes.append(code)
                self._ops.append("DEPTH_TO_SPACE")
                op.opcodeIndex, op.inputs = len(self._ops) - 1, [op.inputs[2]]
                op.builtinOptionsType = schema.BuiltinOptions.DepthToSpaceOptions
                op.builtinOptions = schema.DepthToSpaceOptionsT()
                op.builtinOptions.blockSize = side
                self._bound_before(op)

    def _bound_before(self, move: Any) -> None:
        """Lets the RELU_0_TO_1 that alone reads what ``move`` moves come first; of any other reader nothing changes."""
        readers = [op for op in self.ops if move.outputs[0] in op.inputs]
        if [self.name(op) for op in readers] != ["RELU_0_TO_1"]:
            return
        (bounds,) = readers
        between, moved = bounds.inputs[0], bounds.outputs[0]
        bounds.inputs, bounds.outputs, move.inputs, move.outputs = [move.inputs[0]], [between], [between], [moved]
        self._graph.tensors[between].shape = self._graph.tensors[bounds.inputs[0]].shape
        at = self.ops.index(move)
        others = [op for op in self.ops if op is not bounds]
        self._graph.operators = [*others[:at], bounds, *others[at:]]

    def _side_of_squares(self, op: Any) -> int:
        """Of a TRANSPOSE_CONV that only moves its channels, as DEPTH_TO_SPACE reads them; of any other, 0."""
        kernel, *bias = (self.constant(index) for index in op.inputs[1:] if index != op.inputs[2])
        if kernel is None or any(added is None or added.any() for added in bias):
            return 0
        out, side, width, channels = kernel.shape
        strides = (op.builtinOptions.strideH, op.builtinOptions.strideW)
        if width != side or strides != (side, side) or channels != out * side * side:
            return 0
        moved = np.eye(channels, dtype=np.float32).reshape(side, side, out, channels).transpose(2, 0, 1, 3)
        return int(side) if np.array_equal(kernel, moved) else 0

    def without(self, op: Any) -> None:
        """Takes out ``op``; what read its output reads its input."""
        self._graph.operators = [one for one in self.ops if one is not op]
        for reader in self.ops:
            reader.inputs = [op.inputs[0] if index == op.outputs[0] else index for index in reader.inputs]
