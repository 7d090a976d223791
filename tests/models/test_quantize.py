"""Equalization changes ranges and not the network; faint constants go, strong ones stay."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mobile_inpaint.data.golden_photos import golden_photos
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.migan.blocks import AddConstant
from mobile_inpaint.quantization.equalization import drop_constants, equalize

SAMPLES = [(photo.image, photo.mask) for photo in golden_photos(64)]


def outputs(network: Generator) -> np.ndarray:
    with torch.inference_mode():
        return torch.cat([network(torch.from_numpy(image), torch.from_numpy(mask)) for image, mask in SAMPLES]).numpy()


def unevenness(network: Generator) -> dict[str, float]:
    """By convolution: the spread of the logarithms of its channels' ranges."""
    found: dict[str, torch.Tensor] = {}

    def watch(name: str, output: torch.Tensor) -> None:
        found[name] = torch.maximum(found.get(name, torch.tensor(0.0)), output.abs().amax(dim=(0, 2, 3)))

    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: watch(name, output))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and not name.endswith("torgb")
    ]
    outputs(network)
    for hook in hooks:
        hook.remove()
    return {name: float((values + 1e-9).log().std()) for name, values in found.items()}


def test_equalizing_is_exact(small_prepared: Prepared) -> None:
    before = outputs(small_prepared.network)
    np.testing.assert_allclose(outputs(equalize(small_prepared.network, SAMPLES, 0.5)), before, atol=2e-5)
    assert np.array_equal(outputs(small_prepared.network), before), "the network itself is left as it was"


def test_equalizing_makes_channels_alike(small_prepared: Prepared) -> None:
    before, after = unevenness(small_prepared.network), unevenness(equalize(small_prepared.network, SAMPLES, 0.5))
    assert np.mean(list(after.values())) < 0.7 * np.mean(list(before.values()))


def test_exponent_zero_changes_nothing(small_prepared: Prepared) -> None:
    same = equalize(small_prepared.network, SAMPLES[:1], 0.0)
    for before, after in zip(small_prepared.network.parameters(), same.parameters(), strict=True):
        assert torch.equal(before, after)


def test_a_clamp_keeps_its_map_as_it_is(small_prepared: Prepared) -> None:
    class Clamped(Generator):
        name, resolution = "clamped", 64

        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv2d(4, 8, 1), nn.Conv2d(8, 3, 1)

        def predict(self, holed: torch.Tensor) -> torch.Tensor:
            return self.last(self.first(holed).clamp(-0.1, 0.1))  # type: ignore[no-any-return]

    network = Clamped()
    equal = equalize(network, SAMPLES, 0.5)
    assert torch.equal(equal.first.weight, network.first.weight)
    assert np.array_equal(outputs(equal), outputs(network))


def test_constants_that_8_bits_would_lose_are_dropped(small_prepared: Prepared) -> None:
    def constants(network: Generator) -> list[str]:
        return [name for name, module in network.named_modules() if isinstance(module, AddConstant)]

    every = constants(small_prepared.network)
    assert constants(drop_constants(small_prepared.network, SAMPLES)) == every, "strength 0.1 is far above half a level"
    faint = equalize(small_prepared.network, SAMPLES, 0.0)
    with torch.no_grad():
        faint.get_submodule(every[0]).const.mul_(1e-4)
    assert constants(drop_constants(faint, SAMPLES)) == every[1:]
