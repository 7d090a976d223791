"""Core ML's own timing of programs, by coremltools' benchmarker: on this Mac, or on a device that Xcode reaches from it."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.targets.admission.coreml import check
from mobile_inpaint.targets.toolchain import first_line, versions

UNITS = {"cpu": "CPU_ONLY", "gpu": "CPU_AND_GPU", "ane": "CPU_AND_NE"}
"""What Core ML may use, in coremltools' words; without a choice it may use everything."""

_DEVICES = {"MLCPUComputeDevice": "cpu", "MLGPUComputeDevice": "gpu", "MLNeuralEngineComputeDevice": "ane"}
_WIDTHS = {"FLOAT16": np.float16, "FLOAT32": np.float32}


@dataclass(frozen=True)
class CoremlTiming:
    """What Core ML told of one program, in milliseconds by its own clock.

    Attributes:
        starts: load, and first prediction after it, of each time that it was loaded anew.
        warmup_ms, times_ms: of each prediction, in order.
        placement: how many operations Core ML plans for ``cpu``, ``gpu`` and ``ane``.
    """

    starts: tuple[tuple[float, float], ...]
    warmup_ms: tuple[float, ...]
    times_ms: tuple[float, ...]
    placement: dict[str, int]


def time_in_turn(
    programs: Sequence[tuple[Path, str | None]],
    starts: int,
    warmup: int,
    runs: int,
    *,
    udid: str | None = None,
    team: str = "",
    step: Callable[[], None] = lambda: None,
) -> tuple[CoremlTiming, ...]:
    """The timing of each program, their runs in turn: A B C, A B C, …; two inputs alternate.

    Args:
        programs: ``.mlpackage`` and one of UNITS, None for all of them.
        starts: how often each is loaded anew.
        warmup: predictions before the timed ones.
        runs: timed predictions.
        udid: of the device to run on, None for this Mac. Over to a device go tensors alone, so there the program takes tensors
            where it has pictures at its ends.
        team: Apple development team that signs coremltools' app for the device.
        step: called after each start of a program and each round.

    Raises:
        BenchError: Core ML cannot load or run a program.
        DeviceUnavailable: the device cannot be reached.
        ToolchainMissing: coremltools is not installed.
    """
    versions("coreml", ("coremltools",))
    return asyncio.run(_time_in_turn(programs, starts, warmup, runs, udid, team, step))


async def _time_in_turn(
    programs: Sequence[tuple[Path, str | None]],
    starts: int,
    warmup: int,
    runs: int,
    udid: str | None,
    team: str,
    step: Callable[[], None],
) -> tuple[CoremlTiming, ...]:
    device = await _device(udid, team) if udid else None
    subjects = [_Subject(path, unit, device) for path, unit in programs]
    for _ in range(max(1, starts)):
        for subject in subjects:
            await subject.start()
            step()
    for i in range(warmup + runs):
        for subject in subjects:
            await subject.predict(i)
        step()
    return tuple([await subject.timing(warmup) for subject in subjects])


