"""One sentence for every network there is."""

from __future__ import annotations

import pytest
import torch

from mobile_inpaint import list_models
from mobile_inpaint.models.registry import tiny_model


@pytest.mark.parametrize("name", list_models())
def test_fills_the_hole_and_nothing_else(name: str) -> None:
    model = tiny_model(name, seed=1)
    generator = torch.Generator().manual_seed(0)
    side = model.resolution
    image = torch.rand(2, 3, side, side, generator=generator)
    mask = torch.zeros(2, 1, side, side)
    mask[:, :, side // 6 : side // 2, side // 12 : -2] = 1
    with torch.inference_mode():
        output = model(image, mask)
        other = model(torch.where(mask > 0, torch.rand(image.shape, generator=generator), image), mask)
    keep = (mask == 0).expand_as(image)
    assert output.shape == image.shape
    assert output.dtype == torch.float32
    assert output.min() >= 0
    assert output.max() <= 1
    assert torch.equal(output[keep], image[keep])
    assert not torch.equal(output[~keep], image[~keep])
    assert torch.equal(output, other), "what lies under the hole is not read"
    assert torch.equal(output, model(image, mask)), "the same input gives the same output"


@pytest.mark.parametrize("name", list_models())
def test_a_seed_decides_the_random_start(name: str) -> None:
    state = torch.random.get_rng_state()
    one, same, other = (tiny_model(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)
    assert torch.equal(torch.random.get_rng_state(), state), "the caller's random state is left alone"
