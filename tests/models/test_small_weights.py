"""Weights as 8-bit integers: a quarter of the room, read as any other file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from mobile_inpaint.checkpoints import compression
from mobile_inpaint.models.migan.family import FAMILY
from mobile_inpaint.models.registry import create_model, open_checkpoint, save_model


def test_a_small_file_is_the_network_again_nearly(tmp_path: Path) -> None:
    network = create_model("migan-lite", seed=5, resolution=64, ch_base=2048, ch_max=128, tensors=0)
    large, less = tmp_path / "large.safetensors", tmp_path / "small.safetensors"
    save_model(network, large)
    save_file(compression.small(load_file(large), FAMILY.small_weights), less)
    assert less.stat().st_size < 0.4 * large.stat().st_size
    again, _ = open_checkpoint(less)
    assert (again.resolution, again.look.side) == (64, 2)
    for (name, ours), theirs in zip(again.state_dict().items(), network.state_dict().values(), strict=True):
        assert ours.dtype == torch.float32, name
        most = float(theirs.abs().max())
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=0.005 * most, msg=name)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 10:50] = 1
    with torch.no_grad():
        torch.testing.assert_close(again(image, mask), network(image, mask), rtol=0, atol=0.02)


def test_a_channel_of_zeros_stays_zero() -> None:
    weight = torch.zeros(2, 3, 1, 1)
    weight[1] = 0.5
    assert torch.equal(compression.restored(compression.small({"a": weight}, lambda name: True))["a"][0], weight[0])
