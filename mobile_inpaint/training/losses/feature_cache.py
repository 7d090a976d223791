"""A batch as those see it who judge it: fill and photos, and what trained trunks make of both."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from mobile_inpaint.metrics.perceptual import Lpips
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.training.losses.perceptual import Grid, Looks, on


class Views:
    """Losses and opponent share the looks of a trunk, which cost more than either.

    Nothing in it leads back to it: gigabytes of maps go when the step does, and not when the garbage collector comes by.

    Args:
        trunks: by name.
        answer: what the generator made of the batch.
        image: the photos, float [N, 3, S, S], RGB in [0,1].
        mask: float [N, 1, S, S], 1 = hole.
        grid: where trunks begin to look; see :func:`~mobile_inpaint.training.losses.perceptual.any_grid`.
    """

    def __init__(self, trunks: nn.ModuleDict, answer: GeneratorOutput, image: Tensor, mask: Tensor, grid: Grid) -> None:
        self.answer, self.image, self.mask = answer, image, mask
        self._trunks, self._grid = trunks, grid
        self._fills: dict[str, Looks] = {}
        self._photos: dict[str, Looks] = {}

    def fill(self, trunk: str) -> Looks:
        """What ``trunk`` makes of the fill, with its gradient."""
        if trunk not in self._fills:
            self._fills[trunk] = self.of(trunk, self.answer.image)
        return self._fills[trunk]

    def photo(self, trunk: str) -> Looks:
        """What ``trunk`` makes of the photos."""
        if trunk not in self._photos:
            self._photos[trunk] = self.of(trunk, self.image)
        return self._photos[trunk]

    def of(self, trunk: str, pictures: Tensor) -> Looks:
        """What ``trunk`` makes of other pictures of the same places, float [N, 3, S, S], RGB in [0,1]; not kept."""
        return Looks.at(self.seen(pictures), cast(Lpips, self._trunks[trunk]))

    def seen(self, maps: Tensor) -> Tensor:
        """The part of [N, C, S, S] that trunks look at."""
        return on(maps, self._grid)
