"""The compositor inside an ONNX file gives the Python compositor's bits, whatever the photo and the hole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_inpaint.artifact import Artifact
from mobile_inpaint.errors import VerificationError
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.export.verify_photo import verify_photo
from mobile_inpaint.photo.compositor.compositor import Compositor, Flags, Pixels
from mobile_inpaint.targets.onnx.pipeline import fill_by
from mobile_inpaint.targets.pipeline.any_size import photo_model
from mobile_inpaint.targets.pipeline.runner import PhotoRunner
from mobile_inpaint.targets.reference import run_by_torch

SMALL = Compositor(size_px=64, margin_px=8)


def session(model: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def network(small_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return ExportSession(small_prepared).export("onnx", "fp32", tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def in_python(network: Artifact) -> Callable[[Pixels, Flags], Pixels]:
    run = session(onnx.load(network.path))
    return lambda pixels, hole: SMALL(pixels, hole, lambda image, mask: run.run(None, {"image": image, "mask": mask})[0])


@pytest.fixture(scope="module")
def in_file(network: Artifact) -> Callable[[Pixels, Flags], Pixels]:
    return fill_by(session(photo_model(onnx.load(network.path), SMALL, hole=1)), 1)


@st.composite
def photo_and_hole(draw: st.DrawFn) -> tuple[Pixels, Flags]:
    height, width = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    deviation = draw(st.sampled_from([0, 3, 60]))
    slope = np.linspace(40, 200, width)[None, :, None] + np.linspace(-30, 30, height)[:, None, None]
    pixels = np.clip(slope + rng.normal(0, deviation, (height, width, 3)), 0, 255).astype(np.uint8)
    hole = np.zeros((height, width), bool)
    kind = draw(st.sampled_from(["speckle", "box", "stroke", "all", "two"]))
    if kind == "speckle":
        hole = rng.random((height, width)) < draw(st.sampled_from([0.01, 0.3, 0.95]))
    elif kind == "box":
        top, left = rng.integers(height), rng.integers(width)
        hole[top : top + 1 + rng.integers(height), left : left + 1 + rng.integers(width)] = True
    elif kind == "stroke":
        step = np.arange(max(height, width))
        hole[step % height, (step * 2 + 3) % width] = True
    elif kind == "two":
        hole[rng.integers(height, size=2), rng.integers(width, size=2)] = True
    return pixels, hole | (kind == "all")


@settings(max_examples=60, deadline=None)
@given(case=photo_and_hole())
def test_the_same_bits_as_in_python(in_file: Any, in_python: Any, case: tuple[Pixels, Flags]) -> None:
    pixels, hole = case
    result = in_file(pixels, hole)
    np.testing.assert_array_equal(result, in_python(pixels, hole))
    np.testing.assert_array_equal(result[~hole], pixels[~hole])


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (2, 2), (300, 280)])
@pytest.mark.parametrize("kind", ["none", "all", "border", "pixel"])
def test_awkward_sizes_and_holes(in_file: Any, in_python: Any, shape: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(7)
    pixels, hole = rng.integers(0, 256, (*shape, 3), np.uint8), np.zeros(shape, bool)
    if kind == "border":
        hole[[0, -1], :] = hole[:, [0, -1]] = True
    elif kind == "pixel":
        hole[shape[0] // 2, shape[1] // 2] = True
    hole |= kind == "all"
    result = in_file(pixels, hole)
    np.testing.assert_array_equal(result, in_python(pixels, hole))
    if kind == "none":
        np.testing.assert_array_equal(result, pixels)


def test_what_is_under_the_hole_has_no_influence(in_file: Any) -> None:
    rng = np.random.default_rng(3)
    pixels, hole = rng.integers(0, 256, (150, 210, 3), np.uint8), np.zeros((150, 210), bool)
    hole[20:90, 30:100] = hole[120:130, 190:200] = True
    other = np.where(hole[..., None], 255 - pixels, pixels)
    np.testing.assert_array_equal(in_file(pixels, hole), in_file(other, hole))


def test_black_holes_are_the_same_photo_with_the_mask_inverted(network: Artifact, in_file: Any) -> None:
    rng = np.random.default_rng(4)
    pixels, hole = rng.integers(0, 256, (90, 120, 3), np.uint8), np.zeros((90, 120), bool)
    hole[30:60, 50:80] = True
    black = fill_by(session(photo_model(onnx.load(network.path), SMALL, hole=0)), 0)
    np.testing.assert_array_equal(black(pixels, hole), in_file(pixels, hole))


def test_a_mask_is_a_hole_from_128_up(network: Artifact, in_file: Any) -> None:
    rng = np.random.default_rng(5)
    pixels, grey = rng.integers(0, 256, (80, 100, 3), np.uint8), rng.integers(0, 256, (80, 100), np.uint8)
    run = session(photo_model(onnx.load(network.path), SMALL, hole=1))
    result = run.run(None, {"image": pixels.transpose(2, 0, 1)[None], "mask": grey[None, None]})[0]
    np.testing.assert_array_equal(result[0].transpose(1, 2, 0), in_file(pixels, grey >= 128))


def test_plain_operations_checked_and_the_same_bytes_each_time(network: Artifact) -> None:
    source = onnx.load(network.path)
    model = photo_model(source, SMALL, hole=1)
    onnx.checker.check_model(model, full_check=True)
    assert {entry.domain for entry in model.opset_import} == {entry.domain for entry in source.opset_import} == {""}
    assert model.SerializeToString(deterministic=True) == photo_model(source, SMALL, hole=1).SerializeToString(
        deterministic=True
    )
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["image", "mask", "result"]
    size = [d.dim_value or d.dim_param for d in model.graph.output[0].type.tensor_type.shape.dim]
    assert size == [1, 3, "height", "width"]


@pytest.fixture(scope="module")
def runner(network: Artifact) -> PhotoRunner:
    model = photo_model(onnx.load(network.path), Compositor(64), hole=1)
    return PhotoRunner(fill_by(session(model), 1), "onnxruntime", "fp32", None)


def test_it_verifies_against_the_generator(small_prepared: Prepared, runner: PhotoRunner) -> None:
    result = verify_photo(runner, "fp32", 64, run_by_torch(small_prepared.network))
    assert result.outside_max_abs_error == 0
    assert result.max_abs_error <= 1 / 255
    assert result.worst_psnr_db >= result.required_db


FAULTS = {
    "outside the hole changed": lambda fill: lambda pixels, hole: fill(pixels, hole) ^ 1,
    "depends on the pixels under the hole": lambda fill: (
        lambda pixels, hole: np.where(hole[..., None], fill(pixels, hole) // 2 + pixels // 2, pixels)
    ),
    "dB": lambda fill: lambda pixels, hole: np.where(hole[..., None], 128, pixels).astype(np.uint8),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told(small_prepared: Prepared, runner: PhotoRunner, fault: str) -> None:
    broken = PhotoRunner(FAULTS[fault](runner.fill), "broken", "fp16", None)
    with pytest.raises(VerificationError, match=fault):
        verify_photo(broken, "fp16", 64, run_by_torch(small_prepared.network))


@pytest.mark.slow
def test_the_published_network_on_the_inputs_of_the_public_pipeline(shared_golden: Path, published_artifacts: Any) -> None:
    from PIL import Image

    network = onnx.load(published_artifacts["onnx", "fp32"].path)
    alone, file = session(network), session(photo_model(network, Compositor(512), hole=0))
    masks = sorted((shared_golden / "migan" / "pipeline").glob("*_mask.png"))
    assert len(masks) == 11
    for path in masks:
        mask = np.asarray(Image.open(path).convert("L"))
        pixels = np.asarray(Image.open(path.with_name(path.name.removesuffix("mask.png") + "image.png")).convert("RGB"))
        expected = Compositor(512)(pixels, mask < 128, lambda image, mask: alone.run(None, {"image": image, "mask": mask})[0])
        result = file.run(None, {"image": pixels.transpose(2, 0, 1)[None], "mask": mask[None, None]})[0]
        np.testing.assert_array_equal(result[0].transpose(1, 2, 0), expected, path.name)
