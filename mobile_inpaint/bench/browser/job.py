"""What the page is told: the files to measure, two inputs for each, and what must come out of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Artifact, Contract, TensorSpec
from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import REST_S, Plan
from mobile_inpaint.bench.measure.workload import example, load, random_values
from mobile_inpaint.bench.report.latency_report import Subject
from mobile_inpaint.errors import BenchError
from mobile_inpaint.precision import row_of
from mobile_inpaint.targets.external import load_external
from mobile_inpaint.targets.registry import get_target, has_format
from mobile_inpaint.targets.signature import ExternalRunner

Array = npt.NDArray[Any]

_RUNTIMES = {
    "onnx": ("onnxruntime-web", ("float32", "uint8", "int8", "int32", "int64", "bool")),
    "tflite": ("@litertjs/core", ("float32", "uint8", "int32")),
}
"""What a page runs, by target: the npm package, and the types that its inputs may have."""
_PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True)
class Task:
    """One file, as the page gets it.

    Attributes:
        subject: what it is.
        format: ``onnx`` or ``tflite``.
        runtime: name and version, for example ``onnxruntime-web 1.30.0``.
        accelerator: ``wasm`` or ``webgpu``.
        threads: to ask for, where the browser has any.
        computes_in: the arithmetic to ask a GPU for.
        path: of the file.
        inputs: two arrays by input name, as the file takes them.
        expected: what the host's runtime made of each of the two.
        counted: 1 where a value of the output counts: in the hole; everywhere in a file that is not ours.
        required_db: what the page's output must reach.
        reference: what made ``expected``.
        warnings: what was assumed.
    """

    subject: Subject
    format: str
    runtime: str
    accelerator: Literal["wasm", "webgpu"]
    threads: int
    computes_in: Literal["fp32", "fp16"]
    path: Path
    inputs: Mapping[str, tuple[Array, Array]]
    expected: tuple[Array, Array]
    counted: Array
    required_db: float
    reference: str
    warnings: tuple[str, ...] = ()


def task(candidate: Candidate, threads: int) -> Task:
    """The candidate, run on this host for what the page must get as well.

    Raises:
        ManifestError: no such file, or not the one its manifest describes.
        BenchError: a file that no page runs.
        ToolchainMissing: the host's runtime is not installed.
    """
    path = candidate.path
    format = next((name for name in _RUNTIMES if has_format(path, name)), None)
    if format is None:
        raise BenchError(f"{path.name}: a browser runs {' and '.join(get_target(name).suffix for name in _RUNTIMES)} files")
    package, dtypes = _RUNTIMES[format]
    loaded = load(Candidate(path), threads)
    runner = load_external(path, threads=threads)  # which keeps the file's own names and layouts
    if odd := [one.dtype for one in runner.inputs if one.dtype not in dtypes]:
        raise BenchError(f"{path.name}: {package} takes no {odd[0]}")
    if loaded.fill is None:
        inputs = {one.name: (random_values(one, 0), random_values(one, 1)) for one in runner.inputs}
        counted = None
    else:
        contract = Artifact.open(path).manifest.contract
        if contract.io == "photo":
            raise BenchError(f"{path.name}: a browser measures the network alone, not a file with --io photo")
        inputs, counted = _our_inputs(contract, runner)
    expected = [runner.run({name: pair[i] for name, pair in inputs.items()}) for i in (0, 1)]
    row = row_of(loaded.precision)
    return Task(
        subject=replace(loaded.subject, name=candidate.name),
        format=format,
        runtime=f"{package} {runtimes.versions()[package]}",
        accelerator="webgpu" if candidate.runtime == "webgpu" else "wasm",
        threads=1 if candidate.runtime == "wasm-1" else threads,
        computes_in="fp16" if row.activation_bits == 16 and not row.calibrated else "fp32",
        path=path,
        inputs=inputs,
        expected=(expected[0], expected[1]),
        counted=np.ones(expected[0].shape, np.uint8) if counted is None else counted,
        required_db=row.other_runtime_db,
        reference=f"{runner.runtime} on the host",
        warnings=loaded.warnings,
    )


def files(tasks: Sequence[Task], plan: Plan) -> dict[str, Path | bytes]:
    """All that the page may ask for, by path: itself, the runtimes, ``/job.json`` and what that names."""
    served: dict[str, Path | bytes] = {f"/{file.name}": file for file in _PAGE.iterdir()}
    served["/"] = served.pop("/index.html")
    served |= {f"/runtimes/{name}": runtimes.find() / name for name in runtimes.FILES}
    rows = [_row(f"/{number}", one, served) for number, one in enumerate(tasks)]
    counts = {"warmup": plan.warmup, "iterations": plan.iterations, "cold_starts": plan.cold_starts}
    served["/job.json"] = json.dumps({**counts, "rest_ms": REST_S * 1000, "files": rows}).encode()
    return served


def _row(at: str, one: Task, served: dict[str, Path | bytes]) -> dict[str, Any]:
    served[f"{at}/model"] = one.path
    inputs = []
    for position, (name, arrays) in enumerate(one.inputs.items()):
        values = [_serve(f"{at}/input-{position}-{i}", array, served) for i, array in enumerate(arrays)]
        inputs.append({"name": name, "dtype": arrays[0].dtype.name, "shape": arrays[0].shape, "values": values})
    expected = [_serve(f"{at}/expected-{i}", array.astype(np.float32), served) for i, array in enumerate(one.expected)]
    largest = max(float(np.abs(array).max(initial=0)) for array in one.expected)
    return {
        "name": one.subject.name,
        "format": one.format,
        "runtime": one.runtime,
        "accelerator": one.accelerator,
        "threads": one.threads,
        "computes_in": one.computes_in,
        "model": f"{at}/model",
        "inputs": inputs,
        "expected": expected,
        "counted": _serve(f"{at}/counted", one.counted, served),
        "peak": max(largest, 1.0),
        "required_db": one.required_db,
    }


def _serve(path: str, array: Array, served: dict[str, Path | bytes]) -> str:
    served[path] = np.ascontiguousarray(array).tobytes()
    return path


def _our_inputs(contract: Contract, runner: ExternalRunner) -> tuple[dict[str, tuple[Array, Array]], Array]:
    """Pictures and one mask as the file takes them, by the file's own names, and where its output counts."""
    size_px = contract.size_px
    middle = slice(size_px // 4, -(size_px // 4))
    mask = np.zeros((1, 1, size_px, size_px), np.float32)
    mask[..., middle, middle] = 1
    pictures = {"image": (example(size_px, 0), example(size_px, 1)), "mask": (mask, mask)}
    inputs = {}
    for spec in contract.inputs:
        (name,) = (one.name for one in runner.inputs if one.shape == spec.shape)
        first, second = (_in_layout(picture, spec) for picture in pictures[spec.name])
        inputs[name] = (first, second)
    everywhere = np.repeat(mask, 3, axis=1).astype(np.uint8)
    return inputs, _in_layout(everywhere, contract.output)


def _in_layout(picture: Array, spec: TensorSpec) -> Array:
    return np.ascontiguousarray(picture.transpose(0, 2, 3, 1) if spec.layout == "NHWC" else picture)
