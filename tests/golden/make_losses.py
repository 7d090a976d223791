"""Makes migan/losses_r16.safetensors: losses, gradients and the R1 penalty of a tiny network, by our own code.

The authors' own vectors of this (1.9 MB) are not in the repository. tests/training/test_migan_golden.py compares our code with
them if MOBILE_INPAINT_SHARED is set, and with this file in every clone. Run this script again only if the arithmetic changes on
purpose, and only after the comparison with the authors' vectors has passed:

    MOBILE_INPAINT_SHARED=../shared python -m pytest tests/training/test_migan_golden.py && python tests/golden/make_losses.py
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mobile_inpaint import create_model
from mobile_inpaint.models.base import Generator, GeneratorOutput
from mobile_inpaint.models.migan.discriminator import Discriminator
from mobile_inpaint.training.losses.terms import LossConfig, Losses

FILE = Path(__file__).parent / "migan/losses_r16.safetensors"
NUMBERS = {"resolution": 16, "ch_base": 256, "ch_max": 16, "tensors": 2}
LEVELS_FROM_PX = 8


def networks() -> tuple[Generator, Discriminator]:
    """With random weights, biases and noise that matter."""
    torch.manual_seed(20530)
    generator, discriminator = create_model("migan-256", seed=20530, **NUMBERS), Discriminator(16, 256, 16, 2)
    for network in (generator, discriminator):
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name.endswith("bias"):
                    parameter.normal_(0, 0.3)
    return generator, discriminator


def main() -> None:
    generator, discriminator = networks()
    image = torch.rand(4, 3, 16, 16)
    mask = torch.zeros(4, 1, 16, 16)
    for number in range(4):
        mask[number, :, 2 + number : 12, 3 : 8 + 2 * number] = 1
    levels = {side: torch.randn(4, 3, side, side) / 2 for side in (4, 8, 16)}
    kept = {"image": image, "mask": mask, **{f"level.{side}": level for side, level in levels.items()}}
    kept |= {f"generator.{name}": value for name, value in generator.state_dict().items()}
    kept |= {f"discriminator.{name}": value for name, value in discriminator.state_dict().items()}
    kept = {name: value.clone().contiguous() for name, value in kept.items()}

    lesson = GeneratorOutput(image, (), levels)
    losses = Losses(LossConfig(levels_from_px=LEVELS_FROM_PX))
    values: dict[str, dict[str, float]] = {}

    def keep(phase: str, network: nn.Module, total: Tensor, terms: dict[str, Tensor]) -> None:
        for one in (generator, discriminator):
            one.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        values[phase] = {"total": total.item(), **{name: value.item() for name, value in terms.items()}}
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                gradient = parameter.grad[:1] if name.endswith(".tensors") else parameter.grad  # that of all its tensors
                kept[f"grad.{phase}.{name}"] = gradient.clone()

    views = losses.views(generator.forward_train(image, mask), image, mask)
    keep("generator", generator, *losses.generator(views, discriminator, lesson))
    views = losses.views(generator.forward_train(image, mask), image, mask)
    keep("discriminator", discriminator, *losses.discriminator(discriminator, views))
    keep("r1", discriminator, *losses.regularizer(discriminator, image, mask))
    save_file(kept, FILE, {"values": json.dumps(values)})


if __name__ == "__main__":
    main()
