"""OpenVINO on the processor: another runtime for ``.onnx`` files, which bench sets beside the format's own."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from mobile_inpaint.errors import BenchError, DeviceUnavailable, ManifestError, MobileInpaintError
from mobile_inpaint.targets.admission import admit
from mobile_inpaint.targets.signature import Array, ExternalRunner, Input, resolve_dynamic
from mobile_inpaint.targets.toolchain import first_line, versions

RUNTIMES = {"openvino": "f32", "openvino-bf16": "bf16"}
"""What bench takes behind an ``@``, and the arithmetic that OpenVINO is asked for."""

OF = "onnx"
"""The target whose files it runs."""

_ARITHMETIC = {"f32": "fp32", "bf16": "bf16", "f16": "fp16", "u8": "int8", "i8": "int8"}
_CONVOLUTIONS = ("Convolution", "FullyConnected", "MatMul")
_CPUINFO = Path("/proc/cpuinfo")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
NO_BF16 = "openvino-bf16: this processor has no bf16 arithmetic (AMX, AVX-512 BF16); use @openvino"
_TRY_BF16 = """
import numpy
from mobile_inpaint.targets.onnx.openvino import import_quietly
openvino = import_quietly()
from openvino import opset13 as ops
x = ops.parameter([1, 64, 32, 32], numpy.float32)
y = ops.convolution(x, numpy.ones([64, 64, 1, 1], numpy.float32), [1, 1], [0, 0], [0, 0], [1, 1])
model = openvino.Core().compile_model(openvino.Model([y], [x]), "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
assert model(numpy.ones([1, 64, 32, 32], numpy.float32))[0].min() == 64
"""


def import_runtime(runtime: str) -> str:
    """OpenVINO's name and version, once it is imported and found to run the arithmetic of ``runtime`` here.

    Raises:
        ToolchainMissing: with the pip line.
        DeviceUnavailable: this processor does not have that arithmetic.
    """
    version = versions("openvino", ("openvino",))["openvino"]
    import_quietly()
    if RUNTIMES[runtime] == "bf16":
        _require_bf16()
    return f"openvino {version}"


def import_quietly() -> Any:
    """OpenVINO's module; without its telemetry package, for that tells its makers of every import over the network."""
    cast(dict[str, Any], sys.modules).setdefault("openvino_telemetry", None)
    import openvino

    return openvino


def load(path: Path, runtime: str, *, threads: int | None = None) -> ExternalRunner:
    """The ONNX file at ``path``, ours or anybody's, ready to run.

    Raises:
        BenchError: an input is not a tensor of numbers.
        ToolchainMissing: with the pip line.
        DeviceUnavailable: this processor does not have the arithmetic of ``runtime``.
        ManifestError: OpenVINO cannot read the file.
    """
    admit(path)
    name = import_runtime(runtime)
    model, inputs = _read(path)
    compiled = _compile(path, model, runtime, threads)
    request = compiled.create_infer_request()

    def run(arrays: Mapping[str, Array]) -> Array:
        try:
            request.infer(dict(arrays), share_inputs=True)
        except Exception as error:
            raise BenchError(f"{path.name}: cannot run on these inputs ({first_line(error)})") from error
        return np.array(request.get_output_tensor(0).data)  # a copy: the next run writes there again

    return ExternalRunner(run, inputs, name, _computes_in(compiled))


def _read(path: Path) -> tuple[Any, tuple[Input, ...]]:
    """The model and its inputs, a size for each dimension."""
    try:
        model = import_quietly().Core().read_model(path)
        inputs = tuple(_input(path, port) for port in model.inputs)
        if any(one.free for one in inputs):
            model.reshape({one.name: list(one.shape) for one in inputs})
        return model, inputs
    except MobileInpaintError:
        raise
    except Exception as error:
        raise ManifestError(f"{path.name}: OpenVINO cannot read it ({first_line(error)})") from error


def _compile(path: Path, model: Any, runtime: str, threads: int | None) -> Any:
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,  # a second stream would leave each run half of the threads
        "INFERENCE_NUM_THREADS": threads or 0,
        "INFERENCE_PRECISION_HINT": RUNTIMES[runtime],  # left alone, it is bf16 wherever the processor has that
    }
    try:
        return import_quietly().Core().compile_model(model, "CPU", options)
    except Exception as error:
        raise ManifestError(f"{path.name}: OpenVINO cannot run it ({first_line(error)})") from error


def _computes_in(compiled: Any) -> str | None:
    """The arithmetic of most convolutions, as OpenVINO planned them: a hint is no promise. None where there are none."""
    planned = [op.get_rt_info() for op in compiled.get_runtime_model().get_ops()]
    used = Counter(info["runtimePrecision"].astype(str) for info in planned if info["layerType"].astype(str) in _CONVOLUTIONS)
    return next((_ARITHMETIC.get(name, name) for name, _ in used.most_common(1)), None)


def _input(path: Path, port: Any) -> Input:
    shape = [dim.get_length() if dim.is_static else -1 for dim in port.partial_shape]
    return resolve_dynamic(path, port.any_name, shape, port.element_type.to_dtype().name)


@functools.cache
def _require_bf16() -> None:
    """Some virtual machines announce AMX and hide what it needs: the first run would end the process. Another one tries it."""
    flags = _CPUINFO.read_text().split() if _CPUINFO.exists() else []
    if not _BF16_FLAGS.intersection(flags):
        raise DeviceUnavailable(NO_BF16)
    if subprocess.run([sys.executable, "-c", _TRY_BF16], capture_output=True, check=False).returncode:
        raise DeviceUnavailable(
            "openvino-bf16: OpenVINO's bf16 run dies here, as where a virtual machine announces AMX without its palette; "
            "set ONEDNN_MAX_CPU_ISA=AVX512_CORE_FP16 to do without AMX, or use @openvino"
        )
