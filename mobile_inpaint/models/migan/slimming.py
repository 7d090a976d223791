"""A smaller MI-GAN that starts as an approximation of a larger one, layer by layer, and not from noise.

First the photo is seen at half its size, if the smaller network sees it so: each level then does what the one twice as large
did, with its weights; the innermost is left out. Channels: of each set that must stay together (a skip and the map it is added
to), those that explain most of the set's variance, by pivoted Cholesky. Weights: one layer after the other, in the order in
which they run, by least squares from what the small network has made of its input so far to what the large one computes there,
as near to the large one's weights as that allows.

A larger kernel in the first layer stands for the separable convolution that the larger network has behind its own (``stem`` of
:class:`~mobile_inpaint.models.migan.network.Variant`), and is fitted to what that makes.

Source: layer-wise reconstruction as in He et al., Channel Pruning for Accelerating Very Deep Neural Networks (ICCV 2017);
channels by pivots instead of the lasso.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from mobile_inpaint.models import base
from mobile_inpaint.models.migan.blocks import Noise
from mobile_inpaint.models.migan.network import Generator
from mobile_inpaint.models.migan.variants import SMALLEST

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
    if student.variant.stem < teacher.variant.stem:
        raise ValueError("a teacher whose first convolution stands for two more cannot tell what those would do")
    for ours, theirs in zip(_noises(student), _noises(teacher), strict=True):
        ours.load_state_dict(theirs.state_dict())
    readers = _readers(student)
    read, made = _seen(teacher, photos, set(readers.values()))
    channels = {space: _pivots(torch.cov(read[name].T.double()), _size(space, student)) for space, name in readers.items()}
    layers, alike = dict(student.named_modules()), True
    names = [name for name in made if name in layers]

    def fit(done: int, layer: nn.Conv2d, given: torch.Tensor) -> None:
        nonlocal alike
        name = names[done]
        progress(done, len(names), name)
        into = channels[_space_after(name, student)] if not name.endswith(("torgb", "detail")) else None
        followed = _followed(name, student, teacher)
        alike &= _begin(layer, _conv(teacher, followed), into)
        if not alike:  # or some layer before it is not
            _solve(layer, _taps(layer, given), made[followed] if into is None else made[followed][:, into])

    hooks = [
        _conv(student, name).register_forward_pre_hook(lambda layer, given, done=done: fit(done, layer, given[0]))
        for done, name in enumerate(names)
    ]
    student.predict(torch.cat(list(photos)))  # one pass: each layer is fitted just before it runs
    for hook in hooks:
        hook.remove()
    progress(len(names), len(names), "")


@torch.no_grad()
def halved(network: Generator) -> Generator:
    """The same network one size down: its level of side r does what that of 2r did; the innermost level is left out.

    A network of convolutions does not know how large a photo is. What it then paints is half as sharp, at a quarter of the
    operations; the layer that adds detail starts silent.

    Args:
        network: with plain convolutions and ``patch`` 1.

    Raises:
        ValueError: it has neither, or no level to spare.
    """
    if network.variant.tensors or network.variant.patch != 1:
        raise ValueError("only a network with plain convolutions that sees every pixel can be halved")
    result = Generator(network.name, replace(network.variant, ch_base=network.variant.ch_base // 2, patch=2)).eval()
    theirs = network.state_dict()
    for key, value in result.state_dict().items():
        if key.startswith("synthesis.detail."):
            value.zero_()
            continue
        source = theirs[re.sub(r"\.b(\d+)\.", lambda level: f".b{2 * int(level[1])}.", key)]
        value.copy_(source[: len(value), : len(value)] if key.endswith(".const") else source)
    return result


def _noises(network: Generator) -> list[Noise]:
    return [module for module in network.modules() if isinstance(module, Noise)]


def _conv(network: Generator, name: str) -> nn.Conv2d:
    return cast(nn.Conv2d, network.get_submodule(name))


def _followed(name: str, student: Generator, teacher: Generator) -> str:
    """The teacher's layer that the student's layer ``name`` does the work of."""
    if name.endswith("fromrgb") and student.variant.stem > teacher.variant.stem:
        return name.replace("fromrgb", "conv1.pointwise")
    return name


def _space_after(name: str, student: Generator) -> str:
    """The set of channels that layer ``name`` writes: ``in``, ``skip`` or ``out`` and the side of the map."""
    part, _, block, *rest = name.split(".")
    side, layer = int(block[1:]), ".".join(rest)
    if layer == "fromrgb" and student.variant.stem > 1:
        return f"skip {side}"
    if layer == "fromrgb" or (part, layer) == ("encoder", "conv1.depthwise"):
        return f"in {side}"
    if part == "encoder":
        if layer in ("conv1.pointwise", "conv2.depthwise"):
            return f"skip {side}"
        return f"in {side // 2}" if side > SMALLEST else "innermost"
    if layer == "conv1.depthwise":
        return f"out {side // 2}" if side > SMALLEST else "innermost"
    return f"out {side}" if layer == "conv2.pointwise" else f"skip {side}"


def _readers(student: Generator) -> dict[str, str]:
    """By set of channels, a layer that reads it."""
    sides = student.variant.sides
    through = sides if student.variant.stem == 1 else sides[:-1]  # a larger stem writes the outermost skip itself
    return {
        **{f"in {side}": f"encoder.blocks.b{side}.conv1.depthwise" for side in through},
        **{f"skip {side}": f"synthesis.blocks.b{side}.conv2.depthwise" for side in sides},
        **{f"out {side}": f"synthesis.blocks.b{side}.torgb" for side in sides},
        "innermost": f"synthesis.blocks.b{SMALLEST}.conv1.depthwise",
    }


def _size(space: str, student: Generator) -> int:
    """How many channels the student has of that set."""
    return student.variant.channels(SMALLEST if space == "innermost" else int(space.split()[1]))


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


def _seen(
    network: Generator, photos: Sequence[Holed], readers: Collection[str]
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """What ``readers`` read and what every convolution makes of the photos, in the order in which they run.

    Returns:
        by layer, [positions, channels]; of each photo some positions.
    """
    read, made = defaultdict[str, list[torch.Tensor]](list), defaultdict[str, list[torch.Tensor]](list)

    def keep(name: str, given: torch.Tensor, output: torch.Tensor) -> None:
        if name in readers:
            read[name].append(_some(given[0].flatten(1).T, len(read[name])))
        made[name].append(_some(output[0].flatten(1).T, len(made[name])))

    hooks = [
        module.register_forward_hook(lambda _, given, output, name=name: keep(name, given[0], output))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    for photo in photos:  # not all at once: a large network's maps of all of them may be more than there is memory for
        network.predict(photo)
    for hook in hooks:
        hook.remove()
    return {name: torch.cat(rows) for name, rows in read.items()}, {name: torch.cat(rows) for name, rows in made.items()}


def _some(rows: torch.Tensor, seed: int) -> torch.Tensor:
    """At most :data:`POSITIONS` of the rows, the same for the same seed and number of rows."""
    return rows[_positions(len(rows), seed)]


def _positions(count: int, seed: int) -> torch.Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:POSITIONS]


def _taps(layer: nn.Conv2d, given: torch.Tensor) -> torch.Tensor:
    """What ``layer`` reads of [N, C, H, W] where :func:`_some` looks at its outputs: [positions, inputs · taps]."""
    (down, right), (stride, _) = cast(tuple[int, int], layer.kernel_size), cast(tuple[int, int], layer.stride)
    above, left = cast(tuple[int, int], layer.padding)
    rows = []
    for number, photo in enumerate(given):
        padded = F.pad(photo, (left, left, above, above))
        height, width = ((side - taps) // stride + 1 for side, taps in zip(padded.shape[1:], (down, right), strict=True))
        position = _positions(height * width, number)
        y, x = position // width * stride, position % width * stride
        taps = [padded[:, y + row, x + column] for row in range(down) for column in range(right)]
        rows.append(torch.stack(taps, dim=1).flatten(0, 1).T)
    return torch.cat(rows)


def _begin(layer: nn.Conv2d, counterpart: nn.Conv2d, into: torch.Tensor | None) -> bool:
    """Gives the layer those of its counterpart's weights that it has room for, if it reads as many channels; else none.

    Returns:
        whether the two are now the same.
    """
    weight = counterpart.weight if into is None else counterpart.weight[into]
    layer.weight.copy_(weight if weight.shape == layer.weight.shape else torch.zeros_like(layer.weight))
    if layer.bias is not None and counterpart.bias is None:
        layer.bias.zero_()
    elif layer.bias is not None and counterpart.bias is not None:
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
