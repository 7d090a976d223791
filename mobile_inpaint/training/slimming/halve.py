"""A MI-GAN that sees its photo at half the size, with the weights of one that sees it whole."""

from __future__ import annotations

import re
from dataclasses import replace

import torch

from mobile_inpaint.models.migan.network import Generator


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
