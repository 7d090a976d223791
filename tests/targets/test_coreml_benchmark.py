"""coremltools' benchmarker, the installed one, on a program of ours; only what Core ML itself would do stands in for it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder
from coremltools.models.compute_device import MLCPUComputeDevice, MLNeuralEngineComputeDevice
from coremltools.models.compute_plan import MLComputePlanCost, MLComputePlanDeviceUsage
from coremltools.models.ml_program.experimental import perf_utils
from PIL import Image

from mobile_inpaint.errors import BenchError, DeviceUnavailable
from mobile_inpaint.targets.coreml.benchmark import time_in_turn
from mobile_inpaint.targets.suppress_output import silence


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures in, one out, as our Core ML artifacts have them."""
    spec = [Builder.TensorSpec((1, 3, 8, 8)), Builder.TensorSpec((1, 1, 8, 8))]

    @Builder.program(input_specs=spec, opset_version=ct.target.iOS16)
    def program(image: Any, mask: Any) -> Any:
        return Builder.mul(x=Builder.add(x=image, y=mask), y=0.5, name="output")

    colour, grey = ct.colorlayout.RGB, ct.colorlayout.GRAYSCALE
    inputs = [ct.ImageType("image", (1, 3, 8, 8), color_layout=colour), ct.ImageType("mask", (1, 1, 8, 8), color_layout=grey)]
    outputs = [ct.ImageType("output", color_layout=colour)]
    path = tmp_path_factory.mktemp("package") / "a.mlpackage"
    system = ct.target.iOS16
    with silence():  # coremltools leaves a folder to be cleaned up with a warning
        model = ct.convert(program, inputs=inputs, outputs=outputs, minimum_deployment_target=system, skip_model_load=True)
        model.save(str(path))
        del model
        gc.collect()
    return path


class Loaded:
    """A program as coremltools would have loaded it: it takes what it is given and tells how long that took."""

    made: ClassVar[list[Loaded]] = []
    fails = False

    def __init__(self, **asked: Any) -> None:
        self.asked, self.seen = asked, []
        self.load_duration_in_nano_seconds = 20_000_000
        self.last_predict_duration_in_nano_seconds = None
        Loaded.made.append(self)

    async def load(self) -> None:
        if Loaded.fails:
            raise RuntimeError("Error in declaring network.\nunderlying")

    async def unload(self) -> None: ...

    def make_state_if_needed(self) -> None: ...

    async def predict(self, inputs: dict[str, Any], state: Any) -> None:
        self.seen.append(inputs)
        self.last_predict_duration_in_nano_seconds = 1_000_000 * len(self.seen)

    async def retrieve_compute_plan(self) -> Any:
        """Addition on the Neural Engine, all else on the processor; constants nowhere."""
        block = self.asked["spec_or_path"].mlProgram.functions["main"]
        operations = [
            SimpleNamespace(operator_name=one.type, outputs=[SimpleNamespace(name=one.outputs[0].name)], blocks=[], inputs={})
            for one in block.block_specializations[block.opset].operations
        ]
        function = SimpleNamespace(inputs=[], block=SimpleNamespace(operations=operations, inputs=[], output_names=["output"]))
        program = SimpleNamespace(functions={"main": function})

        def usage(operation: Any) -> MLComputePlanDeviceUsage | None:
            if operation.operator_name == "const":
                return None
            kind = MLNeuralEngineComputeDevice if operation.operator_name == "add" else MLCPUComputeDevice
            return MLComputePlanDeviceUsage(kind.__new__(kind), [])

        return SimpleNamespace(
            model_structure=SimpleNamespace(program=program, neuralnetwork=None, pipeline=None),
            get_compute_device_usage_for_mlprogram_operation=usage,
            get_estimated_cost_for_mlprogram_operation=lambda operation: MLComputePlanCost(0.5),
        )


@pytest.fixture(autouse=True)
def core_ml(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(perf_utils.MLModelAsyncWrapper, "from_spec_or_path", staticmethod(lambda **asked: Loaded(**asked)))
    monkeypatch.setattr(Loaded, "made", [])
    yield


def test_two_programs_in_turn_on_this_mac(package: Path) -> None:
    steps: list[None] = []
    free, ane = time_in_turn([(package, None), (package, "ane")], 2, 1, 3, step=lambda: steps.append(None))
    assert free.starts == ((20.0, 1.0), (20.0, 1.0)) and len(steps) == 2 * 2 + 4
    assert free.warmup_ms == (2.0,) and free.times_ms == (3.0, 4.0, 5.0)
    assert ane.placement == {"ane": 1, "cpu": 4}  # a product, and casts of two inputs and an output
    asked = [one.asked["compute_units"].name for one in Loaded.made]
    assert asked == ["ALL", "CPU_AND_NE"] * 2
    one, other, again, *_ = Loaded.made[2].seen[1:]
    assert isinstance(one["image"], Image.Image) and (one["image"].mode, one["mask"].mode) == ("RGB", "L")
    assert one["image"].size == (8, 8)
    assert one["image"].tobytes() != other["image"].tobytes()
    assert one["image"].tobytes() == again["image"].tobytes()


def test_over_to_a_device_go_tensors_alone(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mobile_inpaint.targets.coreml import benchmark

    async def prepared(udid: str, team: str) -> str:
        return f"{udid} of {team}"

    monkeypatch.setattr(benchmark, "_device", prepared)
    (timing,) = time_in_turn([(package, "gpu")], 1, 0, 2, udid="1", team="ABC")
    (made,) = Loaded.made
    assert timing.times_ms == (2.0, 3.0) and made.asked["device"] == "1 of ABC"
    image = made.seen[0]["image"]
    assert isinstance(image, np.ndarray) and image.shape == (1, 3, 8, 8) and image.dtype in (np.float16, np.float32)
    description = made.asked["spec_or_path"].description
    assert list(description.output[0].type.multiArrayType.shape) == [1, 3, 8, 8]


def test_what_core_ml_refuses_is_said_in_one_line(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loaded, "fails", True)
    with pytest.raises(BenchError) as caught:
        time_in_turn([(package, None)], 1, 0, 1)
    assert str(caught.value) == "a.mlpackage: Core ML cannot load it (Error in declaring network.)"


def test_a_device_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed coremltools, with an ``xcrun`` and a ``devicectl`` of ours, which it both looks for."""
    from mobile_inpaint.targets.coreml.benchmark import _device

    answer = '{"result": {"devices": []}}'
    for name in ("xcrun", "devicectl"):
        (tmp_path / name).write_text(f"#!/bin/sh\nfor last; do :; done\necho '{answer}' > \"$last\"\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DeviceUnavailable, match="coremltools does not see it"):
        asyncio.run(_device("00008130-000A11112222333A", ""))
