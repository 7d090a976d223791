"""What 8-bit arithmetic needs on the torch side: channels of one map brought to like ranges, without changing the network.

A map has one 8-bit scale for all its channels, so a channel whose values stay small keeps few of the 256 levels. Convolutions,
ReLU and leaky ReLU commute with positive factors per channel: one convolution may write a channel smaller if those that read it
weigh it more. Rounding and training with it follow in the files of the formats and of training.

Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction (ICCV 2019), section 4.1; here
the factors equalize ranges of activations measured on photos, as in SmoothQuant (Xiao et al., ICML 2023), equation 4.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import fx, nn

from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.layers.constant import AddConstant
from mobile_inpaint.photo.image import Sample

LEVELS = 256
LARGEST_CONSTANT = 1 << 20
"""Values; in 8 bits a megabyte, the sixth part of MI-GAN's weights."""
_SMALLEST = 1e-6
"""Of a channel's range against its map's mean one: below, the channel is dead and keeps its factor within reason."""


@torch.no_grad()
def equalize(network: Generator, samples: Iterable[Sample], exponent: float = 0.5) -> Generator:
    """A copy of ``network``, equal to it, whose maps have channels of more equal ranges.

    Each channel is divided by (its range / the geometric mean over the map's channels) ** ``exponent``. A constant that is
    added to a map is divided with it: one map for all channels becomes one a channel, so it should be small or go first
    (:func:`drop_constants`).

    Args:
        network: fused and folded. Factors pass through convolutions, ReLU, leaky ReLU, additions, resizing and
            multiplication by constants; maps that any other operation reads or writes stay as they are. A network that
            cannot be traced is returned unchanged.
        samples: images and masks on which ranges are measured.
        exponent: 0 changes nothing, 1 makes all ranges equal.
    """
    equal = copy.deepcopy(network)
    predict = _Predict(equal)
    try:
        graph = fx.symbolic_trace(predict)
    except Exception:  # control flow that depends on values
        return equal
    spaces = _Spaces(graph)
    watch = _LargestPerChannel(graph)
    for image, mask in samples:
        hole = torch.from_numpy(mask)
        watch.run(torch.cat([hole, torch.from_numpy(image) * (1 - hole)], dim=1))
    factors = spaces.factors(watch.largest, exponent)
    for node in graph.graph.nodes:
        if isinstance(module := _module(graph, node), nn.Conv2d):
            _rescale(module, factors.get(spaces.of(node.all_input_nodes[0])), factors.get(spaces.of(node)))
        elif (constant := _added_constant(node)) is not None and (divisor := factors.get(spaces.of(node))) is not None:
            owner, _, name = str(constant.target).rpartition(".")
            module = predict.get_submodule(owner)  # a traced graph holds the tensor and not the module it is from
            setattr(module, name, getattr(module, name) / divisor[None, :, None, None])
    return equal


@torch.no_grad()
def drop_constants(network: Generator, samples: Iterable[Sample]) -> Generator:
    """A copy of ``network`` without the constant maps that 8 bits would lose, or that would weigh more than they are worth.

    The first vary by less than half a level of the map they are added to; the second have more than :data:`LARGEST_CONSTANT`
    values, one a channel, when they are equalized.

    Args:
        network: fused and folded.
        samples: images and masks on which the ranges are measured that 256 levels must cover.
    """
    plain = copy.deepcopy(network)
    constants = added_constants(plain)
    low, high, size = dict.fromkeys(constants, 0.0), dict.fromkeys(constants, 0.0), dict.fromkeys(constants, 0)

    def watch(name: str, output: torch.Tensor) -> None:
        low[name], high[name] = min(low[name], float(output.min())), max(high[name], float(output.max()))
        size[name] = output[0].numel()

    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: watch(name, output)) for name, module in constants.items()
    ]
    for image, mask in samples:
        plain(torch.from_numpy(image), torch.from_numpy(mask))
    for hook in hooks:
        hook.remove()
    for name, module in constants.items():
        if float(module.const.std()) < (high[name] - low[name]) / LEVELS / 2 or size[name] > LARGEST_CONSTANT:
            owner, _, attribute = name.rpartition(".")
            setattr(plain.get_submodule(owner), attribute, nn.Identity())
    return plain


