"""The lattice figure and the spectrum's difference: blind to what a photo shows, not to what a network repeats."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from mobile_inpaint.metrics import spectrum
from mobile_inpaint.metrics.spectrum import PERIODS, Spectra

SIDE = 192
HOLE = torch.zeros(1, 1, SIDE, SIDE)
HOLE[..., 24:168, 24:168] = 1


def lattice(pictures: Tensor, hole: Tensor) -> Tensor:
    return spectrum.lattice(Spectra.of(pictures, hole))


def spectrum_difference(one: Tensor, truth: Tensor, hole: Tensor) -> Tensor:
    return spectrum.spectrum_difference(Spectra.of(one, hole), Spectra.of(truth, hole))


def texture(seed: int, *, contrast: float = 0.05) -> Tensor:
    """Something like sand, [1, 3, 192, 192]: grey noise of every fineness, the coarse stronger."""
    noise = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    along = torch.fft.fftfreq(SIDE)
    coarser = torch.fft.fft2(noise) / (along[:, None].square() + along.square() + 1e-3).sqrt()
    sand = torch.fft.ifft2(coarser).real
    return (0.5 + contrast * sand / sand.std()).expand(1, 3, SIDE, SIDE)


def woven(picture: Tensor, period: int, strength: float) -> Tensor:
    """With a tile of ``period`` px, that repeats no sooner, added everywhere in the hole."""
    tile = torch.randn(period, period, generator=torch.Generator().manual_seed(period))
    if period > 2:  # without what repeats sooner
        half = period // 2
        tile = tile - tile.reshape(2, half, 2, half).mean((0, 2)).repeat(2, 2)
    weave = tile.repeat(SIDE // period, SIDE // period)
    return picture + strength * weave * HOLE


def test_a_texture_has_none() -> None:
    for seed in range(3):
        assert lattice(texture(seed), HOLE).abs().max() < 0.5
        assert abs(lattice(texture(seed), HOLE).mean()) < 0.15


@pytest.mark.parametrize("period", PERIODS)
def test_what_repeats_stands_out_at_its_own_period(period: int) -> None:
    sand = texture(0)
    plain = lattice(sand, HOLE)[0]
    figures = [lattice(woven(sand, period, strength), HOLE)[0] for strength in (0.006, 0.012, 0.024)]
    column = PERIODS.index(period)
    for fainter, plainer in pairwise([plain, *figures]):
        assert plainer[column] > fainter[column]
    risen = figures[-1] - plain
    assert risen[column] > 0.8
    assert risen[column] > 2 * max(value for i, value in enumerate(risen) if i != column)


def test_a_step_from_light_to_dark_is_no_lattice() -> None:
    edge = torch.where(torch.arange(SIDE) < 90, 0.2, 0.8).expand(1, 3, SIDE, SIDE)
    figures = lattice(edge, HOLE)[0]
    assert figures.mean() < 0.25 and figures[2:].max() < 0.15


def test_what_rounding_hides_does_not_count() -> None:
    flat = torch.full((1, 3, SIDE, SIDE), 0.5)
    assert lattice(woven(flat, 8, 1e-5), HOLE).abs().max() < 0.1
    assert lattice(woven(flat, 8, 1e-2), HOLE)[0, 2] > 2


@pytest.mark.parametrize("hole", [torch.zeros_like(HOLE), (torch.arange(SIDE) % 40 < 4).float().expand(1, 1, SIDE, SIDE)])
def test_a_hole_too_small_for_a_lattice_has_none_and_a_gradient_of_nothing(hole: Tensor) -> None:
    picture = woven(texture(0), 8, 0.1).requires_grad_()
    figure, difference = lattice(picture, hole), spectrum_difference(picture, texture(1), hole)
    assert figure.eq(0).all() and difference == 0
    (figure.sum() + difference).backward()
    assert picture.grad is not None and picture.grad.eq(0).all()


def test_a_picture_smaller_than_a_window_has_none() -> None:
    small, hole = texture(0)[..., :32, :48], HOLE[..., 60:92, 60:108]
    assert lattice(small, hole).eq(0).all() and spectrum_difference(small, small.flip(3), hole) == 0


def test_pictures_of_a_batch_do_not_touch_each_other() -> None:
    one, other = texture(0), woven(texture(1), 4, 0.02)
    both = lattice(torch.cat([one, other, one]), torch.cat([HOLE, HOLE, torch.zeros_like(HOLE)]))
    torch.testing.assert_close(both, torch.cat([lattice(one, HOLE), lattice(other, HOLE), torch.zeros(1, 4)]))


def test_the_same_kind_of_texture_is_near_and_another_is_not() -> None:
    sand, other_sand = texture(0), texture(1)
    blurred = torch.nn.functional.avg_pool2d(other_sand, 5, 1, 2)
    coloured = other_sand * torch.tensor([1.0, 0.5, 1.5])[:, None, None]
    assert spectrum_difference(sand, sand, HOLE) == 0
    near = spectrum_difference(other_sand, sand, HOLE)
    assert near < 0.3
    for wrong in (blurred, coloured, texture(1, contrast=0.15), torch.full_like(sand, 0.5)):
        assert spectrum_difference(wrong, sand, HOLE) > 3 * near


def test_a_directions_texture_is_not_anothers() -> None:
    rippled = torch.nn.functional.avg_pool2d(texture(0), (1, 15), 1, (0, 7))
    ripples = torch.nn.functional.avg_pool2d(texture(1), (1, 15), 1, (0, 7))
    assert spectrum_difference(ripples.mT.contiguous(), rippled, HOLE) > 3 * spectrum_difference(ripples, rippled, HOLE)


def test_half_precision_makes_no_difference() -> None:
    sand, other = texture(0), texture(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        figures, difference = lattice(sand, HOLE), spectrum_difference(other, sand, HOLE)
    assert torch.equal(figures, lattice(sand, HOLE))
    assert torch.equal(difference, spectrum_difference(other, sand, HOLE))
