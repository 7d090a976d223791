"""What the spectrum of a fill tells about its texture: whether it has a lattice, and whether it has the photo's fineness.

A network on its way out doubles its maps, so that it can repeat what it paints every 2, 4, 8 and 16 px, and where the picture
tells it nothing new it does: a weave in sand, a mosaic in sky. No photo has a preference for these periods, AlexNet hardly sees
them, and people see little else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

PERIODS = (2, 4, 8, 16)
"""In px, each a column of :func:`lattice`."""
_SIDE = 64
"""Of the windows in px: four of the longest periods."""
_EVERY = 32
"""Px from one window to the next: by half their side, so that all of them together weigh every pixel alike."""
_AROUND = 2
"""Steps of frequency from a period's to those that it is compared with; under a Hann window it does not reach them."""
_ROUNDING = 1 / 255**2 / 12
"""Variance of what rounding to 8 bits adds to a picture: what is below it cannot be seen."""
_OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
_OPPONENT = _OPPONENT / _OPPONENT.norm(dim=1, keepdim=True)
"""RGB to brightness, red against blue, green against both, so that grey grain does not pass for coloured; orthonormal."""


@dataclass(frozen=True)
class Spectra:
    """Of what lies in the holes of a batch; made by :meth:`of`.

    Attributes:
        powers: of each picture, the mean over its windows that are at least half hole, [N, 3, 64, 64]: brightness, and two
            differences of colour.
        found: [N], 1 where a picture has such a window, else 0.
    """

    powers: Tensor
    found: Tensor

    @classmethod
    def of(cls, pictures: Tensor, hole: Tensor, share: float = 0.5) -> Spectra:
        """Those of float [N, 3, H, W], RGB in [0,1], in ``hole``, [N, 1, H, W], 1 = hole; in float32, differentiable.

        ``share`` is how much of a window must be hole.
        """
        count, taper = pictures.shape[0], torch.hann_window(_SIDE, device=pictures.device)
        missing = (0, max(_SIDE - pictures.shape[3], 0), 0, max(_SIDE - pictures.shape[2], 0))
        pictures, hole = pad(pictures, missing), pad(hole, missing)  # a picture smaller than one window
        with torch.autocast(pictures.device.type, enabled=False):
            chosen = avg_pool2d(hole.float(), _SIDE, _EVERY)[:, 0] >= share
            windows = pictures.float().unfold(2, _SIDE, _EVERY).unfold(3, _SIDE, _EVERY).permute(0, 2, 3, 1, 4, 5)[chosen]
            opponent = torch.einsum("oc,nchw->nohw", _OPPONENT.to(windows), windows)
            waves = torch.fft.fft(taper.diag())  # the tapered transform as a matrix: torch.fft itself takes no empty batch
            spectra = waves.mT @ (opponent - opponent.mean((2, 3), keepdim=True)).to(waves) @ waves
            powers = spectra.real.square() + spectra.imag.square()
            owner = chosen.nonzero()[:, 0]
            counts = torch.bincount(owner, minlength=count)
            sums = powers.new_zeros(count, *powers.shape[1:]).index_add(0, owner, powers)
            noise = _ROUNDING * taper.square().sum().square()
            return cls(sums / counts.clamp_min(1)[:, None, None, None] + noise, (counts > 0).float())


def lattice(spectra: Spectra) -> Tensor:
    """By picture and period, the logarithm of the power there over that of the frequencies around: float [N, 4].

    Photos have about 0, a lattice more; a picture without a window has 0.
    """
    power = spectra.powers.mean(1)
    ring = [(down, right) for down in (-_AROUND, 0, _AROUND) for right in (-_AROUND, 0, _AROUND) if (down, right) != (0, 0)]
    around = torch.stack([power.roll(shift, (1, 2)) for shift in ring]).mean(0)
    standing_out = (power / around).log()
    return torch.stack([standing_out[:, _frequencies(period)].mean(1) for period in PERIODS], 1) * spectra.found[:, None]


def spectrum_difference(one: Spectra, truth: Spectra) -> Tensor:
    """How far the powers are apart in the same holes, as a mean absolute logarithm, averaged over the batch.

    Powers of neighbouring frequencies are averaged, so that it asks for as much texture of every fineness and direction as the
    photo has, and not for the same texture. Pictures without a window add nothing.
    """
    return ((_smooth(one.powers) / _smooth(truth.powers)).log().abs().mean((1, 2, 3)) * one.found).mean()


def _smooth(power: Tensor) -> Tensor:
    """Means over 5 by 5 frequencies; the spectrum goes on where it ends."""
    return avg_pool2d(pad(power, (2, 2, 2, 2), mode="circular"), 5, 1)


def _frequencies(period: int) -> Tensor:
    """The spectrum's places that repeat every ``period`` px and no fewer, [64, 64] bool."""
    steps = torch.arange(_SIDE)

    def on(every: int) -> Tensor:
        along = steps % (_SIDE // every) == 0
        return along[:, None] & along

    return on(period) & ~on(period // 2)
