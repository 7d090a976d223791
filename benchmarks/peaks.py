"""What this machine does at most: a 3×3 convolution in each arithmetic, and memory read and written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import Run
from mobile_inpaint.bench.measure.workload import load

CHANNELS, SIDE = 256, 64
OPERATIONS = 2 * CHANNELS * CHANNELS * 9 * SIDE * SIDE
TRIAD_VALUES = 1 << 26
"""256 MiB an array: beyond the caches."""


@dataclass(frozen=True)
class Peak:
    """Something to be timed.

    Attributes:
        of: ``fp32``, ``bf16`` or ``int8``; ``memory``.
        by: what computes it.
        amount: operations, or bytes of memory, in one run.
    """

    of: str
    by: str
    amount: int
    run: Run


def peaks(threads: int, bf16: bool) -> Iterator[Peak]:
    """Each peak, several repetitions a run so that a run lasts about as long as an artifact's."""
    torch.set_num_threads(threads)
    conv = f"3×3 convolution, {CHANNELS} channels, {SIDE}×{SIDE}"
    onednn = f"{conv}, torch {torch.__version__} with oneDNN"
    yield Peak("fp32", onednn, 10 * OPERATIONS, convolution(torch.float32, 10))
    if bf16:
        yield Peak("bf16", onednn, 10 * OPERATIONS, convolution(torch.bfloat16, 10))
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        onnx.save(_int8_convolution(), path)
        for runtime in (None, "openvino"):
            workload = load(Candidate(path, runtime), threads)
            yield Peak("int8", f"{conv}, uint8 by int8, {workload.runtime}", 20 * OPERATIONS, _repeated(workload.run, 20))
    yield Peak("memory", f"triad a = b + s·c, 256 MiB each, torch {torch.__version__}", 3 * 4 * TRIAD_VALUES, _triad())


def convolution(dtype: torch.dtype, times: int, images: int = 1, device: torch.device | str = "cpu") -> Run:
    """OPERATIONS, for each of ``images``, ``times`` over; the result is read back, so that a GPU has finished."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1).to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    given = torch.randn(images, CHANNELS, SIDE, SIDE).to(device, dtype, memory_format=torch.channels_last)

    def run(i: int) -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            for _ in range(times):
                output = layer(given)
        values: np.ndarray[Any, Any] = output[0, 0].float().cpu().numpy()
        return values

    return run


def _repeated(run: Run, times: int) -> Run:
    def again(i: int) -> np.ndarray[Any, Any]:
        for _ in range(times):
            output = run(i)
        return output

    return again


def _triad() -> Callable[[int], np.ndarray[Any, Any]]:
    a, b, c = (torch.full((TRIAD_VALUES,), value) for value in (0.0, 1.0, 2.0))

    def run(i: int) -> np.ndarray[Any, Any]:
        torch.add(b, c, alpha=3.0, out=a)
        return a[:8].numpy()

    return run


def _int8_convolution() -> Any:
    """uint8 in and out, int8 weights: quantizing operations round one Conv, as in our w8a8 artifacts."""
    from onnx import TensorProto, helper, numpy_helper

    noise = np.random.default_rng(0)
    constants = {
        "w": noise.integers(-127, 128, (CHANNELS, CHANNELS, 3, 3), np.int8),
        "ws": np.full(CHANNELS, 1e-3, np.float32),
        "wz": np.zeros(CHANNELS, np.int8),
        "s": np.float32(0.02),
        "z": np.uint8(128),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "s", "z"], ["xf"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wf"], axis=0),
        helper.make_node("Conv", ["xf", "wf"], ["yf"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["yf", "s", "z"], ["y"]),
    ]
    shape = [1, CHANNELS, SIDE, SIDE]
    ends = [[helper.make_tensor_value_info(name, TensorProto.UINT8, shape)] for name in ("x", "y")]
    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "int8_convolution", *ends, initializers)
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
