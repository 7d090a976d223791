"""Names of a network's layers as every format knows them: a layer is a convolution and what follows it up to the next.

Converters rename what they convert, each in its own way, but all keep the order of execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LayerCall:
    """One call of a convolution.

    Attributes:
        weight_shape: out, in / groups, height, width.
        values: how many numbers it computes.
    """

    weight_shape: tuple[int, ...]
    values: int


def layers(network: torch.nn.Module) -> list[str]:
    """The names of the network's convolutions, in the order in which they run; the n-th is the n-th in any format's graph.

    A module's first call has the module's name, its second ``NAME:2``. A convolution that is no module, with a fixed filter, is
    named ``MODULE/conv2d`` after the module whose ``forward`` calls it.

    Args:
        network: fused.
    """
    return list(layer_calls(network))


def layer_calls(network: torch.nn.Module) -> dict[str, LayerCall]:
    """Each of :func:`layers`, by name, in that order."""
    import torch
    from torch.overrides import TorchFunctionMode

    calls: dict[str, LayerCall] = {}
    running: list[str] = []

    class Recorder(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            output = function(*args, **(kwargs or {}))
            if function in (torch.conv2d, torch.nn.functional.conv2d):
                weight = args[1] if len(args) > 1 else (kwargs or {})["weight"]
                inside = running[-1] if running else ""
                own = isinstance(network.get_submodule(inside), torch.nn.Conv2d)
                name = inside if own else f"{inside}/conv2d"
                number = sum(1 for known in calls if known.partition(":")[0] == name)
                calls[f"{name}:{number + 1}" if number else name] = LayerCall(tuple(weight.shape), output.numel())
            return output

    hooks = []
    for name, module in network.named_modules():
        hooks.append(module.register_forward_pre_hook(lambda _, __, name=name: running.append(name)))
        hooks.append(module.register_forward_hook(lambda _, __, ___: running.pop() and None))
    sized: Any = network
    channels = 4 + len(getattr(sized, "guides", ()))
    try:
        with torch.inference_mode(), Recorder():
            sized.predict(torch.zeros(1, channels, sized.resolution, sized.resolution))
    finally:
        for hook in hooks:
            hook.remove()
    return calls
