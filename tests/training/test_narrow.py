"""A smaller network that starts as a fit of a larger one."""

from pathlib import Path

import pytest
import torch
from smooth_samples import smooth_samples

from mobile_inpaint import create_model
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models import save_model
from mobile_inpaint.models.base import Generator
from mobile_inpaint.training.config import GeneratorConfig, config_from
from mobile_inpaint.training.generator import starting_generator
from mobile_inpaint.training.narrow import narrow

SIZE = 32


def network(seed: int, ch_base: int, patch: int = 1) -> Generator:
    made = create_model("migan-256", seed=seed, resolution=SIZE, ch_base=ch_base, ch_max=ch_base // 8, tensors=0, patch=patch)
    for name, parameter in made.named_parameters():  # a random start is nearly silent outside its convolutions
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(len(name)))
    return made


def holed(count: int, first: int = 0) -> list[torch.Tensor]:
    return [torch.cat([mask, image * (1 - mask)])[None] for image, mask in smooth_samples(SIZE, count, first)]


@torch.no_grad()
def distance(one: Generator, other: Generator) -> float:
    return sum(float((one.predict(x) - other.predict(x)).abs().mean()) for x in holed(4, first=100)) / 4


def test_with_as_many_channels_it_is_the_larger_one() -> None:
    teacher, student = network(1, 256), network(2, 256)
    before = distance(student, teacher)
    narrow(teacher, student, holed(12))
    assert distance(student, teacher) < 0.1 * before


@pytest.mark.parametrize("patch", [1, 2])
def test_with_fewer_it_is_nearer_than_a_random_start(patch: int) -> None:
    teacher, student = network(1, 512), network(2, 256, patch)
    before, told = distance(student, teacher), list[str]()
    narrow(teacher, student, holed(12), lambda done, of, layer: told.append(layer))
    assert distance(student, teacher) < 0.5 * before
    assert told[0] == f"encoder.blocks.b{SIZE // patch}.fromrgb" and told[-1] == ""


def test_a_run_starts_so_and_the_same_way_each_time(tmp_path: Path) -> None:
    save_model(network(1, 512), tmp_path / "large.safetensors")
    size = {"resolution": SIZE, "ch_base": 256, "ch_max": 32}
    config = GeneratorConfig(str(tmp_path / "large.safetensors"), "migan-256", size, narrowed_by=3, tensors=0)
    drawn = iter(smooth_samples(SIZE, 5))
    one, provenance = starting_generator(config, 0, drawn)
    other, _ = starting_generator(config, 0, smooth_samples(SIZE, 3))
    assert provenance is not None and provenance.checkpoint == "large"
    assert len(list(drawn)) == 2, "three samples are looked at"
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_what_cannot_be_narrowed_is_refused(tmp_path: Path) -> None:
    save_model(network(1, 256), tmp_path / "large.safetensors")
    config = GeneratorConfig(str(tmp_path / "large.safetensors"), "migan-512", narrowed_by=3, tensors=0)
    with pytest.raises(TrainingError, match=r"generator.narrowed_by: .* to migan-512: .* same resolution"):
        starting_generator(config, 0, smooth_samples(SIZE, 3))
    with pytest.raises(TrainingError, match=r"narrowed_by needs a larger generator.checkpoint, and generator.tensors 0"):
        config_from({"generator": {"narrowed_by": 3, "tensors": 0}}, "run.toml")
