"""Discriminator, losses and gradients against what the authors' classes answered.

Without the authors' vectors of losses and gradients, a small file made by our code is used (tests/golden/make_losses.py).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from mobile_inpaint import create_model
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.models.migan import family as migan
from mobile_inpaint.models.migan.discriminator import Discriminator
from mobile_inpaint.training.losses.terms import LossConfig, Losses

NEAR = 1e-4
"""Allowed difference, in standard deviations of the published answer; of a single number or a length, in itself."""
RENAMED = (
    (r"^blocks\.b", "d.b"),
    (r"^head\.dense\.", "d.b4.fc."),
    (r"^head\.", "d.b4."),
    (r"^encoder\.blocks\.", "e."),
    (r"^synthesis\.blocks\.", "s."),
    (r"fromrgb\.0\.", "fromrgb."),
    (r"\.depthwise\.", ".conv1."),
    (r"\.pointwise\.", ".conv2."),
    (r"^(e\.b\d+\.fromrgb)\.tensors$", r"\1.weight"),  # one tensor, whatever the others have
    (r"\.tensors$", ".w0"),
)


def published_name(ours: str) -> str:
    """What the authors call one of our parameters; of a convolution, its first tensor."""
    for pattern, theirs in RENAMED:
        ours = re.sub(pattern, theirs, ours)
    return ours


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def load(network: Discriminator, published: dict[str, Tensor]) -> Discriminator:
    """``network`` with the authors' weights, named as in ``published``; no checkpoint of it was published, only these."""
    state = {}
    for name in network.state_dict():
        theirs = published_name(name).removeprefix("d.")
        tensors = [key for key in published if re.fullmatch(rf"{re.escape(theirs.removesuffix('0'))}\d", key)]
        stacked = torch.stack([published[key] for key in sorted(tensors)]) if theirs.endswith(".w0") else published[theirs]
        state[name] = stacked
    network.load_state_dict(state)
    return network


def assert_near(ours: Tensor, published: Tensor) -> None:
    assert ours.shape == published.shape
    assert (ours - published).abs().max() <= NEAR * (published.std() if published.numel() > 1 else published.abs())


def assert_answers_as_published(path: Path, network: Discriminator) -> None:
    published = load_file(path)
    load(network, below(published, "sd."))
    maps: dict[str, Tensor] = {}
    for name, block in network.blocks.named_children():
        block.register_forward_hook(lambda _, __, output, name=name: maps.update({name: output}))
    with torch.inference_mode():
        logits = network((published["x"][:, 1:] + 1) / 2, 0.5 - published["x"][:, :1])
    assert_near(logits, published["logits"])
    kept = [name for name in maps if f"mid.{name}" in published]  # that of 64 px was too large to keep
    assert len(kept) >= 2
    for name in kept:
        assert_near(maps[name], published[f"mid.{name}"])


def test_the_discriminator_at_32(golden: Path) -> None:
    path = golden / "migan/discriminator_r32_cb1024_cm32_rep4_n4.safetensors"
    assert_answers_as_published(path, Discriminator(32, 1024, 32, 4))


def test_the_discriminator_at_64_in_two_groups(shared_golden: Path) -> None:
    path = shared_golden / "migan/discriminator_r64_cb2048_cm64_rep9_n8.safetensors"
    assert_answers_as_published(path, Discriminator(64, 2048, 64, 9))


class Published:
    """The authors' networks, batch, logged values and gradients."""

    def __init__(self, folder: Path) -> None:
        self.tensors = load_file(folder / "losses.safetensors")
        self.phases: dict[str, Any] = json.loads((folder / "index.json").read_text())["losses"]["phases"]
        encoder, synthesis = below(self.tensors, "sd_e."), below(self.tensors, "sd_s.")
        state = {f"encoder.{key}": value for key, value in encoder.items()}
        state |= {f"synthesis.{key}": value for key, value in synthesis.items()}
        self.generator = migan.load("migan-256", state, {"resolution": 32, "ch_base": 1024, "ch_max": 48})
        self.discriminator = load(Discriminator(32, 1024, 48, 4), below(self.tensors, "sd_d."))
        self.image, self.mask = (self.tensors["image"] + 1) / 2, 1 - self.tensors["mask"]
        levels = below(self.tensors, "teacher_res_to_rgb.")
        self.lesson = GeneratorOutput(self.image, (), {int(side): residual for side, residual in levels.items()})

    def logged(self, phase: str, name: str) -> Tensor:
        return torch.tensor(self.phases[phase]["reports"][name]).mean()

    def assert_same_gradients(self, network: nn.Module, phase: str) -> None:
        """Of every parameter its gradient's length, and the gradient itself, of which only the largest were left out."""
        lengths, gradients = self.phases[phase]["grad_norms"], below(self.tensors, f"grad.{phase}.")
        compared = 0
        for name, parameter in network.named_parameters():
            if name.endswith("noise.strength"):  # 0 there and untouched
                continue
            assert parameter.grad is not None, name
            ours = parameter.grad[0] if name.endswith(".tensors") else parameter.grad
            theirs = published_name(name)
            torch.testing.assert_close(ours.norm(), torch.tensor(lengths[theirs]), rtol=NEAR, atol=1e-7, msg=name)
            if theirs in gradients:
                assert_near(ours, gradients[theirs])
                compared += 1
        assert compared == len(gradients)


