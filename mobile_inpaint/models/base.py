"""What every network here is, whatever its family."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar, cast

import torch
from torch import nn


class Fusable(Protocol):
    """A block that trains in one form and ships in a plainer, equal one."""

    def fuse(self) -> nn.Module:
        """A new module with the same output in fewer operations; this one is left as it is."""
        ...


G = TypeVar("G", bound="Generator")


class Generator(nn.Module):
    """A Fill on tensors: ``generator(image, mask) -> image``.

    The family's own normalisation and mask polarity live inside its ``forward``; outside there is one convention.

    Attributes:
        name: of its variant, for example ``migan-512``.
        resolution: side in px of the square images it takes.
    """

    name: str
    resolution: int

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The filled image.

        Args:
            image: float [N, 3, R, R], RGB in [0,1]; what lies under the hole is not read.
            mask: float [N, 1, R, R], 1 = hole, 0 = keep.

        Returns:
            float [N, 3, R, R] in [0,1]; outside the hole exactly ``image``.
        """
        known = image * (1 - mask)
        return known + self.predict(torch.cat([mask, known], dim=1)).clamp(0, 1) * mask

    def predict(self, holed: torch.Tensor) -> torch.Tensor:
        """The network's own image, neither bounded nor composited: float [N, 3, R, R], nominally RGB in [0,1].

        Args:
            holed: float [N, 4, R, R]: the mask (1 = hole), then RGB in [0,1] with 0 in the hole. One tensor, because a target
                whose layout is channels-last must join the two in that layout, or pay for transposing them.
        """
        raise NotImplementedError

    def activations(self) -> Iterable[nn.Module]:
        """The modules whose output the export watches for its largest magnitude; by default none."""
        return ()

    def fold(self, *, largest_activation: float) -> None:
        """Moves constants between modules, in place and exactly, so that fewer operations remain; by default nothing.

        Called on a fused copy by the export.

        Args:
            largest_activation: the largest magnitude any activation reached on the golden photos; a guard that it stays
                far below may be dropped.
        """


def count_parameters(module: nn.Module) -> int:
    """Learned numbers in ``module``; fixed filters are buffers and do not count."""
    return sum(parameter.numel() for parameter in module.parameters())


@contextmanager
def watched_activations(generator: Generator) -> Iterator[Callable[[], float]]:
    """Inside the ``with``, a function that says the largest magnitude which any of the activations reached so far."""
    largest = 0.0

    def watch(_: nn.Module, __: object, output: torch.Tensor) -> None:
        nonlocal largest
        largest = max(largest, output.detach().abs().max().item())

    hooks = [module.register_forward_hook(watch) for module in generator.activations()]
    try:
        yield lambda: largest
    finally:
        for hook in hooks:
            hook.remove()


def fused(generator: G) -> G:
    """A copy of ``generator`` with every block replaced by its ``fuse()``, in evaluation mode; nothing is folded yet."""
    plain = in_memory_format(copy.deepcopy(generator).eval(), torch.contiguous_format)
    _fuse(plain)
    return plain


def _fuse(module: nn.Module) -> None:
    for name, child in module.named_children():
        if hasattr(child, "fuse"):
            setattr(module, name, cast(Fusable, child).fuse())
        else:
            _fuse(child)


def in_memory_format(generator: G, memory_format: torch.memory_format) -> G:
    """``generator``, the weights of its convolutions laid out in memory as said; the same object."""
    for parameter in generator.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)
    return generator
