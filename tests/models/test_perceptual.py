from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mobile_inpaint.metrics.perceptual import Dists, Lpips

NAMES = ("alex", "vgg", "dists")


@pytest.fixture(scope="module")
def yardsticks() -> dict[str, Lpips | Dists]:
    return {"alex": Lpips("alex"), "vgg": Lpips("vgg"), "dists": Dists()}


@pytest.fixture(scope="module")
def pairs(golden: Path) -> dict[str, np.ndarray]:
    with np.load(golden / "perceptual" / "pairs.npz") as file:
        return dict(file)


def _pictures(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(0, 3, 1, 2) / 255


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_as_the_authors_code(name: str, yardsticks: dict[str, Lpips | Dists], pairs: dict[str, np.ndarray]) -> None:
    distance = yardsticks[name](_pictures(pairs["one"]), _pictures(pairs["other"]))
    np.testing.assert_allclose(distance.numpy(), pairs[name], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@torch.inference_mode()
def test_one_picture_against_many(name: str, yardsticks: dict[str, Lpips | Dists], pairs: dict[str, np.ndarray]) -> None:
    yardstick, one, other = yardsticks[name], _pictures(pairs["one"]), _pictures(pairs["other"])
    truth = yardstick.features(one[:1])
    together = yardstick.distance(yardstick.features(other), truth)
    apart = [yardstick(other[i : i + 1], one[:1]).item() for i in range(len(other))]
    np.testing.assert_allclose(together.numpy(), apart, atol=1e-6)
    assert together.shape == (3,)
    assert yardstick.distance(truth, truth).abs().item() < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_the_picture_alone(
    name: str, yardsticks: dict[str, Lpips | Dists], pairs: dict[str, np.ndarray]
) -> None:
    yardstick, one, other = yardsticks[name], _pictures(pairs["one"])[2:], _pictures(pairs["other"])[2:]
    other[:, :, :16, :16] = 0
    other.requires_grad_()
    before = yardstick(one, other).sum()
    before.backward()
    assert other.grad is not None and other.grad.isfinite().all()
    with torch.no_grad():
        after = yardstick(one, other - other.grad * (0.3 / other.grad.abs().max()) * 0.1).sum()
    assert after < before
    assert not any(parameter.requires_grad for parameter in yardstick.parameters())