def added_constants(network: nn.Module) -> dict[str, AddConstant]:
    """The modules of a fused network that add a constant map, by name."""
    return {name: module for name, module in network.named_modules() if isinstance(module, AddConstant)}


class _Predict(nn.Module):
    """The part of a Generator that a format quantizes."""

    def __init__(self, network: Generator) -> None:
        super().__init__()
        self.network = network

    def forward(self, holed: torch.Tensor) -> torch.Tensor:
        return self.network.predict(holed)


class _Spaces:
    """Which maps must share their channels' factors: those between two convolutions."""

    def __init__(self, graph: fx.GraphModule) -> None:
        self._parent: dict[fx.Node, fx.Node] = {}
        fixed: list[fx.Node] = []
        for node in graph.graph.nodes:
            self._parent[node] = node
            module = _module(graph, node)
            if isinstance(module, nn.Conv2d):
                continue
            maps = [source for source in node.all_input_nodes if source.op != "get_attr"]
            for source in maps:
                self._join(node, source)
            passes = isinstance(module, nn.ReLU | nn.LeakyReLU | nn.Identity) or node.op == "get_attr"
            if not passes and not _is_homogeneous(node, maps):
                fixed.append(node)
        self._fixed = {self.of(node) for node in fixed}

    def of(self, node: fx.Node) -> fx.Node:
        """The node that stands for the space of ``node``."""
        while self._parent[node] is not node:
            node = self._parent[node]
        return node

    def factors(self, largest: dict[fx.Node, torch.Tensor], exponent: float) -> dict[fx.Node, torch.Tensor]:
        """By space, what each channel is divided by; a space without an entry stays as it is."""
        ranges: dict[fx.Node, torch.Tensor] = {}
        for node, values in largest.items():
            space = self.of(node)
            if space not in self._fixed:
                ranges[space] = torch.maximum(ranges[space], values) if space in ranges else values
        return {space: _relative(values) ** exponent for space, values in ranges.items()}

    def _join(self, one: fx.Node, other: fx.Node) -> None:
        self._parent[self.of(one)] = self.of(other)


class _LargestPerChannel(fx.Interpreter):
    """Runs a graph and keeps the largest magnitude of every channel of every map, over all runs."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.largest: dict[fx.Node, torch.Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        """See the base class."""
        value = super().run_node(n)
        is_map = isinstance(value, torch.Tensor) and value.dim() == 4 and value.is_floating_point()
        if is_map and n.op not in ("get_attr", "output"):
            largest = value.abs().amax(dim=(0, 2, 3))
            before = self.largest.get(n)
            self.largest[n] = largest if before is None else torch.maximum(before, largest)
        return value


def _relative(ranges: torch.Tensor) -> torch.Tensor:
    bounded = ranges.clamp(min=_SMALLEST * float(ranges.mean()) + 1e-30)
    return bounded / bounded.log().mean().exp()


def _rescale(conv: nn.Conv2d, entering: torch.Tensor | None, leaving: torch.Tensor | None) -> None:
    if entering is not None:
        per_input = entering[:, None] if conv.groups > 1 else entering[None]
        conv.weight.mul_(per_input[..., None, None])
    if leaving is not None:
        conv.weight.div_(leaving[:, None, None, None])
        if conv.bias is not None:
            conv.bias.div_(leaving)


def _module(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None


def _is_homogeneous(node: fx.Node, maps: list[fx.Node]) -> bool:
    """Whether the node's operation, on these maps and otherwise constants, commutes with factors per channel.

    So does a sum with a constant tensor, if that is rescaled with the map; a sum with a number does not.
    """
    name = getattr(node.target, "__name__", str(node.target))
    if name == "add":
        return all(isinstance(argument, fx.Node) for argument in node.args)
    return name in ("interpolate", "relu", "leaky_relu") or (name == "mul" and len(maps) == 1)


def _added_constant(node: fx.Node) -> fx.Node | None:
    """What is added to a map, if it is a constant."""
    adds = getattr(node.target, "__name__", "") == "add"
    return next((source for source in node.all_input_nodes if source.op == "get_attr"), None) if adds else None