@pytest.fixture(scope="module")
def published(shared_golden: Path) -> Published:
    return Published(shared_golden / "migan")


@pytest.mark.parametrize(("phase", "levels"), [("Gmain_nokd", 0.0), ("Gmain_kd", 2.0)])
def test_the_generators_loss(published: Published, phase: str, levels: float) -> None:
    losses = Losses(LossConfig(levels=levels, levels_from_px=8))
    published.generator.zero_grad()
    answer = published.generator.forward_train(published.image, published.mask)
    discriminator, lesson = published.discriminator, published.lesson
    discriminator.zero_grad()
    views = losses.views(answer, published.image, published.mask)
    total, terms = losses.generator(views, discriminator, lesson)
    assert_near(total.detach(), published.logged(phase, "Loss/G/loss"))
    assert_near(terms["adversarial"], published.logged("Gmain_nokd", "Loss/G/loss"))
    if levels:
        assert_near(terms["levels"], published.logged(phase, "Loss/G/kd_l1_image_level_loss"))
    total.backward()
    published.assert_same_gradients(published.generator, phase)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in discriminator.parameters())


def test_the_discriminators_loss(published: Published) -> None:
    published.generator.zero_grad()
    published.discriminator.zero_grad()
    answer, losses = published.generator.forward_train(published.image, published.mask), Losses(LossConfig())
    views = losses.views(answer, published.image, published.mask)
    total, terms = losses.discriminator(published.discriminator, views)
    # their log holds the sum
    assert_near(total.detach(), published.logged("Dmain", "Loss/D/loss"))
    assert_near(terms["fake"] + terms["real"], published.logged("Dmain", "Loss/D/loss"))
    total.backward()
    published.assert_same_gradients(published.discriminator, "Dmain")
    assert all(parameter.grad is None for parameter in published.generator.parameters())


def test_the_gradient_penalty(published: Published) -> None:
    published.discriminator.zero_grad()
    total, terms = Losses(LossConfig()).regularizer(published.discriminator, published.image, published.mask)
    assert_near(terms["r1"], published.logged("Dreg_gain16", "Loss/r1_penalty"))
    assert_near(total.detach(), 16 * published.logged("Dreg_gain16", "Loss/D/reg"))
    total.backward()
    published.assert_same_gradients(published.discriminator, "Dreg_gain16")


class Kept:
    """A tiny network's batch, values and gradients, as our code computed them when it agreed with the authors' vectors."""

    def __init__(self, path: Path) -> None:
        self.tensors = load_file(path)
        with safe_open(path, "pt") as file:
            self.values: dict[str, dict[str, float]] = json.loads(file.metadata()["values"])
        numbers = {"resolution": 16, "ch_base": 256, "ch_max": 16, "tensors": 2}
        self.generator = create_model("migan-256", "random", **numbers)
        self.discriminator = Discriminator(16, 256, 16, 2)
        for name, network in (("generator", self.generator), ("discriminator", self.discriminator)):
            network.load_state_dict(below(self.tensors, f"{name}."))
        self.image, self.mask = self.tensors["image"], self.tensors["mask"]
        self.lesson = GeneratorOutput(
            self.image, (), {int(side): level for side, level in below(self.tensors, "level.").items()}
        )
        self.losses = Losses(LossConfig(levels_from_px=8))

    def answer(self) -> GeneratorOutput:
        return self.generator.forward_train(self.image, self.mask)

    def assert_same(self, phase: str, network: nn.Module, total: Tensor, terms: dict[str, Tensor]) -> None:
        found = {"total": total.item(), **{name: value.item() for name, value in terms.items()}}
        assert found == pytest.approx(self.values[phase], rel=NEAR)
        network.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        gradients = below(self.tensors, f"grad.{phase}.")
        learned = {name: parameter.grad for name, parameter in network.named_parameters() if parameter.grad is not None}
        assert learned.keys() == gradients.keys() and len(gradients) > 20
        for name, kept in gradients.items():
            for ours in learned[name] if name.endswith(".tensors") else [learned[name]]:
                difference = (ours - (kept[0] if name.endswith(".tensors") else kept)).norm()
                assert difference <= NEAR * kept.norm() + 1e-7, name


@pytest.fixture(scope="module")
def kept(golden: Path) -> Kept:
    return Kept(golden / "migan/losses_r16.safetensors")


def test_the_generators_loss_in_every_clone(kept: Kept) -> None:
    views = kept.losses.views(kept.answer(), kept.image, kept.mask)
    total, terms = kept.losses.generator(views, kept.discriminator, kept.lesson)
    assert list(terms) == ["adversarial", "levels"]
    kept.assert_same("generator", kept.generator, total, terms)


def test_the_discriminators_loss_in_every_clone(kept: Kept) -> None:
    views = kept.losses.views(kept.answer(), kept.image, kept.mask)
    kept.assert_same("discriminator", kept.discriminator, *kept.losses.discriminator(kept.discriminator, views))


def test_the_gradient_penalty_in_every_clone(kept: Kept) -> None:
    kept.assert_same("r1", kept.discriminator, *kept.losses.regularizer(kept.discriminator, kept.image, kept.mask))