class _Subject:
    """One program being timed."""

    def __init__(self, path: Path, unit: str | None, device: Any) -> None:
        import coremltools as ct

        self._path, self._device = path, device
        units = ct.ComputeUnit[UNITS[unit] if unit else "ALL"]
        check(path)
        model = ct.models.MLModel(str(path), compute_units=units, skip_model_load=True)
        self._model = model if device is None else _with_tensors(model, units)
        self._inputs = [_inputs(self._model.get_spec(), seed) for seed in range(2)]
        self._starts: list[tuple[float, float]] = []
        self._times: list[float] = []

    async def start(self) -> None:
        """Loads it anew and predicts once."""
        from coremltools.models.ml_program.experimental.perf_utils import MLModelBenchmarker

        self._benchmarker = MLModelBenchmarker(self._model, self._device)
        try:
            load = await self._benchmarker.benchmark_load(iterations=1)
        except Exception as error:
            raise BenchError(f"{self._path.name}: Core ML cannot load it ({first_line(error)})") from error
        self._starts.append((load.samples[0], await self._predicted(0)))

    async def predict(self, i: int) -> None:
        """Notes the time of one prediction, of the ``i``-th input."""
        self._times.append(await self._predicted(i))

    async def _predicted(self, i: int) -> float:
        try:
            told = await self._benchmarker.benchmark_predict(inputs=self._inputs[i % 2], iterations=1)
        except Exception as error:
            raise BenchError(f"{self._path.name}: Core ML cannot run it ({first_line(error)})") from error
        return float(told.samples[0])

    async def timing(self, warmup: int) -> CoremlTiming:
        """All that was noted, and where Core ML plans to run what."""
        operations = await self._benchmarker.benchmark_operation_execution(inputs=self._inputs[0], iterations=1)
        usages = [one.compute_device_usage for one in operations if one.compute_device_usage is not None]
        counts = collections.Counter(_unit_of(usage.preferred_compute_device) for usage in usages)
        return CoremlTiming(tuple(self._starts), tuple(self._times[:warmup]), tuple(self._times[warmup:]), dict(counts))


def _unit_of(device: Any) -> str:
    return next(unit for kind in type(device).__mro__ if (unit := _DEVICES.get(kind.__name__)))


async def _device(udid: str, team: str) -> Any:
    """The device with coremltools' app on it, which Xcode builds, signs, installs and starts."""
    from coremltools.models.ml_program.experimental.remote_device import AppSigningCredentials, Device

    try:
        device = next(one for one in Device.get_devices() if one.udid == udid)
        return await device.prepare_for_model_debugging(credentials=AppSigningCredentials(development_team=team))
    except StopIteration:
        raise DeviceUnavailable(f"{udid}: coremltools does not see it; is it unlocked?") from None
    except Exception as error:
        raise DeviceUnavailable(f"{udid}: coremltools' app cannot be built or started there ({first_line(error)})") from error


def _with_tensors(model: Any, units: Any) -> Any:
    """The same program with tensors at its ends, in the shapes and types that it computes them in."""
    import coremltools as ct

    spec = model.get_spec()
    main = spec.mlProgram.functions["main"]
    block = main.block_specializations[main.opset]
    types = {one.name: one.type.tensorType for one in main.inputs}
    types |= {one.name: one.type.tensorType for operation in block.operations for one in operation.outputs}
    kinds = ct.proto.FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
    for feature in (*spec.description.input, *spec.description.output):
        if feature.type.WhichOneof("Type") == "imageType":
            tensor = types[feature.name]
            width = ct.proto.MIL_pb2.DataType.Name(tensor.dataType)
            feature.type.multiArrayType.shape[:] = [side.constant.size for side in tensor.dimensions]
            feature.type.multiArrayType.dataType = kinds.Value(width)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, compute_units=units, skip_model_load=True)


def _inputs(spec: Any, seed: int) -> dict[str, Any]:
    """Random values for each input, grey levels for pictures: coremltools' own has none for those."""
    import coremltools as ct
    from PIL import Image

    noise = np.random.default_rng(seed)
    kinds = ct.proto.FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
    made: dict[str, Any] = {}
    for feature in spec.description.input:
        if feature.type.WhichOneof("Type") == "imageType":
            picture = feature.type.imageType
            grey = picture.colorSpace == ct.proto.FeatureTypes_pb2.ImageFeatureType.ColorSpace.Value("GRAYSCALE")
            side = (picture.height, picture.width) if grey else (picture.height, picture.width, 3)
            made[feature.name] = Image.fromarray(noise.integers(0, 256, side, np.uint8))
        else:
            array = feature.type.multiArrayType
            values = noise.integers(0, 256, tuple(array.shape))
            made[feature.name] = values.astype(_WIDTHS[kinds.Name(array.dataType)])
    return made
