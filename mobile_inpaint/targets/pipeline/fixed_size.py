"""The compositor for photos of exactly the network's size, in torch, for formats whose shapes are fixed.

What ``compositor.py`` does where the crop is the photo itself: ``Compositor(size_px, context=1.0)``, all parts of the
hole at once. Everything is float32 holding whole numbers below 2**24, so it is exact: a format whose integer arithmetic is
missing, or does not convert, gives the same bits. The grain's hash needs 32-bit products, but it depends on a pixel's place
alone and is a constant.

Planes are [c, N, N], flags are planes of 0 and 1, numbers of the whole photo are [c, 1, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mobile_inpaint.photo.compositor.compositor import FILL_BITS, Compositor
from mobile_inpaint.photo.compositor.seam import LIMIT, SAMPLES, bell

if TYPE_CHECKING:
    from torch import Tensor

FULL = 255 << FILL_BITS


def composite(photo: Tensor, hole: Tensor, answer: Tensor, bells: Tensor, numbers: Compositor) -> Tensor:
    """The photo [3, N, N] in whole grey levels, its hole filled and all else as given.

    Args:
        photo: [3, N, N] in whole grey levels; what is under the hole has no influence.
        hole: [1, N, N], 1 = fill.
        answer: of the network, [3, N, N], RGB in [0,1].
        bells: see :func:`grain_field`.
        numbers: of the compositor.
    """
    known = 1 - hole
    truth = photo * known
    guess = (answer.clamp(0, 1) * FULL + 0.5).floor()
    filled = (guess + _match(guess, truth * (1 << FILL_BITS), hole, numbers.fade)).clamp(0, FULL)
    result = truth + _quotient(filled + (1 << FILL_BITS - 1), 1 << FILL_BITS) * hole
    box = _Box.round(hole)
    missing = (_spread_of_noise(truth, known, box.grown(numbers.margin_px)) - _spread_of_noise(result, hole, box)).clamp(min=0)
    return truth + (result + _grain(missing, bells)).clamp(0, 255) * hole


def grain_field(size_px: int) -> Tensor:
    """int16 [4, N, N]: the nearly normal number of each place, for R, G, B and what they share."""
    import torch

    place = np.arange(size_px, dtype=np.uint32)
    return torch.from_numpy(bell(place, place[:, None], np.arange(4, dtype=np.uint32)[:, None, None]).astype(np.int16))


class _Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right`` of a photo, the ends exclusive; [1, 1, 1] each."""

    size_px: int
    top: Tensor
    bottom: Tensor
    left: Tensor
    right: Tensor

    @classmethod
    def round(cls, hole: Tensor) -> _Box:
        """The smallest that holds the hole."""
        size_px = _length(hole, 2)
        ends: list[Tensor] = []
        for across, along in ((2, 1), (1, 2)):
            line, place = hole.amax(across, keepdim=True), _places(size_px, along)
            ends += [(place * line + size_px * (1 - line)).amin(along, keepdim=True)]
            ends += [((place + 1) * line).amax(along, keepdim=True)]
        return cls(size_px, *ends)

    def grown(self, by: int) -> _Box:
        """``by`` pixels larger on each side, as far as the photo goes."""
        top, left = ((end - by).clamp(min=0) for end in (self.top, self.left))
        bottom, right = ((end + by).clamp(max=self.size_px) for end in (self.bottom, self.right))
        return _Box(self.size_px, top, bottom, left, right)

    def flags(self) -> Tensor:
        """[1, N, N]: 1 inside."""
        y, x = _places(self.size_px, 1), _places(self.size_px, 2)
        rows, columns = _flag(y >= self.top) * _flag(y < self.bottom), _flag(x >= self.left) * _flag(x < self.right)
        return rows * columns


