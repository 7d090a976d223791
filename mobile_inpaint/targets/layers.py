"""Names of a network's layers as every format knows them: a layer is a convolution and what follows it up to the next.

Converters rename what they convert, each in its own way, but all keep the order of execution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def layers(network: torch.nn.Module) -> list[str]:
    """The names of the network's convolutions, in the order in which they run; the n-th is the n-th in any format's graph.

    Args:
        network: fused: each of its convolutions is an ``nn.Conv2d`` that runs once.
    """
    return list(layer_sizes(network))


def layer_sizes(network: torch.nn.Module) -> dict[str, int]:
    """How many values each of :func:`layers` computes, by name, in that order."""
    import torch

    sizes: dict[str, int] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: sizes.update({name: output.numel()}))
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d)
    ]
    sized: Any = network
    try:
        with torch.inference_mode():
            sized.predict(torch.zeros(1, 4, sized.resolution, sized.resolution))
    finally:
        for hook in hooks:
            hook.remove()
    return sizes
