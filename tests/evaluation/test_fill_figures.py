"""Mismatch and re-inpainting: the photo's own texture scores best, blur and another photo's texture worse."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image as pil
from PIL import ImageFilter

from mobile_inpaint.checkpoints import store
from mobile_inpaint.data.quality_photos import FOLDER
from mobile_inpaint.evaluation.figures import REINPAINTER_PX, reinpainter
from mobile_inpaint.metrics.mismatch import Mismatch
from mobile_inpaint.metrics.mobilenet import MobileNetV2
from mobile_inpaint.metrics.perceptual import Lpips
from mobile_inpaint.metrics.reinpainting import Reinpainting
from mobile_inpaint.photo.baselines.opencv import navier_stokes
from mobile_inpaint.photo.image import Image
from mobile_inpaint.targets.base import Runner

PHOTOS = ("kodak__kodim05", "endless_sky_high_dpi__beach2_2x", "darknet__dog")


@pytest.fixture(scope="module")
def mobilenet() -> MobileNetV2:
    store.fetch("mobilenet-v2")
    return MobileNetV2()


@pytest.fixture(scope="module")
def alex() -> Lpips:
    store.fetch("lpips")
    return Lpips("alex")


@pytest.fixture(scope="module")
def network() -> Runner:
    return reinpainter()


def photo(name: str, blur_px: float = 0) -> torch.Tensor:
    with pil.open(FOLDER / f"{name}.webp") as picture:
        blurred = picture.convert("RGB").filter(ImageFilter.GaussianBlur(blur_px))
    return torch.from_numpy(np.array(blurred)).permute(2, 0, 1)[None] / 255


def middle(first: int, last: int, size_px: int = 512) -> torch.Tensor:
    hole = torch.zeros(1, 1, size_px, size_px)
    hole[..., first:last, first:last] = 1
    return hole


def scores(of: Callable[[torch.Tensor], float], name: str, hole: torch.Tensor) -> dict[str, float]:
    """Of the photo, three worse fills, and a fill that a network or a classical method might make."""
    own, other = photo(name), photo(PHOTOS[PHOTOS.index(name) - 1])
    smear = torch.from_numpy(np.asarray(navier_stokes(own.numpy(), hole.numpy())))
    fills = {"own": own, "soft": photo(name, 1), "blurred": photo(name, 3), "foreign": other, "smear": smear}
    return {kind: of(torch.where(hole > 0, fill, own)) for kind, fill in fills.items()}


@torch.inference_mode()
@pytest.mark.parametrize("name", PHOTOS)
def test_the_photo_matches_its_surroundings_best(mobilenet: MobileNetV2, name: str) -> None:
    hole = middle(160, 352)
    found = scores(Mismatch(mobilenet, photo(name), hole).of, name, hole)
    assert found["own"] < found["soft"] < found["blurred"], found
    assert found["own"] < min(found["foreign"], found["smear"]), found
    assert max(found.values()) < 1


@torch.inference_mode()
@pytest.mark.parametrize("name", PHOTOS[:2])
def test_the_surroundings_are_found_again_best_from_the_photo(alex: Lpips, network: Runner, name: str) -> None:
    hole = middle(160, 352)
    found = scores(Reinpainting(alex, network, REINPAINTER_PX, photo(name), hole).of, name, hole)
    assert found["own"] < found["blurred"], found
    assert found["own"] < min(found["foreign"], found["smear"]), found


@torch.inference_mode()
def test_a_texture_that_goes_on_has_no_mismatch_and_what_lies_in_the_hole_of_the_reference_is_not_looked_at(
    mobilenet: MobileNetV2,
) -> None:
    tile = photo("kodak__kodim05")[..., :64, :64]
    repeated, hole = tile.repeat(1, 1, 8, 8), middle(192, 320)
    spoilt = torch.where(hole > 0, photo("darknet__dog"), repeated)
    figure = Mismatch(mobilenet, repeated, hole)
    assert figure.of(repeated) < 0.02
    assert figure.of(spoilt) > 5 * max(figure.of(repeated), 0.005)


@torch.inference_mode()
def test_windows_far_inside_a_large_hole_count_too(mobilenet: MobileNetV2) -> None:
    hole, own = middle(32, 480), photo("kodak__kodim05")
    spot = torch.where(middle(192, 320) > 0, torch.tensor(0.5), own)
    figure = Mismatch(mobilenet, own, hole)
    assert figure.of(spot) > 1.2 * figure.of(own)


@torch.inference_mode()
@pytest.mark.parametrize("hole", [middle(0, 512), middle(8, 504), middle(250, 253)], ids=["all", "nearly all", "three pixels"])
def test_any_hole_has_a_mismatch(mobilenet: MobileNetV2, hole: torch.Tensor) -> None:
    picture = photo("kodak__kodim05")
    assert math.isfinite(Mismatch(mobilenet, picture, hole).of(picture))


@torch.inference_mode()
def test_small_and_narrow_pictures_have_both_figures(mobilenet: MobileNetV2, alex: Lpips, network: Runner) -> None:
    picture = photo("kodak__kodim05")[..., :64, :200]
    hole = torch.zeros(1, 1, 64, 200)
    hole[..., 20:44, 60:90] = 1
    assert math.isfinite(Mismatch(mobilenet, picture, hole).of(picture))
    assert 0 < Reinpainting(alex, network, REINPAINTER_PX, picture, hole).of(picture) < 1


@torch.inference_mode()
def test_the_ring_is_looked_at_in_windows_and_a_hole_without_one_has_no_figure(alex: Lpips) -> None:
    passes = []

    def grey(image: Image, mask: Image) -> Image:
        passes.append(float(mask.sum()))
        return np.where(mask > 0, np.float32(0.5), image)

    wide = photo("kodak__kodim05").repeat(1, 1, 1, 2)
    hole = torch.zeros(1, 1, 512, 1024)
    hole[..., 200:300, 100:900] = 1
    assert Reinpainting(alex, grey, 512, wide, hole).of(wide) > 0
    ring = (300 - 200 + 96) * (900 - 100 + 96) - 100 * 800
    assert len(passes) >= 2 and sum(passes) >= ring
    everything = torch.ones(1, 1, 512, 512)
    assert math.isnan(Reinpainting(alex, grey, 512, photo("kodak__kodim05"), everything).of(photo("kodak__kodim05")))
