"""The opponent that stands on AlexNet: what it looks at, what it learns, and what of it stays as it is."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.metrics.perceptual import Lpips
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.training.config import config_from
from mobile_inpaint.training.losses.adversarial import fooling, r1_penalty, telling
from mobile_inpaint.training.losses.perceptual import Looks
from mobile_inpaint.training.losses.projected import Projected
from mobile_inpaint.training.losses.terms import LossConfig, Losses

SIDE = 128


@cache
def _alexnet() -> Lpips:
    return Lpips("alex")


def looks(pictures: Tensor) -> Looks:
    """What the heads see of them."""
    return Looks.at(pictures, _alexnet())


@pytest.fixture
def judge() -> Projected:
    torch.manual_seed(0)
    return Projected()


def mask(*corners: int) -> Tensor:
    """A hole of 64 px at each corner, one in each picture."""
    holes = torch.zeros(len(corners), 1, SIDE, SIDE)
    for hole, corner in zip(holes, corners, strict=True):
        hole[:, corner : corner + 64, corner : corner + 64] = 1
    return holes


def sand(seed: int, count: int = 2) -> Tensor:
    """Grey noise, [N, 3, 128, 128]."""
    grain = torch.rand(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    return (0.4 + 0.2 * grain).expand(-1, 3, -1, -1)


def beads(photo: Tensor, hole: Tensor) -> Tensor:
    """The photo with a string of blobs of 16 px in the hole."""
    wave = torch.sin(torch.arange(SIDE) * torch.pi / 8)
    return torch.where(hole > 0, (0.5 + 0.1 * wave[:, None] * wave).expand_as(photo), photo)


def test_places_count_as_far_as_they_are_hole_and_all_pictures_alike(judge: Projected) -> None:
    small = mask(0, 64)
    small[1, :, 80:] = 0
    logits, counts = judge(looks(sand(0)), small)
    assert logits.shape == counts.shape and logits.shape[1] == sum(side**2 for side in (31, 15, 7, 7, 7))
    torch.testing.assert_close(counts.sum(1), torch.ones(2))
    finest = counts[:, : 31**2].view(2, 31, 31)
    assert finest[0, 17:].eq(0).all() and finest[0, :15, :15].gt(0).all()
    assert finest[1, 20:].eq(0).all() and finest[1, 16:19, 17:].gt(0).all()
    _, none = judge(looks(sand(0)), torch.zeros_like(small))
    assert none.eq(0).all()


def test_a_few_steps_teach_it_to_tell(judge: Projected) -> None:
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    for step in range(15):
        photo, hole = sand(step), mask(step, 64 - step)
        optimizer.zero_grad()
        sum(telling(judge, looks(beads(photo, hole)), looks(photo), hole)).backward()  # type: ignore[union-attr]
        optimizer.step()
    photo, hole = sand(100), mask(20, 40)
    with torch.no_grad():
        fake, real = telling(judge, looks(beads(photo, hole)), looks(photo), hole)
        assert fake < 0.5 and real < 0.5, "it knows both; who guesses has 0.69"
        assert fooling(judge, looks(photo), hole) < fooling(judge, looks(beads(photo, hole)), hole)


def test_the_generator_learns_from_the_hole_and_the_judge_does_not_learn_then(judge: Projected) -> None:
    hole = mask(32, 32)
    fill = beads(sand(0), hole).requires_grad_()
    fooling(judge, looks(fill), hole).backward()  # type: ignore[no-untyped-call]
    assert fill.grad is not None and torch.isfinite(fill.grad).all()
    inside = fill.grad[:, :, 32:96, 32:96].square().mean()
    assert inside > 4 * fill.grad[:, :, :8].square().mean(), "what lies far from the hole hardly matters"
    assert all(parameter.grad is None for parameter in judge.parameters())


def test_losses_show_it_what_lpips_sees_once_for_both_players(judge: Projected, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, ...]] = []
    trunk_maps = Lpips.maps
    monkeypatch.setattr(Lpips, "maps", lambda self, pictures: taken.append(tuple(pictures.shape)) or trunk_maps(self, pictures))
    losses = Losses(LossConfig(adversarial=1, levels=0, lpips=1, r1_gamma=0), opponent="projected")
    photo, hole = sand(0), mask(8, 32)
    fill = beads(photo, hole).requires_grad_()
    judge.eval()  # or its spectral norms move with each look
    views = losses.views(GeneratorOutput(fill), photo, hole, grid=(8, 8))
    total, terms = losses.generator(views, judge)
    total.backward()  # type: ignore[no-untyped-call]
    judge.zero_grad()
    told, _ = losses.discriminator(judge, views)
    told.backward()  # type: ignore[no-untyped-call]
    assert taken == [(2, 3, SIDE - 8, SIDE - 8)] * 2, "fill and photo, each from where the grid begins"
    assert all(parameter.grad is not None for parameter in judge.parameters())
    alone = fooling(judge, looks(fill[:, :, 8:, 8:]), hole[:, :, 8:, 8:])
    torch.testing.assert_close(terms["adversarial"], alone.detach())


def test_a_gradient_penalty_is_refused(judge: Projected) -> None:
    with pytest.raises(TrainingError, match="set r1_gamma to 0"):
        r1_penalty(lambda image, hole: judge(looks(image), hole), sand(0), mask(0, 0))
    with pytest.raises(TrainingError, match=r"no gradient penalty: set loss\.r1_gamma = 0"):
        config_from({"discriminator": {"kind": "projected"}}, "run.toml")
