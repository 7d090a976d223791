"""TFLite and Core ML pipelines do to a photo of the network's size what the Python compositor does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.artifact import Artifact, Contract
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.export.verify_photo import verify_photo
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.coreml import pipeline as coreml
from mobile_inpaint.targets.coreml.interpreter import Program
from mobile_inpaint.targets.pipeline.fixed_size import composite, grain_field
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.reference import run_by_torch
from mobile_inpaint.targets.suppress_output import silence
from mobile_inpaint.targets.tflite import pipeline as tflite
from mobile_inpaint.targets.tflite.flatbuffer import TfliteGraph, read_model

SIZE = 64
NUMBERS = Compositor(SIZE, context=1.0)


@st.composite
def photo_and_hole(draw: st.DrawFn) -> tuple[Pixels, Flags]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    slope = np.linspace(40, 200, SIZE)[None, :, None] + np.linspace(-30, 30, SIZE)[:, None, None]
    noise = rng.normal(0, draw(st.sampled_from([0, 3, 60])), (SIZE, SIZE, 3))
    hole = np.zeros((SIZE, SIZE), bool)
    kind = draw(st.sampled_from(["speckle", "box", "pixel", "all", "none"]))
    if kind == "speckle":
        hole = rng.random((SIZE, SIZE)) < draw(st.sampled_from([0.01, 0.3, 0.95]))
    elif kind == "box":
        (top, left), (height, width) = rng.integers(SIZE, size=2), rng.integers(1, SIZE, size=2)
        hole[top : top + height, left : left + width] = True
    elif kind == "pixel":
        hole[rng.integers(SIZE), rng.integers(SIZE)] = True
    return np.clip(slope + noise, 0, 255).astype(np.uint8), hole | (kind == "all")


@settings(max_examples=80, deadline=None)
@given(photo_and_hole(), st.integers(0, 9))
def test_whole_numbers_in_float_give_the_compositors_bits(case: tuple[Pixels, Flags], seed: int) -> None:
    pixels, hole = case
    # answers of 8 bits, so that no rounding of the answer itself lies between the two
    answer = np.random.default_rng(seed).integers(0, 256, (1, 3, SIZE, SIZE)).astype(np.float32) / np.float32(255)
    expected = NUMBERS(pixels, hole, lambda image, mask: np.where(mask > 0, answer, image))
    planes, flags = (torch.from_numpy(one.astype(np.float32)) for one in (pixels.transpose(2, 0, 1), hole[None]))
    with torch.inference_mode():
        result = composite(planes, flags, torch.from_numpy(answer[0]), grain_field(SIZE).float(), NUMBERS)
    np.testing.assert_array_equal(result.numpy().transpose(1, 2, 0), expected)


def contract_of(artifact: Artifact, hole: int = 1) -> Contract:
    return replace(artifact.manifest.contract, io="photo", hole=hole)


@pytest.fixture(scope="module")
def tflite_network(small_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return ExportSession(small_prepared).export("tflite", "fp16", tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module", params=[1, pytest.param(0, marks=pytest.mark.slow)], ids=["white", "black"])
def in_tflite(
    request: pytest.FixtureRequest, tflite_network: Artifact, tmp_path_factory: pytest.TempPathFactory
) -> PhotoRunner:
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path_factory.mktemp("photo") / "photo.tflite"
    with silence():
        TfliteGraph(tflite.wrap(read_model(tflite_network.path), contract_of(tflite_network, request.param))).save(path)
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
    return PhotoRunner(tflite.fill_by(interpreter, request.param), "ai-edge-litert", "fp32", SIZE)


def test_tflite_verifies_against_the_generator(small_prepared: Prepared, in_tflite: PhotoRunner) -> None:
    result = verify_photo(in_tflite, "fp16", SIZE, run_by_torch(small_prepared.network))
    assert result.outside_max_abs_error == 0
    assert result.max_abs_error <= 2 / 255


def test_tflite_leaves_a_photo_without_a_hole_alone(in_tflite: PhotoRunner) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    np.testing.assert_array_equal(in_tflite(pixels, np.zeros((SIZE, SIZE), bool)), pixels)


@pytest.fixture(scope="module")
def coreml_file(small_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    artifact = ExportSession(small_prepared).export("coreml", "fp16", tmp_path_factory.mktemp("network"))
    path = tmp_path_factory.mktemp("photo") / "photo.mlpackage"
    with silence():
        coreml.exported(small_prepared.network, contract_of(artifact)).save(str(path))
    return path


def test_core_ml_verifies_against_the_generator(small_prepared: Prepared, coreml_file: Path) -> None:
    runner = PhotoRunner(coreml.fill_by(coreml_file, 1), "interpreter", "fp16", SIZE)
    result = verify_photo(runner, "fp16", SIZE, run_by_torch(small_prepared.network))
    assert result.outside_max_abs_error == 0
    assert result.max_abs_error <= 3 / 255


def test_core_ml_computes_the_network_alone_in_float16(coreml_file: Path) -> None:
    types = {(step.kind, step.dtype) for step in Program(coreml_file).steps}
    assert {dtype for kind, dtype in types if kind in ("conv", "leaky_relu", "upsample_bilinear")} == {"fp16"}
    assert {dtype for kind, dtype in types if kind in ("floor", "reduce_sum", "slice_by_index", "sqrt")} == {"fp32"}
