"""A smaller network that starts as a fit of a larger one."""

from pathlib import Path

import pytest
import torch
from smooth_samples import smooth_samples

from mobile_inpaint import create_model
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.migan.blocks import FirUp, PlainUp
from mobile_inpaint.models.migan.network import Generator, Variant
from mobile_inpaint.models.migan.slimming import halved, narrow
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.training.config import GeneratorConfig, config_from
from mobile_inpaint.training.generator import starting_generator

SIZE = 32


def network(seed: int, ch_base: int, patch: int = 1, ch_outer: int = 512, stem: int = 1) -> Generator:
    size = {"resolution": SIZE, "ch_base": ch_base, "ch_max": ch_base * patch // 8, "ch_outer": ch_outer}
    made = create_model("migan-256", seed=seed, **size, tensors=0, patch=patch, stem=stem)
    assert isinstance(made, Generator)
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


@pytest.mark.parametrize(("patch", "ch_base", "ch_outer"), [(1, 256, 512), (2, 128, 512), (2, 256, 10)])
def test_with_fewer_it_is_nearer_than_a_random_start(patch: int, ch_base: int, ch_outer: int) -> None:
    teacher, student = network(1, 512), network(2, ch_base, patch, ch_outer)
    followed = halved(teacher) if patch == 2 else teacher
    assert followed.variant.channels(SIZE // patch) > student.variant.channels(SIZE // patch)
    before, told = distance(student, followed), list[str]()
    narrow(teacher, student, holed(12), lambda done, of, layer: told.append(layer))
    assert distance(student, followed) < 0.5 * before
    assert told[0] == f"encoder.blocks.b{SIZE // patch}.fromrgb" and told[-1] == ""


@pytest.mark.parametrize("ch_base", [256, 128])
def test_a_larger_first_kernel_does_the_work_of_three_layers(ch_base: int) -> None:
    teacher, student = network(1, 256), network(2, ch_base, stem=3)
    before, told = distance(student, teacher), list[str]()
    narrow(teacher, student, holed(12), lambda done, of, layer: told.append(layer))
    assert distance(student, teacher) < 0.5 * before
    assert told[:2] == [f"encoder.blocks.b{SIZE}.{layer}" for layer in ("fromrgb", "conv2.depthwise")]
    again = network(3, ch_base, stem=3)
    narrow(student, again, holed(12))
    assert distance(again, student) < 1e-4, "from one such network to the next there is nothing to fit"
    with pytest.raises(ValueError, match="stands for two more"):
        narrow(student, network(3, ch_base), holed(1))


def test_at_half_the_size_and_as_wide_it_has_the_larger_ones_weights() -> None:
    teacher, student = network(1, 256), network(2, 128, 2)
    narrow(teacher, student, holed(1))
    for name, value in halved(teacher).state_dict().items():
        assert torch.equal(student.state_dict()[name], value), name


@torch.no_grad()
def test_halved_each_level_does_what_the_one_twice_as_large_did() -> None:
    teacher = network(1, 256)
    small = Generator("half", Variant(SIZE // 2, 128, 32, tensors=0)).eval()
    half = halved(teacher)
    weights = {name: value for name, value in half.state_dict().items() if not name.startswith("synthesis.detail")}
    small.load_state_dict(weights)
    for module in small.synthesis.blocks.modules():
        for name, child in module.named_children():
            if isinstance(child, FirUp):  # the halved network leaves borders as they are
                setattr(module, name, PlainUp())
    theirs, ours = teacher.state_dict(), half.state_dict()
    assert torch.equal(theirs["encoder.blocks.b32.conv1.depthwise.weight"], ours["encoder.blocks.b16.conv1.depthwise.weight"])
    (x,) = holed(1)
    *levels, detail = half.predict_levels(x)[1]
    for one, other in zip(levels, small.predict_levels(half.look(x))[1], strict=True):
        assert torch.equal(one, other)
    assert not detail.any()
    with pytest.raises(ValueError, match="sees every pixel"):
        halved(half)


def test_a_run_starts_so_and_the_same_way_each_time(tmp_path: Path) -> None:
    save_model(network(1, 512), tmp_path / "large.safetensors")
    size = {"resolution": SIZE, "ch_base": 256, "ch_max": 32}
    config = GeneratorConfig(str(tmp_path / "large.safetensors"), "migan-256", size, narrowed_by=3, tensors=0)
    drawn, told = iter(smooth_samples(SIZE, 5)), list[str]()
    one, provenance = starting_generator(config, 0, drawn, told.append)
    other, _ = starting_generator(config, 0, smooth_samples(SIZE, 3))
    assert provenance is not None and provenance.checkpoint == "large"
    assert len(list(drawn)) == 2, "three samples are looked at"
    assert told == [f"fitting migan-256 to {tmp_path / 'large.safetensors'}, layer by layer"], (
        "of a network's size that takes minutes"
    )
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_what_cannot_be_narrowed_is_refused(tmp_path: Path) -> None:
    save_model(network(1, 256), tmp_path / "large.safetensors")
    config = GeneratorConfig(str(tmp_path / "large.safetensors"), "migan-512", narrowed_by=3, tensors=0)
    with pytest.raises(TrainingError, match=r"generator.narrowed_by: .* to migan-512: .* same resolution"):
        starting_generator(config, 0, smooth_samples(SIZE, 3))
    with pytest.raises(TrainingError, match=r"narrowed_by needs a larger generator.checkpoint, and generator.tensors 0"):
        config_from({"generator": {"narrowed_by": 3, "tensors": 0}}, "run.toml")
