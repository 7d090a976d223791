"""A smaller MI-GAN that starts as an approximation of a larger one, layer by layer, and not from noise.

First the photo is seen at half its size, if the smaller network sees it so: each level then does what the one twice as large
did, with its weights; the innermost is left out. Channels: of each set that must stay together (a skip and the map it is added
to), those that explain most of the set's variance, by pivoted Cholesky. Weights: one layer after the other, in the order in
which they run, by least squares from what the small network has made of its input so far to what the large one computes there,
as near to the large one's weights as that allows.

Source: layer-wise reconstruction as in He et al., Channel Pruning for Accelerating Very Deep Neural Networks (ICCV 2017);
channels by pivots instead of the lasso.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from mobile_inpaint.models import base
from mobile_inpaint.models.migan import SMALLEST, Generator
from mobile_inpaint.models.migan_blocks import Noise
from mobile_inpaint.training.halve import halved

POSITIONS = 2048
"""Of each map that are looked at, at random."""
RIDGE = 1e-4
"""Of the mean of the diagonal, added to it: keeps weights of channels that hardly vary from growing."""

Holed = torch.Tensor
"""[1, 4, R, R]: see :meth:`mobile_inpaint.models.base.Generator.predict`."""


@torch.no_grad()
def narrow(
    teacher: base.Generator,
    student: base.Generator,
    photos: Sequence[Holed],
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> None:
    """Gives ``student`` weights that do as nearly as they can what ``teacher`` does.

    Args:
        teacher: with plain convolutions (``tensors`` 0), in evaluation mode.
        student: of the same resolution and plain convolutions, with as many channels or fewer; ``patch`` may be 2 where the
            teacher's is 1.
        photos: what both are run on.
        progress: told (done, of, layer).

    Raises:
        ValueError: the networks do not fit together, or are no MI-GANs.
    """
    if not isinstance(teacher, Generator) or not isinstance(student, Generator):
        raise ValueError("only a MI-GAN can be narrowed to a MI-GAN")
    if teacher.resolution != student.resolution or teacher.variant.tensors or student.variant.tensors:
        raise ValueError("teacher and student must have the same resolution and plain convolutions")
    if student.variant.patch > teacher.variant.patch:
        teacher = halved(teacher)
    for ours, theirs in zip(_noises(student), _noises(teacher), strict=True):
        ours.load_state_dict(theirs.state_dict())
    channels = _channels(teacher, student, photos)
    expected = [_outputs(teacher, photo, number) for number, photo in enumerate(photos)]
    names, alike = list(expected[0]), True
    for done, name in enumerate(names):
        progress(done, len(names), name)
        layer = _conv(student, name)
        into = channels[_space_after(name, student)] if not name.endswith(("torgb", "detail")) else None
        alike &= _begin(layer, _conv(teacher, name), into)
        if alike:  # and so was every layer before it
            continue
        x = torch.cat([_read(layer, _input_of(student, photo, name), number) for number, photo in enumerate(photos)])
        y = torch.cat([outputs[name] for outputs in expected])
        _solve(layer, x, y if into is None else y[:, into])
    progress(len(names), len(names), "")


def _noises(network: Generator) -> list[Noise]:
    return [module for module in network.modules() if isinstance(module, Noise)]


def _conv(network: Generator, name: str) -> nn.Conv2d:
    return cast(nn.Conv2d, network.get_submodule(name))


def _space_after(name: str, student: Generator) -> str:
    """The set of channels that layer ``name`` writes: ``in``, ``skip`` or ``out`` and the side of the map."""
    part, _, block, *rest = name.split(".")
    side, layer = int(block[1:]), ".".join(rest)
    if layer == "fromrgb" or (part, layer) == ("encoder", "conv1.depthwise"):
        return f"in {side}"
    if part == "encoder":
        if layer in ("conv1.pointwise", "conv2.depthwise"):
            return f"skip {side}"
        return f"in {side // 2}" if side > SMALLEST else "innermost"
    if layer == "conv1.depthwise":
        return f"out {side // 2}" if side > SMALLEST else "innermost"
    return f"out {side}" if layer == "conv2.pointwise" else f"skip {side}"


def _channels(teacher: Generator, student: Generator, photos: Sequence[Holed]) -> dict[str, torch.Tensor]:
    """By set of channels, which of the teacher's the student keeps."""
    readers = {f"in {side}": f"encoder.blocks.b{side}.conv1.depthwise" for side in student.variant.sides}
    readers |= {f"skip {side}": f"synthesis.blocks.b{side}.conv2.depthwise" for side in student.variant.sides}
    readers |= {f"out {side}": f"synthesis.blocks.b{side}.torgb" for side in student.variant.sides}
    readers["innermost"] = f"synthesis.blocks.b{SMALLEST}.conv1.depthwise"
    chosen = {}
    for space, reader in readers.items():
        maps = [_some(_input_of(teacher, photo, reader).flatten(2)[0].T, number) for number, photo in enumerate(photos)]
        side = SMALLEST if space == "innermost" else int(space.split()[1])
        chosen[space] = _pivots(torch.cov(torch.cat(maps).T.double()), student.variant.channels(side))
    return chosen


