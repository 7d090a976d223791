"""A model file, loaded and given inputs to run on: an artifact of ours, or anybody's ``.onnx`` or ``.tflite``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mobile_inpaint.artifact import Artifact, Io, Manifest, manifest_path, sha256_of, size_of
from mobile_inpaint.bench.measure.candidate import Candidate
from mobile_inpaint.bench.measure.protocol import Run, milliseconds
from mobile_inpaint.bench.report.latency_report import Subject
from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.photo.image import Fill, Image, to_image, to_pixels
from mobile_inpaint.precision import PrecisionName
from mobile_inpaint.targets import external
from mobile_inpaint.targets.onnx import openvino
from mobile_inpaint.targets.registry import find_target, get_target, list_targets, load_pipeline, target_of
from mobile_inpaint.targets.signature import Input

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """A loaded file.

    Attributes:
        subject: what it is.
        run: one run on the ``i``-th input; what comes back is what the network had to compute.
        fill: the artifact as a Fill; None for a file without a manifest.
        runtime: name and version.
        computes_in: the arithmetic; None where nobody says.
        load_ms: what loading took.
        precision: as the manifest says; fp32 for a file without one, of which nobody knows that it rounds.
        warnings: what was assumed.
    """

    subject: Subject
    run: Run
    fill: Fill | None
    runtime: str
    computes_in: str | None
    load_ms: float
    precision: PrecisionName = "fp32"
    warnings: tuple[str, ...] = ()


def import_runtime(candidate: Candidate) -> None:
    """Imports what runs ``candidate``, so that its cost is not counted as the file's.

    Raises:
        ToolchainMissing: with the pip line.
        BenchError: no runtime here has that suffix.
        DeviceUnavailable: this processor cannot run it so.
    """
    if candidate.runtime:
        openvino.import_runtime(candidate.runtime)
    else:
        external.import_runtime(candidate.path)


def load(candidate: Candidate, threads: int) -> Workload:
    """The candidate's file, loaded: an artifact where a manifest stands beside it, else a foreign file.

    Raises:
        ManifestError: no such file, or not the one its manifest describes.
        BenchError: a foreign file that nothing here can run.
        DeviceUnavailable: a format or an arithmetic that this system cannot run.
        ToolchainMissing: the runtime is not installed.
    """
    path = candidate.path
    check_runs_here(path)
    return (_load_artifact if manifest_path(path).exists() else _load_external)(candidate, threads)


def check_runs_here(path: Path) -> None:
    """Returns where this system may run a file of that format, whatever it holds.

    Raises:
        BenchError: no such file.
        DeviceUnavailable: a format that this system cannot run.
    """
    if not path.exists():
        raise BenchError(f"{path}: no such file")
    target = find_target(path)  # what has none is refused by whoever loads it
    if target is not None and not target.runs_here:
        able = " or ".join(other.suffix for other in map(get_target, list_targets()) if other.runs_here)
        raise DeviceUnavailable(f"{path.name}: {target.elsewhere}; time the {able} artifact on this host")


def subject_of(candidate: Candidate, manifest: Manifest) -> Subject:
    """The artifact as a report names it, whatever device it is timed on."""
    contract = manifest.contract
    return Subject(
        candidate.name,
        manifest.sha256,
        manifest.bytes,
        {tensor.name: _signature(tensor.dtype, tensor.shape) for tensor in contract.inputs},
        contract.model,
        contract.provenance.checkpoint,
        contract.precision,
        contract.size_px,
        manifest.quality,
        contract.provenance.timing_only,
    )


def example(size_px: int, seed: int) -> Image:
    """A picture of coarse and fine detail, 13HW float32 RGB in [0,1], another one for each ``seed``."""
    noise = np.random.default_rng(seed)
    side = -(-size_px // 8)
    coarse = np.kron(noise.random((3, 8, 8)), np.ones((side, side)))[:, :size_px, :size_px]
    return (0.8 * coarse + 0.2 * noise.random((3, size_px, size_px)))[None].astype(np.float32)


def _load_artifact(candidate: Candidate, threads: int) -> Workload:
    artifact = Artifact.open(candidate.path)
    contract = artifact.manifest.contract
    started = time.perf_counter()
    fill, runtime, computes_in = _runner(candidate, contract.io, threads)
    load_ms = milliseconds(time.perf_counter() - started)
    hole = slice(contract.size_px // 4, -(contract.size_px // 4))
    mask = np.zeros((1, 1, contract.size_px, contract.size_px), np.float32)
    mask[..., hole, hole] = 1
    images = [example(contract.size_px, seed) for seed in range(2)]

    def run(i: int) -> Array:
        return fill(images[i % 2], mask)[..., hole, hole]

    subject = subject_of(candidate, artifact.manifest)
    return Workload(subject, run, fill, runtime, computes_in, load_ms, contract.precision)


def _runner(candidate: Candidate, io: Io, threads: int) -> tuple[Fill, str, str | None]:
    """The artifact as a Fill, by what it runs, and in what arithmetic."""
    path = candidate.path
    if candidate.runtime is None and io == "photo":
        pipeline = load_pipeline(path, threads=threads)
        return lambda image, mask: to_image(pipeline(to_pixels(image), mask[0, 0] > 0)), pipeline.runtime, pipeline.computes_in
    if candidate.runtime is None:
        ours = target_of(path).load(path, threads=threads)
        return ours.fill, ours.runtime, ours.computes_in
    other = openvino.load(path, candidate.runtime, threads=threads)
    return lambda image, mask: other.run({"image": image, "mask": mask}), other.runtime, other.computes_in


def _load_external(candidate: Candidate, threads: int) -> Workload:
    path = candidate.path
    started = time.perf_counter()
    if candidate.runtime:
        runner = openvino.load(path, candidate.runtime, threads=threads)
    else:
        runner = external.load_external(path, threads=threads)
    load_ms = milliseconds(time.perf_counter() - started)
    try:
        arrays = [{one.name: random_values(one, seed) for one in runner.inputs} for seed in range(2)]
    except MemoryError:
        raise BenchError(f"{path.name}: its inputs do not fit into memory") from None
    free = {name: side for one in runner.inputs for name, side in one.free.items()}
    subject = Subject(
        candidate.name,
        sha256_of(path),
        size_of(path),
        {one.name: _signature(one.dtype, one.shape) for one in runner.inputs},
    )
    assumed = ", ".join(f"{name} = {side}" for name, side in free.items())
    warnings = (f"dimensions that the file leaves free were set: {assumed}",) if free else ()
    return Workload(
        subject, lambda i: runner.run(arrays[i % 2]), None, runner.runtime, runner.computes_in, load_ms, warnings=warnings
    )


def random_values(one: Input, seed: int) -> Array:
    """An array for that input, another for each ``seed``: over [0,1) for floats, over the whole range for one byte, and 0 or 1
    for wider integers, which often are indices.
    """
    noise = np.random.default_rng(seed)
    dtype = np.dtype(one.dtype)
    if dtype.kind == "f":
        return noise.random(one.shape).astype(dtype)
    if dtype.kind in "iu" and dtype.itemsize == 1:
        info = np.iinfo(dtype)
        return noise.integers(info.min, info.max, one.shape, dtype=dtype, endpoint=True)
    return noise.integers(0, 2, one.shape).astype(dtype)


def _signature(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype} {'x'.join(map(str, shape))}"
