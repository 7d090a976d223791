"""A generator that rounds in training as its 8-bit form will: quantization-aware training.

Ranges are those that the export takes: of the equalized network without the constants that 8 bits would lose, its negative
values counted by the slope of the leaky ReLU behind them (docs/quantization.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mobile_inpaint.artifact import Quantization
from mobile_inpaint.models.base import Generator, watched_activations
from mobile_inpaint.models.layers.repconv import RepConv2d
from mobile_inpaint.photo.image import Sample
from mobile_inpaint.quantization.equalization import added_constants, drop_constants, equalize
from mobile_inpaint.quantization.fake_quantize import RoundedConv2d, with_rounding
from mobile_inpaint.targets.observers import Histogram

PROPORTIONAL = 1e-3
"""How far a map may be from the equalized network's, its channels scaled. The picture itself is another, and not rounded."""

_Maps = dict[tuple[str, str], Tensor]
"""What each convolution ``read`` and ``written``, by its name."""


@torch.no_grad()
def round_generator(generator: Generator, samples: Sequence[tuple[Tensor, Tensor]], settings: Quantization) -> None:
    """Makes every convolution of ``generator`` round its weights, and its input and output by their ranges, in place.

    Constants that 8 bits would lose are silenced.

    Args:
        generator: with plain convolutions and the noise that ships.
        samples: (image [3, S, S], mask [1, S, S]) on which the ranges are taken.
        settings: how.

    Raises:
        ValueError: it is none.
    """
    if any(isinstance(module, RepConv2d) for module in generator.modules()):
        raise ValueError("only a network with plain convolutions can learn to be rounded")
    generator.eval()
    arrays: list[Sample] = [(image[None].numpy(), mask[None].numpy()) for image, mask in samples]
    with watched_activations(generator) as largest_activation:
        for sample in samples:
            _run(generator, sample)
    plain = generator.plain()
    plain.fold(largest_activation=largest_activation())
    small = drop_constants(plain, arrays)
    generator.silence_constants([name for name in added_constants(plain) if isinstance(small.get_submodule(name), nn.Identity)])
    equal = equalize(small, arrays, settings.equalization)

    histograms: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
    for sample in samples:
        for key, values in _maps(equal, sample).items():
            histograms[key].add(values.numpy())
    ours, theirs = _maps(generator, samples[0]), _maps(equal, samples[0])
    with_rounding(generator)
    for (name, way), values in ours.items():
        factor = _factors(values, theirs[name, way])
        if factor is None:
            continue
        convolution = generator.get_submodule(name)
        assert isinstance(convolution, RoundedConv2d)
        if way == "read":
            convolution.factor.copy_(factor)
        slope = generator.output_slope(name) if way == "written" else 1.0
        low, high = histograms[name, way].range(settings, slope)
        getattr(convolution, way).copy_(torch.stack([low * factor, high * factor]))
    generator.train()


def _maps(network: Generator, sample: tuple[Tensor, Tensor]) -> _Maps:
    found: _Maps = {}

    def note(name: str, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found[name, "read"], found[name, "written"] = inputs[0], output

    hooks = [
        module.register_forward_hook(lambda _, inputs, output, name=name: note(name, inputs, output))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    _run(network, sample)
    for hook in hooks:
        hook.remove()
    return found


def _run(network: Generator, sample: tuple[Tensor, Tensor]) -> None:
    image, mask = sample
    network(image[None], mask[None])


def _factors(ours: Tensor, theirs: Tensor) -> Tensor | None:
    """By what each channel of ``theirs`` must be multiplied to be ``ours``, [1, C, 1, 1]; None where no factors do that."""
    factor = (ours * theirs).sum((0, 2, 3), keepdim=True) / theirs.square().sum((0, 2, 3), keepdim=True).clamp_min(1e-30)
    left = (ours - factor * theirs).square().sum() / ours.square().sum()
    silent = factor <= 0  # a dead channel, which may have any
    return None if left > PROPORTIONAL**2 else torch.where(silent, factor[~silent].median(), factor)
