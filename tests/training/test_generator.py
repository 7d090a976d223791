from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.layers.repconv import RepConv2d
from mobile_inpaint.models.registry import open_checkpoint, save_model
from mobile_inpaint.training.config import GeneratorConfig, OptimizerConfig
from mobile_inpaint.training.generator import advance_average, averaged_copy, decay_at, starting_generator
from mobile_inpaint.training.optimizers import schedule_factor


def _fill(generator: Generator) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    side = generator.resolution
    image, mask = torch.rand(1, 3, side, side, generator=random), torch.zeros(1, 1, side, side)
    mask[..., side // 4 : side // 2, side // 4 : side // 2] = 1
    with torch.no_grad():
        return generator(image, mask)


@pytest.mark.parametrize("tensors", [0, 1, 4, 9])
def test_every_form_is_the_same_function(small: Generator, tensors: int, tmp_path: Path) -> None:
    wanted = _fill(small)
    there = small.with_branches(tensors)
    torch.testing.assert_close(_fill(there), wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(_fill(there.with_branches(0)), wanted, atol=1e-5, rtol=0)
    save_model(there, tmp_path / "there.safetensors")
    torch.testing.assert_close(_fill(open_checkpoint(tmp_path / "there.safetensors")[0]), wanted, atol=1e-5, rtol=0)


def test_the_published_network_trains_as_what_it_is(published_weights: Path) -> None:
    published, _ = open_checkpoint("migan-512-places2")
    network, provenance = starting_generator(GeneratorConfig(checkpoint="migan-512-places2"), seed=0)
    assert network.training and provenance and provenance.licence
    torch.testing.assert_close(_fill(network.eval()), _fill(published), atol=1e-4, rtol=0)
    tensors = [module.tensors for module in network.modules() if isinstance(module, RepConv2d)]
    assert len(tensors) > 50 and all(len(tensor) == 1 for tensor in tensors)
    for tensor in tensors:  # as long as those of a random start, whatever its learning rate is meant for
        length = tensor[0, 0].norm().item()
        assert length == pytest.approx(math.sqrt(tensor[0, 0].numel()), rel=1e-3)


def test_filters_without_unit_norm_train_as_plain_convolutions(small: Generator, tmp_path: Path) -> None:
    fused = small.with_branches(0)
    with torch.no_grad():
        next(iter(fused.parameters())).mul_(2)
    save_model(fused, tmp_path / "pruned.safetensors")
    with pytest.raises(TrainingError, match=r"do not have unit norm .*generator.tensors = 0"):
        starting_generator(GeneratorConfig(checkpoint=str(tmp_path / "pruned.safetensors")), seed=0)
    network, _ = starting_generator(GeneratorConfig(checkpoint=str(tmp_path / "pruned.safetensors"), tensors=0), seed=0)
    torch.testing.assert_close(_fill(network.eval()), _fill(fused))


def test_a_random_start_is_the_seeds() -> None:
    config = GeneratorConfig(variant="migan-256", overrides={"resolution": 32, "ch_base": 256, "ch_max": 16})
    one, again, other = (starting_generator(config, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(_fill(one), _fill(again)) and not torch.equal(_fill(one), _fill(other))
    for overrides in ({"resolution": 33}, {"nonsense": 1}):
        with pytest.raises(TrainingError, match=r"generator.overrides: migan-256 cannot have"):
            starting_generator(GeneratorConfig(variant="migan-256", overrides=overrides), 0)


def test_the_average_follows_with_its_half_life(small: Generator) -> None:
    generator, average = copy.deepcopy(small), averaged_copy(small)
    before = {name: value.clone() for name, value in average.named_parameters()}
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(1)
    for step in range(10):
        advance_average(average, generator, decay_at(4 * (step + 1), 4, half_life=40, ramp_up=0))
    for name, value in average.named_parameters():
        torch.testing.assert_close(value, before[name] + 0.5)
    assert decay_at(32, 32, 20_000, 0) == pytest.approx(0.998892, abs=1e-6)  # as published
    assert decay_at(40, 4, 20_000, 0.1) == 0.5


def test_the_learning_rate_rises_and_falls() -> None:
    cosine = OptimizerConfig(schedule="cosine", warm_up=10, final=0.1)
    rates = [schedule_factor(cosine, step, 110) for step in range(110)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert (
        rates[59] == pytest.approx(0.55) and rates[-1] == pytest.approx(0.1) and rates[10:] == sorted(rates[10:], reverse=True)
    )
    assert {schedule_factor(OptimizerConfig(), step, 110) for step in range(110)} == {1.0}
