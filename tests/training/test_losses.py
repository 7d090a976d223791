"""The terms of a generator's loss: what each is zero for, what it sees, and what it costs when off."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mobile_inpaint import create_model, schema
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import Generator, GeneratorOutput
from mobile_inpaint.models.migan.discriminator import Discriminator
from mobile_inpaint.training.distillation.teacher import Teacher
from mobile_inpaint.training.losses.perceptual import Grid, focal_frequency, surroundings
from mobile_inpaint.training.losses.terms import TERMS, LossConfig, Losses

OFF = dict.fromkeys(TERMS, 0.0)
ALL = dict.fromkeys(TERMS, 1.0)


@pytest.fixture(scope="module")
def batch() -> tuple[Tensor, Tensor]:
    """Two smooth pictures with a square hole each, one of them small."""
    random = torch.Generator().manual_seed(0)
    image = torch.nn.functional.interpolate(torch.rand(2, 3, 9, 9, generator=random), size=64, mode="bicubic").clamp(0, 1)
    mask = torch.zeros(2, 1, 64, 64)
    mask[0, :, 8:58, 8:58] = 1  # more than half, or it has no spectrum
    mask[1, :, 30:38, 40:46] = 1
    return image, mask


@pytest.fixture(scope="module")
def every_loss(small: Generator) -> Losses:
    return Losses(LossConfig(**ALL, lpips_trunk="alex"), Teacher.of_generator(small))


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(64, 1024, 32, 1)


def blurred(image: Tensor, mask: Tensor) -> Tensor:
    """The photo, grey in the hole."""
    return image * (1 - mask) + 0.5 * mask


def term(
    name: str, fill: Tensor, image: Tensor, mask: Tensor, lesson: GeneratorOutput | None = None, **settings: int
) -> Tensor:
    losses = Losses(LossConfig(**{**OFF, name: 1.0}, **settings))
    return losses.generator(losses.views(GeneratorOutput(fill), image, mask), lesson=lesson)[1][name]


@pytest.mark.parametrize("name", ["l1", "lpips", "features", "frequency"])
def test_a_perfect_fill_costs_nothing_and_a_nearer_one_less(name: str, batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    wrong = blurred(image, mask)
    assert term(name, image, image, mask) < 1e-6
    assert 0 < term(name, (image + wrong) / 2, image, mask) < term(name, wrong, image, mask)


@pytest.mark.parametrize(("name", "to_photo"), [("teacher_l1", "l1"), ("teacher_lpips", "lpips")])
def test_a_teacher_is_compared_with_as_the_photo_is(name: str, to_photo: str, batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    wrong = blurred(image, mask)
    taught = term(name, wrong, wrong, mask, lesson=GeneratorOutput(image))
    torch.testing.assert_close(taught, term(to_photo, wrong, image, mask))


def test_l1_is_the_mean_in_each_hole_whatever_its_size(batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    torch.testing.assert_close(term("l1", image + 0.1 * mask, image, mask), torch.tensor(0.1))
    nothing = torch.zeros_like(mask)
    assert term("l1", image, image, nothing) == term("lpips", image, image, nothing) == 0


def test_lpips_looks_around_the_hole_and_no_farther(batch: tuple[Tensor, Tensor]) -> None:
    from mobile_inpaint.metrics.perceptual import Lpips

    image, mask = batch
    wrong = blurred(image, mask)
    far = wrong.clone()
    far[1, :, :8, :8] = 0  # outside the ring of the second hole
    near, whole = (term("lpips", wrong, image, mask, ring_px=ring) for ring in (4, 64))
    torch.testing.assert_close(whole, Lpips("alex")(wrong, image).mean())
    assert near > whole  # undiluted by what is not hole
    first = slice(0, 1)
    torch.testing.assert_close(
        term("lpips", far[first], image[first], mask[first], ring_px=4),
        term("lpips", wrong[first], image[first], mask[first], ring_px=4),
    )


def test_trunks_begin_to_look_where_they_are_told(batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    wrong = torch.where(mask > 0, 1 - image, image)

    def at(grid: Grid, *, crop: bool) -> float:
        part = [tensor[..., grid[0] :, grid[1] :] if crop else tensor for tensor in (wrong, image, mask)]
        answer, losses = GeneratorOutput(part[0]), Losses(LossConfig(adversarial=0, levels=0, lpips=1, ring_px=0))
        views = losses.views(answer, part[1], part[2], grid=(0, 0) if crop else grid)
        return losses.generator(views)[1]["lpips"].item()

    assert at((3, 1), crop=False) == at((3, 1), crop=True) != at((0, 0), crop=False)


def test_surroundings_grow_a_hole_into_a_square(batch: tuple[Tensor, Tensor]) -> None:
    _, mask = batch
    assert torch.equal(surroundings(mask, 0), mask)
    grown = surroundings(mask, 3)
    assert grown[1].sum() == (8 + 6) * (6 + 6)
    assert grown[1, 0, 27:41, 37:49].all()


def test_focal_frequency_dwells_on_the_frequency_that_is_wrong() -> None:
    truth = torch.zeros(1, 3, 16, 16)
    wave = torch.cos(torch.arange(16) * torch.pi / 2).expand(1, 3, 16, 16)
    noise = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    noise *= (wave.square().mean() / noise.square().mean()).sqrt()
    torch.testing.assert_close(focal_frequency(wave, truth), wave.square().mean())  # all of it has weight 1
    assert focal_frequency(noise, truth) < 0.7 * focal_frequency(wave, truth)


def test_every_term_adds_up_and_moves_the_generator(
    every_loss: Losses, small: Generator, discriminator: Discriminator, batch: tuple[Tensor, Tensor]
) -> None:
    student = create_model("migan-256", seed=5, tensors=1, resolution=64, ch_base=1024, ch_max=32)
    total, terms = every_loss.generator(every_loss.views(student.forward_train(*batch), *batch), discriminator)
    assert tuple(terms) == TERMS
    torch.testing.assert_close(total.detach(), torch.stack(list(terms.values())).sum())
    assert all(value > 0 and not value.requires_grad for value in terms.values())
    total.backward()
    learned = [name for name, parameter in student.named_parameters() if parameter.grad is not None]
    assert len(learned) == len(list(student.parameters()))
    taught = [*small.parameters(), *discriminator.parameters(), *every_loss.parameters()]
    assert all(parameter.grad is None for parameter in taught)


def test_bf16_gives_nearly_the_same_in_float32(
    every_loss: Losses, small: Generator, discriminator: Discriminator, batch: tuple[Tensor, Tensor]
) -> None:
    image, mask = batch
    fill = blurred(image, mask).requires_grad_()
    levels = {side: torch.full((2, 3, side, side), 0.1) for side in (16, 32, 64)}
    _, terms = every_loss.generator(every_loss.views(GeneratorOutput(fill, (), levels), image, mask), discriminator)
    with torch.autocast("cpu", torch.bfloat16):
        views = every_loss.views(GeneratorOutput(fill, (), levels), image, mask)
        total, rounded = every_loss.generator(views, discriminator)
        told, _ = every_loss.discriminator(discriminator, views)
        penalty, _ = every_loss.regularizer(discriminator, image, mask)
    assert {value.dtype for value in (total, told, penalty, *rounded.values())} == {torch.float32}
    for name, value in rounded.items():
        torch.testing.assert_close(value, terms[name], rtol=0.05, atol=1e-4, msg=name)
    assert penalty == every_loss.regularizer(discriminator, image, mask)[0]
    assert torch.autograd.grad(total, fill)[0].isfinite().all()
    (told + penalty).backward()
    discriminator.zero_grad()


def test_an_answer_is_what_the_network_makes_but_not_clamped(small: Generator, batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    with torch.no_grad():
        answer = small.forward_train(image, mask)
        assert answer.image.min() < 0
        torch.testing.assert_close(answer.image.clamp(0, 1), small(image, mask))
    assert sorted(answer.levels) == [4, 8, 16, 32, 64]


def test_maps_go_when_the_step_does(every_loss: Losses, discriminator: Discriminator, batch: tuple[Tensor, Tensor]) -> None:
    fill = blurred(*batch).requires_grad_()
    levels = {side: torch.full((2, 3, side, side), 0.1) for side in (16, 32, 64)}
    gc.disable()
    try:
        views = every_loss.views(GeneratorOutput(fill, (), levels), *batch)
        every_loss.generator(views, discriminator)[0].backward()  # type: ignore[no-untyped-call]
        every_loss.discriminator(discriminator, views)
        kept = weakref.ref(views)
        del views
        assert kept() is None
    finally:
        gc.enable()
        discriminator.zero_grad()


def test_what_is_off_costs_nothing(batch: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path))  # where no perceptual weights are

    def never(image: Tensor, mask: Tensor) -> GeneratorOutput:
        raise AssertionError("the teacher was asked")

    losses = Losses(LossConfig(**{**OFF, "l1": 2.0}), Teacher(never, 64))
    image, mask = batch
    total, terms = losses.generator(losses.views(GeneratorOutput(image + 0.1 * mask), image, mask))
    assert list(terms) == ["l1"]
    torch.testing.assert_close(total, 2 * terms["l1"])
    assert not list(losses.parameters())
    assert not any(losses.regularizes(step) for step in range(32))


def test_the_penalty_is_due_every_so_many_steps_from_the_first() -> None:
    losses = Losses(LossConfig(r1_every=16))
    assert [step for step in range(40) if losses.regularizes(step)] == [0, 16, 32]


def test_the_penalty_counts_for_all_the_steps_between_two(discriminator: Discriminator, batch: tuple[Tensor, Tensor]) -> None:
    often, seldom = (Losses(LossConfig(r1_gamma=4, r1_every=every)).regularizer(discriminator, *batch) for every in (1, 16))
    assert seldom[1]["r1"] == often[1]["r1"] > 0, "the value that is logged is the penalty itself"
    torch.testing.assert_close(often[0], 4 / 2 * often[1]["r1"], check_device=False)
    torch.testing.assert_close(seldom[0], 16 * often[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (OFF, "nothing to learn"),
        ({"l1": -1}, "'l1' must be a number from 0 to"),
        ({"r1_gamma": float("nan")}, "'r1_gamma' must be a number from 0 to"),
        ({"ring_px": -1}, "ring_px"),
        ({"lipps": 1}, "lipps"),
        ({"lpips_trunk": "squeeze"}, "one of alex, vgg"),
    ],
)
def test_settings_that_cannot_train_are_refused_in_one_line(settings: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message) as refused:
        schema.load(LossConfig, settings, "run.toml", TrainingError)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("on", "message"),
    [("adversarial", "needs a discriminator"), ("teacher_l1", "needs a teacher"), ("levels", "needs a teacher")],
)
def test_what_is_missing_is_named(on: str, message: str, batch: tuple[Tensor, Tensor]) -> None:
    image, mask = batch
    with pytest.raises(TrainingError, match=message):
        term(on, image, image, mask)
    with pytest.raises(TrainingError, match="the student's are none, the teacher's 64"):
        term("levels", image, image, mask, lesson=GeneratorOutput(image, (), {64: image}))
