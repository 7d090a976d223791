"""Our interpreter of Core ML programs against the reference values of coremltools, and our palettes against brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mobile_inpaint.targets.coreml.interpreter import Program
from mobile_inpaint.targets.coreml.operations import operations
from mobile_inpaint.targets.coreml.palettes import palette
from mobile_inpaint.targets.suppress_output import silence

HALVES = st.floats(-500, 500, width=16)
with silence():
    from coremltools.converters.mil.mil import types
    from coremltools.optimize import _utils as reference


@settings(deadline=None)
@given(arrays(np.float16, (1, 3, 4, 5), elements=HALVES), st.floats(0.0078125, 4, width=16), st.integers(-128, 127))
def test_quantizing_rounds_as_the_reference_does(values: np.ndarray, scale: float, zero_point: int) -> None:
    step, zero = np.float16(scale), np.int8(zero_point)
    levels = operations()["quantize"](
        {"input": torch.from_numpy(values), "scale": torch.tensor(step), "zero_point": zero, "output_dtype": "int8"}
    )
    expected = reference.quantize_by_scale_and_zp(values, np.array(step), np.array(zero), types.int8)
    np.testing.assert_array_equal(levels.numpy(), expected)
    back = operations()["dequantize"]({"input": levels, "scale": torch.tensor(step), "zero_point": zero})
    np.testing.assert_array_equal(back.numpy(), reference.dequantize_by_scale_and_zp(expected, np.array(step), np.array(zero)))


@settings(deadline=None, max_examples=200)
@given(arrays(np.float16, st.integers(3, 12), elements=st.floats(-4, 4, width=16)))
def test_a_palette_gives_the_nearest_colour_and_two_beat_one(weights: np.ndarray) -> None:
    table, indices = palette(1)(weights)
    exact = weights.astype(np.float64)
    distances = np.abs(exact[:, None] - table.astype(np.float64))
    found = distances[np.arange(len(exact)), indices]
    np.testing.assert_allclose(found, distances.min(axis=1), atol=1e-6)
    assert np.square(found).sum() <= np.square(exact - exact.mean()).sum() + 1e-3, "rounding the colours costs less"
    assert np.array_equal(indices, palette(1)(weights)[1])


def test_a_palette_of_a_bell_curve_beats_an_even_one() -> None:
    weights = np.random.default_rng(0).normal(0, 0.1, (64, 64, 1, 1)).astype(np.float16)
    table, indices = palette(4)(weights)
    assert (table.shape, table.dtype, indices.shape, indices.dtype) == ((16,), np.float16, (4096,), np.uint8)
    even = np.linspace(weights.min(), weights.max(), 16)
    error_even = np.abs(weights.reshape(-1, 1) - even).min(1)
    # 0.009497 of the variance is the best that 16 levels can do for a normal distribution (Max, 1960)
    assert np.mean((table[indices] - weights.ravel().astype(np.float64)) ** 2) < min(0.0100 * 0.01, np.mean(error_even**2))


@pytest.mark.parametrize("deployment", ["iOS16", "iOS17"])
def test_a_scale_and_a_shift_per_channel_are_understood(tmp_path: Path, deployment: str) -> None:
    """coremltools makes one batch_norm of the two, or folds them into the convolution before."""
    with silence():
        import coremltools as ct

        class Affine(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                factor, shift = torch.arange(1, 4).view(1, 3, 1, 1) / 4, torch.arange(3).view(1, 3, 1, 1) / 8
                return torch.nn.functional.leaky_relu(x, 0.2) * factor + shift

        model = ct.convert(
            torch.jit.trace(Affine(), torch.zeros(1, 3, 8, 8)),
            inputs=[ct.TensorType("x", shape=(1, 3, 8, 8))],
            outputs=[ct.TensorType("y")],
            minimum_deployment_target=ct.target[deployment],
            compute_precision=ct.precision.FLOAT32,
            skip_model_load=True,
        )
        model.save(str(tmp_path / "affine.mlpackage"))
        program = Program(tmp_path / "affine.mlpackage")
    assert {step.kind for step in program.steps} <= {"leaky_relu", "mul", "add", "batch_norm"}
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(
        program({"x": x.numpy()}), Affine()(x).numpy(), atol=2e-5
    )  # its epsilon is added to a variance of 1
