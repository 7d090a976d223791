"""Anybody's model file, run on tensors of its own signature: what bench does with a file that has no manifest."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mobile_inpaint.errors import BenchError, ManifestError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.admission.tflite import check
from mobile_inpaint.targets.onnx.target import open_session
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.toolchain import first_line, versions

Array: TypeAlias = npt.NDArray[Any]

FREE_SIDE_PX = 512
"""What a dimension that the file leaves free becomes; the first one, the batch, becomes 1."""

_RUNTIMES = {  # by suffix: this package's extra, the distribution, the module whose import is the heavy part
    ".onnx": ("onnx", "onnxruntime", "onnxruntime"),
    ".tflite": ("tflite", "ai-edge-litert", "ai_edge_litert.interpreter"),
    ".mlpackage": ("coreml", "coremltools", "coremltools"),
}
_ORT_DTYPES = {"float": "float32", "double": "float64"}


@dataclass(frozen=True)
class Input:
    """One input as the file declares it, with its free dimensions settled.

    Attributes:
        dtype: numpy's name for it.
        free: the free dimensions, by the file's own name or by position, and the size that each was given.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    free: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ForeignRunner:
    """A loaded file.

    Attributes:
        run: the file's first output for arrays by input name, read back into memory; BenchError where it cannot.
        inputs: what ``run`` takes.
        runtime: name and version, for example ``onnxruntime 1.31.1``.
        computes_in: the arithmetic; None where nobody says.
    """

    run: Callable[[Mapping[str, Array]], Array]
    inputs: tuple[Input, ...]
    runtime: str
    computes_in: str | None = None


def import_runtime(path: Path) -> None:
    """Imports what runs the file at ``path``, so that its cost is not counted as the file's.

    Raises:
        ToolchainMissing: with the pip line.
        BenchError: no runtime here has that suffix.
    """
    extra, distribution, module = _runtime_of(path)
    versions(extra, (distribution,))
    with silence():
        importlib.import_module(module)


def load_foreign(path: Path, *, threads: int | None = None) -> ForeignRunner:
    """The ``.onnx`` or ``.tflite`` file at ``path``, ready to run.

    Raises:
        ToolchainMissing: the runtime is not installed.
        ManifestError: the runtime cannot read the file.
        BenchError: an input is not a tensor of numbers; a format that cannot be run without a manifest.
    """
    extra, distribution, _ = _runtime_of(path)
    runtime = f"{distribution} {versions(extra, (distribution,))[distribution]}"
    if path.suffix == ".onnx":
        run, inputs = _load_onnx(path, threads)
    elif path.suffix == ".tflite":
        run, inputs = _load_tflite(path, threads)
    else:
        raise BenchError(f"{path.name}: without a manifest only {_list(('.onnx', '.tflite'))} files can be timed")

    def run_or_say_why(arrays: Mapping[str, Array]) -> Array:
        try:
            return run(arrays)
        except Exception as error:
            raise BenchError(f"{path.name}: cannot run on these inputs ({first_line(error)})") from error

    return ForeignRunner(run_or_say_why, inputs, runtime)


def _runtime_of(path: Path) -> tuple[str, str, str]:
    if path.suffix not in _RUNTIMES:
        raise BenchError(f"{path.name}: bench runs {_list(_RUNTIMES)} files")
    return _RUNTIMES[path.suffix]


def _load_onnx(path: Path, threads: int | None) -> tuple[Callable[[Mapping[str, Array]], Array], tuple[Input, ...]]:
    session = open_session(path, threads)
    inputs = []
    for node in session.get_inputs():
        kind = node.type.removeprefix("tensor(").removesuffix(")")
        inputs.append(settle(path, node.name, node.shape, _ORT_DTYPES.get(kind, kind)))
    if not session.get_outputs():
        raise ManifestError(f"{path.name}: it has no output, so there is nothing to run")
    output = session.get_outputs()[0].name

    def run(arrays: Mapping[str, Array]) -> Array:
        return np.asarray(session.run([output], dict(arrays))[0])

    return run, tuple(inputs)


def _load_tflite(path: Path, threads: int | None) -> tuple[Callable[[Mapping[str, Array]], Array], tuple[Input, ...]]:
    check(path)
    with silence():
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
            inputs, index_of = [], {}
            for detail in interpreter.get_input_details():
                shape = [int(side) for side in detail["shape_signature"]]
                taken = settle(path, detail["name"], shape, np.dtype(detail["dtype"]).name)
                if taken.free:
                    interpreter.resize_tensor_input(detail["index"], taken.shape)
                inputs.append(taken)
                index_of[taken.name] = detail["index"]
            interpreter.allocate_tensors()
            output = interpreter.get_output_details()[0]["index"]
        except BenchError:
            raise
        except Exception as error:
            raise ManifestError(f"{path.name}: LiteRT cannot read it ({first_line(error)})") from error

    def run(arrays: Mapping[str, Array]) -> Array:
        for name, array in arrays.items():
            interpreter.set_tensor(index_of[name], array)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return run, tuple(inputs)


def settle(path: Path, name: str, shape: list[Any], dtype: str) -> Input:
    """The input, each dimension that is not a positive number settled.

    Raises:
        BenchError: it is not a tensor of numbers, or a large one.
    """
    try:
        numeric = np.dtype(dtype).kind in "fiub"
    except TypeError:
        numeric = False
    if not numeric:
        raise BenchError(f"{path.name}: input {quoted(name)} is of {dtype}, which bench cannot make up")
    sides, free = [], {}
    for position, side in enumerate(shape):
        if not isinstance(side, int) or side <= 0:
            label = side if isinstance(side, str) else f"{name}[{position}]"
            side = free[label] = 1 if position == 0 else FREE_SIDE_PX
        sides.append(side)
    size = math.prod(sides) * np.dtype(dtype).itemsize
    if size > limits.LARGEST_FED:
        most = f"at most {limits.LARGEST_FED / 1e9:.2f} GB are made up"
        raise BenchError(f"{path.name}: input {quoted(name)} takes {size / 1e9:.1f} GB; {most}")
    return Input(name, tuple(sides), dtype, free)


def _list(suffixes: Any) -> str:
    return ", ".join(suffixes)
