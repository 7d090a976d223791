"""Training that feels the rounding of the 8-bit form: how near it is to the file, and that it learns."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from smooth_samples import smooth_samples

from mobile_inpaint import create_model
from mobile_inpaint.artifact import Quantization
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.export.pipeline import new_contract
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.models.base import Generator
from mobile_inpaint.quantization.fake_quantize import RoundedConv2d, round_to
from mobile_inpaint.targets.registry import get_target
from mobile_inpaint.training.config import config_from
from mobile_inpaint.training.quantization_aware import round_generator

SIZE = 64


@pytest.fixture(scope="module")
def plain(small: Generator) -> Generator:
    return small.with_branches(0).eval()


@torch.no_grad()
def distance(one: Generator, other: Generator) -> float:
    """In the hole, on samples that no range was taken on."""
    found = [
        (one(i[None], m[None]) - other(i[None], m[None])).abs().sum() / m.sum() for i, m in smooth_samples(SIZE, 6, first=50)
    ]
    return float(torch.stack(found).mean())


def test_levels_are_256_with_zero_among_them_and_gradients_stop_at_the_ends() -> None:
    ends = torch.tensor([-1.0, 3.0]).view(2, 1, 1, 1, 1)
    x = torch.linspace(-2, 5, 7001).view(1, 1, 1, -1).requires_grad_()
    rounded = round_to(x, ends)
    rounded.sum().backward()
    assert len(rounded.unique()) == 256 and (rounded == 0).any()
    inside = (x > -0.99) & (x < 2.99)
    assert (rounded - x)[inside].abs().max() <= 2 / 255 + 1e-6
    assert x.grad is not None and x.grad[inside].eq(1).all() and x.grad[(x < -1.01) | (x > 3.01)].eq(0).all()
    assert round_to(x, torch.full_like(ends, torch.nan)) is x


@torch.no_grad()
def test_every_convolution_rounds_and_only_pictures_are_left(plain: Generator) -> None:
    rounded = copy.deepcopy(plain)
    round_generator(rounded, smooth_samples(SIZE, 8), Quantization())
    found = {name: module for name, module in rounded.named_modules() if isinstance(module, torch.nn.Conv2d)}
    assert all(isinstance(module, RoundedConv2d) for module in found.values())
    unread = [name for name, module in found.items() if module.read.isnan().any()]  # type: ignore[union-attr]
    unwritten = [name for name, module in found.items() if module.written.isnan().any()]  # type: ignore[union-attr]
    assert unread == [f"encoder.blocks.b{SIZE}.fromrgb"] and unwritten == [f"synthesis.blocks.b{SIZE}.torgb"]
    rounded.eval()
    assert 0 < distance(rounded, plain) < 0.05
    again = rounded.with_branches(0)
    assert list(again.state_dict()) == list(plain.state_dict()), "it is saved as the plain network"


def test_a_few_steps_bring_it_nearer_to_the_floats(plain: Generator) -> None:
    rounded = copy.deepcopy(plain)
    round_generator(rounded, smooth_samples(SIZE, 8), Quantization(percentile=97.0))
    before = distance(rounded.eval(), plain)
    optimizer = torch.optim.Adam(rounded.parameters(), lr=3e-4)
    for step in range(30):
        images, masks = (torch.stack(one) for one in zip(*smooth_samples(SIZE, 2, first=100 + 2 * step), strict=True))
        optimizer.zero_grad()
        ((rounded(images, masks) - plain(images, masks).detach()) * masks).abs().mean().backward()
        optimizer.step()
    assert distance(rounded, plain) < 0.8 * before


@torch.no_grad()
def test_it_rounds_about_as_much_as_the_file(plain: Generator, small_session: ExportSession, tmp_path: Path) -> None:
    kind = get_target("onnx")
    small_session.quantizing.write(kind, new_contract(small_session.prepared, kind, "w8a8", None), tmp_path / "toy.onnx")
    file = kind.load(tmp_path / "toy.onnx")
    rounded, ranges_by = copy.deepcopy(plain), list(small_session.quantizing.calibration)
    round_generator(rounded, [(torch.from_numpy(i[0]), torch.from_numpy(m[0])) for i, m in ranges_by], Quantization())
    rounded.eval()
    off = {"file": 0.0, "training": 0.0}
    for image, mask in smooth_samples(SIZE, 6, first=50):
        expected = plain(image[None], mask[None])
        off["training"] += float((rounded(image[None], mask[None]) - expected).abs().sum())
        off["file"] += float(np.abs(file(image[None].numpy(), mask[None].numpy()) - expected.numpy()).sum())
    assert 0.5 < off["training"] / off["file"] < 1.5


def test_what_cannot_round_is_refused() -> None:
    with pytest.raises(ValueError, match="plain convolutions"):
        round_generator(
            create_model("migan-256", "random", resolution=SIZE, ch_base=512, ch_max=16),
            smooth_samples(SIZE, 1),
            Quantization(),
        )
    with pytest.raises(TrainingError, match=r"integers_by needs a generator.checkpoint, generator.tensors 0"):
        config_from({"generator": {"integers_by": 4}}, "run.toml")
