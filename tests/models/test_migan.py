"""MI-GAN against what the authors' classes answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mobile_inpaint import create_model
from mobile_inpaint.errors import ModelNotFound, WeightsError
from mobile_inpaint.models.layers.repconv import RepConv2d
from mobile_inpaint.models.migan import blocks
from mobile_inpaint.models.migan import family as migan

SIZE = {"ch_base": 2048, "ch_max": 64}
NEAR = 1e-4
"""Allowed difference, in standard deviations of the published output."""


def weights_in(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value.float() for key, value in tensors.items() if key.startswith(prefix)}


def network_answer(model: migan.Generator, x: torch.Tensor) -> torch.Tensor:
    """The bare network on the published four-channel input."""
    with torch.inference_mode():
        return model.synthesis(*model.encoder(x))[0]


def assert_near(ours: torch.Tensor, published: torch.Tensor) -> None:
    assert (ours - published).abs().max() <= NEAR * published.std()


@pytest.fixture(scope="module")
def inference(golden: Path) -> dict[str, torch.Tensor]:
    return load_file(golden / "migan/inference_r64_cb2048_cm64.safetensors")


@pytest.mark.parametrize(("x", "output"), [("x", "output"), ("x_clamp", "output_clamp")])
def test_the_published_inference_network(inference: dict[str, torch.Tensor], x: str, output: str) -> None:
    model = migan.load("migan-256", weights_in(inference, "sd."), {"resolution": 64, **SIZE}).eval()
    assert_near(network_answer(model, inference[x]), inference[output])


def test_our_door_speaks_unit_range_and_hole_is_one(inference: dict[str, torch.Tensor]) -> None:
    model = migan.load("migan-256", weights_in(inference, "sd."), {"resolution": 64, **SIZE}).eval()
    image, hole = inference["image_u8"].float() / 255, 1 - inference["mask"]
    with torch.inference_mode():
        ours = model(image, hole) * 2 - 1
    assert_near(ours, inference["composite"].clamp(-1, 1))


@pytest.mark.parametrize("tensors", [4, 9])
def test_the_published_training_network(golden: Path, tensors: int) -> None:
    published = load_file(golden / f"migan/training_r64_cb2048_cm64_rep{tensors}.safetensors")
    model = migan.load("migan-256", weights_in(published, "sd."), {"resolution": 64, **SIZE}).eval()
    assert model.variant.tensors == tensors
    assert_near(network_answer(model, published["x"]), published["output_noise_const"])
    with torch.inference_mode():
        _, residuals = model.synthesis(*model.encoder(published["x"]))
    for side, residual in zip(model.variant.sides, residuals, strict=True):
        assert_near(residual, published[f"res_to_rgb.{side}"])
    model.set_noise("none")
    assert_near(network_answer(model, published["x"]), published["output_noise_none"])


@pytest.mark.parametrize("tensors", [4, 9])
def test_fusing_gives_what_the_authors_export(golden: Path, tensors: int) -> None:
    published = load_file(golden / f"migan/training_r64_cb2048_cm64_rep{tensors}.safetensors")
    trained = migan.load("migan-256", weights_in(published, "sd."), {"resolution": 64, **SIZE})
    exported = migan.load("migan-256", weights_in(published, "export_sd."), {"resolution": 64, **SIZE})
    assert exported.variant.tensors == 0
    for name, block in trained.named_modules():
        if isinstance(block, RepConv2d):
            torch.testing.assert_close(block.fuse().weight, exported.get_submodule(name).weight, rtol=0, atol=1e-6)
    assert_near(network_answer(exported.eval(), published["x"]), published["output_exported"])


def test_the_real_network_reproduces_the_published_composite(golden: Path, published_weights: Path) -> None:
    published = np.load(golden / "migan/real512.npz")
    image = torch.from_numpy(published["image_u8"])[None].float() / 255
    hole = (torch.from_numpy(published["mask_u8"]) == 0).float()[None, None]
    model = create_model("migan-512", weights="migan-512-places2")
    with torch.inference_mode():
        levels = model(image, hole)[0].double() * 255
    truncated = (levels + 1e-4).floor()  # the authors truncate; 1e-4 is what [0,1] and back loses on whole levels
    difference = (truncated - torch.from_numpy(published["composite_u8"]).double()).abs()
    assert difference.max() <= 1
    assert (difference == 0).double().mean() >= 0.999


def test_the_full_256_network(shared_golden: Path) -> None:
    published = load_file(shared_golden / "migan/full256_fp16weights.safetensors")
    model = create_model("migan-256", "random")
    model = migan.load("migan-256", weights_in(published, "sd.")).eval()
    known = (published["mask_u8"] > 0).float()
    x = torch.cat([known - 0.5, (published["image_u8"].float() * 2 / 255 - 1) * known], dim=1)
    assert_near(network_answer(model, x)[..., ::8, ::8], published["output_f32_sub8"])


def test_the_inference_network_at_128(shared_golden: Path) -> None:
    published = load_file(shared_golden / "migan/inference_r128_cb2048_cm64.safetensors")
    model = migan.load(None, weights_in(published, "sd.")).eval()
    assert_near(network_answer(model, published["x"]), published["output"])


def test_our_own_layout_round_trips(small: migan.Generator) -> None:
    again = migan.load(None, small.state_dict()).eval()
    x = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network_answer(again, x), network_answer(small, x))


@pytest.mark.parametrize(("ch_outer", "stem", "tensors"), [(32, 1, 0), (24, 3, 0), (24, 3, 2)])
def test_a_network_that_sees_squares_knows_its_layout(ch_outer: int, stem: int, tensors: int) -> None:
    size = {"resolution": 64, "ch_base": 1024, "ch_max": 64, "ch_outer": ch_outer}
    lite = migan.build("migan-lite", **size, stem=stem, tensors=tensors).eval()
    again = migan.load(None, lite.state_dict()).eval()
    assert (again.resolution, vars(again.variant)) == (64, vars(lite.variant))
    assert again.variant.sides[-1] == 32, "the outermost map has half the side"
    assert again.encoder.blocks.b32.conv2.depthwise.bias.shape == (ch_outer,), "only the outermost is narrower"
    assert again.encoder.blocks.b16.conv1.depthwise.bias.shape == (64,)
    x = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again.predict(x), lite.predict(x))


@torch.no_grad()
@pytest.mark.parametrize("stem", [1, 3])
def test_folding_changes_no_picture_whatever_the_first_kernel(stem: int) -> None:
    lite = migan.build("migan-lite", resolution=64, ch_base=1024, ch_max=32, stem=stem, tensors=2).plain()
    for name, parameter in lite.named_parameters():  # a random start is nearly silent outside its convolutions
        if name.endswith(("bias", "strength")):
            nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(len(name)))
    x = torch.rand(2, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    x[:, :1] = (x[:, :1] > 0.5).float()
    before = lite.predict(x)
    lite.fold(largest_activation=1.0)
    torch.testing.assert_close(lite.predict(x), before, atol=1e-5, rtol=0)


def test_a_first_kernel_of_three_is_all_there_is_before_the_outermost_skip() -> None:
    lite = migan.build("migan-lite", resolution=64, ch_base=1024, ch_max=32, stem=3, tensors=0)
    keys = [key for key in lite.state_dict() if key.startswith("encoder.blocks.b32.")]
    assert [key.removeprefix("encoder.blocks.b32.") for key in keys] == [
        "fromrgb.weight", "fromrgb.bias", "conv2.depthwise.weight", "conv2.depthwise.bias", "conv2.pointwise.weight",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="stem must be 1 or 3, not 2"):
        migan.build("migan-lite", stem=2)


def test_what_a_hole_has_part_in_is_a_hole_to_a_network_that_sees_squares() -> None:
    lite = migan.build("migan-lite", resolution=64, ch_base=1024, ch_max=32, tensors=0).eval()
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 11:30, 21:41] = 1
    known = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * (1 - mask)
    wider = mask.clone()
    wider[..., 10:30, 20:42] = 1
    beside = torch.where((wider - mask).bool(), torch.rand(known.shape), known)
    assert torch.equal(lite.predict(torch.cat([mask, beside], 1)), lite.predict(torch.cat([wider, known * (1 - wider)], 1)))


def test_to_spread_channels_is_to_shuffle_pixels() -> None:
    x = torch.randn(2, 12, 3, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(blocks.Spread(3, 2)(x), nn.functional.pixel_shuffle(x, 2))


def test_enlarged_squares_spread_are_the_enlarged_map() -> None:
    x = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    enlarge, squares, spread = blocks.FirUp(3, 5), blocks.FirUpSquares(3), blocks.Spread(3, 2)
    for form in (squares, squares.fuse()):
        torch.testing.assert_close(spread(form(x)), enlarge(x), atol=1e-6, rtol=0)


def test_channels_sorted_by_pixel_spread_to_the_same_image() -> None:
    lite = migan.build("migan-lite", resolution=64, ch_base=1024, ch_max=32, tensors=0).plain()
    x = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    before = lite.predict(x)
    lite.synthesis.sort_by_pixel()
    torch.testing.assert_close(lite.predict(x), before, atol=1e-6, rtol=0)
    pixel_of = lite.synthesis.spread.squares.sum(1).flatten(1).argmax(1)
    assert pixel_of.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], "red, green and blue of one, then those of the next"


def test_only_its_border_tells_plain_enlarging_from_the_published_filter() -> None:
    x = torch.rand(1, 2, 6, 6, generator=torch.Generator().manual_seed(0)) + 1
    published, plain = blocks.FirUp(2, 6)(x), blocks.PlainUp()(x)
    torch.testing.assert_close(plain[..., 1:-1, 1:-1], published[..., 1:-1, 1:-1], atol=1e-6, rtol=0)
    torch.testing.assert_close(plain[..., 0, 1:-1] * 0.75, published[..., 0, 1:-1], atol=1e-6, rtol=0)
    ups = [module for module in migan.build("migan-lite").modules() if isinstance(module, blocks.FirUp)]
    assert not ups, "migan-lite is enlarged plainly everywhere"


def test_noise_stays_where_it_costs_little() -> None:
    def noisy(patch: int) -> list[int]:
        variant = migan.Variant(512, patch=patch)
        return [side for side in variant.sides if variant.noisy(side)]

    assert noisy(1) == [8, 16, 32, 64, 128, 256, 512]
    assert noisy(2) == [8, 16, 32, 64]
    kept = {key.split(".")[2] for key in migan.build("migan-lite", tensors=0).state_dict() if key.endswith("noise.const")}
    assert kept == {"b8", "b16", "b32", "b64"}


def test_parameter_counts_of_the_paper() -> None:
    from mobile_inpaint.models.base import count_parameters

    fused = migan.build("migan-256", tensors=0)
    assert count_parameters(fused) == 5_865_505  # learned; the paper's 5.95 M counts 78,112 fixed filter taps as well
    assert count_parameters(migan.build("migan-512", tensors=0)) == 5_893_158


def test_noise_modes(small: migan.Generator) -> None:
    x = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    small.set_noise("random")
    first, second = network_answer(small, x), network_answer(small, x)
    small.set_noise("constant")
    assert not torch.equal(first, second)
    assert torch.equal(network_answer(small, x), network_answer(small, x))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.pop("encoder.b64.conv1.conv1.bias"), "is missing"),
        (lambda s: s.update({"encoder.b64.extra": torch.zeros(1)}), "is unknown"),
        (lambda s: s.update({"encoder.b64.conv1.conv1.bias": torch.zeros(5)}), "must be"),
        (lambda s: s["encoder.b64.conv1.conv1.bias"].fill_(float("nan")), "not finite"),
        (lambda s: s["synthesis.b8.upsample.filter.weight"].mul_(1.1), "fixed filter"),
        (lambda s: s.clear(), "not weights of MI-GAN"),
    ],
)
def test_damaged_weights_are_refused_in_one_line(inference: dict[str, torch.Tensor], spoil: object, message: str) -> None:
    state = {key: value.clone() for key, value in weights_in(inference, "sd.").items()}
    spoil(state)  # type: ignore[operator]
    with pytest.raises(WeightsError, match=message) as refused:
        migan.load("migan-256", state, {"resolution": 64, **SIZE})
    assert "\n" not in str(refused.value)


def test_an_unknown_variant_lists_those_there_are() -> None:
    with pytest.raises(ModelNotFound, match="migan-256, migan-512"):
        create_model("migan-1024")