def _pivots(covariance: torch.Tensor, count: int) -> torch.Tensor:
    """The ``count`` variables that pivoted Cholesky takes first, sorted."""
    left, found = covariance.clone(), list[int]()
    negligible = 1e-12 * covariance.diagonal().max()
    for _ in range(count):
        pivot = int(left.diagonal().index_fill(0, torch.tensor(found, dtype=torch.long), -torch.inf).argmax())
        found.append(pivot)
        if left[pivot, pivot] > negligible:  # else those found explain all there is, and what is left is rounding
            column = left[:, pivot] / left[pivot, pivot].sqrt()
            left = left - torch.outer(column, column)
    return torch.tensor(sorted(found))


class _Reached(Exception):
    """The layer that was asked for is reached; what lies behind it is not computed."""


def _input_of(network: Generator, photo: Holed, name: str) -> torch.Tensor:
    seen: list[torch.Tensor] = []

    def stop(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0])
        raise _Reached

    hook = network.get_submodule(name).register_forward_pre_hook(stop)
    try:
        network.predict(photo)
    except _Reached:
        pass
    finally:
        hook.remove()
    return seen[0]


def _outputs(network: Generator, photo: Holed, seed: int) -> dict[str, torch.Tensor]:
    """Of every convolution, in the order in which they run, what it makes of some positions: [positions, channels]."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str, output: torch.Tensor) -> None:
        seen[name] = _some(output.flatten(2)[0].T, seed)

    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: keep(name, output))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    network.predict(photo)
    for hook in hooks:
        hook.remove()
    return seen


def _some(rows: torch.Tensor, seed: int) -> torch.Tensor:
    """At most :data:`POSITIONS` of the rows, the same for the same seed and number of rows."""
    return rows[_positions(len(rows), seed)]


def _positions(count: int, seed: int) -> torch.Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:POSITIONS]


def _read(layer: nn.Conv2d, given: torch.Tensor, seed: int) -> torch.Tensor:
    """What ``layer`` reads where :func:`_some` looks at its output: [positions, inputs · taps]."""
    (down, right), (stride, _) = cast(tuple[int, int], layer.kernel_size), cast(tuple[int, int], layer.stride)
    above, left = cast(tuple[int, int], layer.padding)
    padded = F.pad(given[0], (left, left, above, above))
    height, width = ((side - taps) // stride + 1 for side, taps in zip(padded.shape[1:], (down, right), strict=True))
    position = _positions(height * width, seed)
    y, x = position // width * stride, position % width * stride
    taps = [padded[:, y + row, x + column] for row in range(down) for column in range(right)]
    return torch.stack(taps, dim=1).flatten(0, 1).T


def _begin(layer: nn.Conv2d, counterpart: nn.Conv2d, into: torch.Tensor | None) -> bool:
    """Gives the layer those of its counterpart's weights that it has room for, if it reads as many channels; else none.

    Returns:
        whether the two are now the same.
    """
    weight = counterpart.weight if into is None else counterpart.weight[into]
    layer.weight.copy_(weight if weight.shape == layer.weight.shape else torch.zeros_like(layer.weight))
    if layer.bias is not None and counterpart.bias is not None:
        layer.bias.copy_(counterpart.bias if into is None else counterpart.bias[into])
    return layer.weight.shape == counterpart.weight.shape


def _solve(layer: nn.Conv2d, x: torch.Tensor, y: torch.Tensor) -> None:
    """Moves the layer's weights to those that take ``x`` nearest to ``y``, no farther than they have to."""
    start = layer.weight.flatten(1).double().view(layer.groups, -1, layer.weight[0].numel()).mT  # [groups, inputs, outputs]
    x, y = x.double(), y.double()
    if layer.groups > 1:
        x, y = x.view(len(x), layer.groups, -1).transpose(0, 1), y.T[..., None]
    else:
        x, y = x[None], y[None]
    if layer.bias is not None:
        x = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
        start = torch.cat([start, layer.bias.double().view(layer.groups, 1, -1)], dim=1)
    gram = x.mT @ x
    ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None] * torch.eye(gram.shape[-1], dtype=x.dtype)
    solution = (start + torch.linalg.solve(gram + ridge, x.mT @ (y - x @ start))).float()
    if layer.bias is not None:
        layer.bias.copy_(solution[:, -1].flatten())
        solution = solution[:, :-1]
    layer.weight.copy_(solution.mT.reshape(layer.weight.shape))