def _match(guess: Tensor, truth: Tensor, hole: Tensor, fade: int) -> Tensor:
    """What to add to ``guess`` so that it has the colour of the known pixels round the hole."""
    near = _nine(1 - hole)
    edge = hole * _flag(near > 0)
    difference = _quotient(2 * _nine(truth) + near, (2 * near).clamp(min=1)) - guess
    rank = _quotient(_count(edge) - 1, 2)
    middle = _ranked(difference, edge, rank, -FULL, FULL)
    near_middle = difference.minimum(middle + LIMIT).maximum(middle - LIMIT)
    box = _Box.round(hole).grown(1)
    return _spread(near_middle * edge, edge, (box.top, box.bottom), (box.left, box.right), fade)


def _spread(difference: Tensor, edge: Tensor, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor], fade: int) -> Tensor:
    """``difference``, given where ``edge`` is, everywhere in the box that goes from and to those ``rows`` and ``columns``.

    Pairs of rows are counted from the box's first, not from the photo's: where that is odd, all moves up by one row and back.
    Beyond the box the result means nothing.
    """
    if _length(edge, 2) == 1:
        return difference
    odd_rows, odd_columns = _odd(rows[0]), _odd(columns[0])
    inner_rows, inner_columns = _halved(rows, odd_rows), _halved(columns, odd_columns)
    count, total = (_four(_moved(_moved(one, odd_rows, 1, 1), odd_columns, 2, 1)) for one in (edge, difference))
    mean = _quotient(2 * total + count, (2 * count).clamp(min=1))
    known = _flag(count > 0)
    coarse = _spread(mean * known, known, inner_rows, inner_columns, fade)
    doubled = _doubled(_doubled(coarse, inner_rows, 1), inner_columns, 2)
    high = _quotient(doubled, 16)  # doubled * fade does not fit 24 bits, its halves do
    fine = _quotient(high * fade + _quotient((doubled - 16 * high) * fade + 2048, 16), 256)
    fine = _moved(_moved(fine, odd_rows, 1, -1), odd_columns, 2, -1)
    return edge * difference + (1 - edge) * fine


def _spread_of_noise(pixels: Tensor, flags: Tensor, box: _Box) -> Tensor:
    """[4, 1, 1]: variance of the noise of R, G, B and R+G+B among the ``flags`` in ``box``, in 250/4096 squared grey levels."""
    import torch

    step = _quotient((box.bottom - box.top) * (box.right - box.left), SAMPLES).clamp(min=1)
    row = _places(box.size_px, 1) - box.top - 1
    windows = _flag(_nine(flags * box.flags()) > 8) * _flag(_quotient(row, step) * step == row)
    response = _second_difference(_second_difference(pixels, 1), 2)
    response = torch.cat([response, response.sum(0, keepdim=True)]).abs()
    limits = torch.tensor([128.0, 128.0, 128.0, 384.0]).reshape(4, 1, 1)
    count = _count(windows)
    median = _ranked(response, windows, _quotient(count, 2), 0, 384).minimum(limits)
    return median * median * _flag(count > 0)


def _grain(missing: Tensor, bells: Tensor) -> Tensor:
    """Noise [3, N, N] in grey levels for :func:`_spread_of_noise`'s variances."""
    each = missing[:3]
    beyond = (missing[3:] - each.sum(0, keepdim=True)).clamp(min=0)
    shared = (41 * beyond + _quotient(2 * beyond, 3)).minimum(250 * each.amin(0, keepdim=True))  # 250 / 6 of it
    total = bells[:3] * _root(250 * each - shared) + bells[3:] * _root(shared)
    high = _quotient(total, 4096)  # total * 443 does not fit 24 bits, its halves do
    return _quotient(high * 443 + _quotient((total - 4096 * high) * 443 + (1 << 21), 4096), 1024)


def _quotient(a: Tensor, b: Tensor | int) -> Tensor:
    """``a // b`` of whole numbers, ``b`` > 0; half a unit keeps a division that rounds down from falling below the whole."""
    return ((a + 0.5) / b).floor() if isinstance(b, int) else ((a + 0.25) / b).floor()


def _root(a: Tensor) -> Tensor:
    """The whole part of the square root, however roughly a chip takes roots."""
    root = a.sqrt().floor()
    root = root - _flag(root * root > a)
    return root + _flag((root + 1) * (root + 1) <= a)


def _ranked(values: Tensor, flags: Tensor, rank: Tensor, low: int, high: int) -> Tensor:
    """[c, 1, 1]: the element of that ``rank`` among the ``values`` where ``flags``, in ``low`` to ``high``; by bisection."""
    least, most = rank * 0 + low, rank * 0 + high
    for _ in range((high - low).bit_length()):
        middle = _quotient(least + most, 2)
        enough = _flag(_count(_flag(values <= middle) * flags) > rank)
        most = enough * middle + (1 - enough) * most
        least = enough * least + (1 - enough) * (middle + 1)
    return least


def _flag(condition: Tensor) -> Tensor:
    return condition.float()


def _count(flags: Tensor) -> Tensor:
    return flags.sum((1, 2), keepdim=True)


def _length(planes: Tensor, axis: int) -> int:
    return int(planes.shape[axis])  # a tracer's sizes are tensors


def _places(size_px: int, axis: int) -> Tensor:
    import torch

    return torch.arange(size_px, dtype=torch.float32).reshape(1, -1, 1) if axis == 1 else _places(size_px, 1).reshape(1, 1, -1)


def _odd(number: Tensor) -> Tensor:
    return number - 2 * _quotient(number, 2)


def _halved(ends: tuple[Tensor, Tensor], odd: Tensor) -> tuple[Tensor, Tensor]:
    start, stop = ends
    return (start - odd) / 2, _quotient(stop - odd + 1, 2)


def _moved(planes: Tensor, by: Tensor, axis: int, step: int) -> Tensor:
    """``planes``, if ``by`` is 1, one place nearer to the start (``step`` 1) or to the end (-1) along ``axis``."""
    return by * _neighbour(planes, axis, step) + (1 - by) * planes


def _neighbour(planes: Tensor, axis: int, step: int) -> Tensor:
    """Each pixel's next (``step`` 1) or previous (-1) along ``axis``; beyond the rim 0."""
    import torch

    length = _length(planes, axis)
    if step == 1:
        return torch.cat([planes.narrow(axis, 1, length - 1), planes.narrow(axis, 0, 1) * 0], axis)
    return torch.cat([planes.narrow(axis, 0, 1) * 0, planes.narrow(axis, 0, length - 1)], axis)


def _nine(planes: Tensor) -> Tensor:
    for axis in (1, 2):
        planes = _neighbour(planes, axis, -1) + planes + _neighbour(planes, axis, 1)
    return planes


def _second_difference(planes: Tensor, axis: int) -> Tensor:
    return _neighbour(planes, axis, -1) - 2 * planes + _neighbour(planes, axis, 1)


def _four(planes: Tensor) -> Tensor:
    """Sums over 2x2."""
    pairs = planes[:, 0::2] + planes[:, 1::2]
    return pairs[..., 0::2] + pairs[..., 1::2]


def _doubled(planes: Tensor, ends: tuple[Tensor, Tensor], axis: int) -> Tensor:
    """Twice as long along ``axis``, times 4: 3 parts a pixel's own, 1 part its neighbour, at the box's ``ends`` its own."""
    import torch

    place = _places(_length(planes, axis), axis)
    first, last = _flag(place == ends[0]), _flag(place == ends[1] - 1)
    before = first * planes + (1 - first) * _neighbour(planes, axis, -1)
    after = last * planes + (1 - last) * _neighbour(planes, axis, 1)
    shape = [_length(planes, k) * (2 if k == axis else 1) for k in range(3)]
    return torch.stack([3 * planes + before, 3 * planes + after], axis + 1).reshape(shape)
