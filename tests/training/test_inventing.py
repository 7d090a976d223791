"""The figure of inventing: continuing scores like the photo, a smear less, a thing from elsewhere more."""

import numpy as np
import pytest
import torch
from PIL import Image as pil

from mobile_inpaint.checkpoints import store
from mobile_inpaint.data.quality_photos import FOLDER
from mobile_inpaint.metrics.hallucination import Inventing
from mobile_inpaint.metrics.mobilenet import MobileNetV2


@pytest.fixture(scope="module")
def network() -> MobileNetV2:
    store.fetch("mobilenet-v2")
    return MobileNetV2()


def photo(name: str) -> torch.Tensor:
    with pil.open(FOLDER / f"{name}.webp") as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1)[None] / 255


def middle(first: int, last: int, size_px: int = 512) -> torch.Tensor:
    hole = torch.zeros(1, 1, size_px, size_px)
    hole[..., first:last, first:last] = 1
    return hole


@torch.inference_mode()
def test_a_thing_from_another_photo_scores_more_than_the_photo_and_a_flat_colour_nothing(network: MobileNetV2) -> None:
    beach, dog = photo("endless_sky_high_dpi__beach2_2x"), photo("darknet__dog")
    hole = middle(160, 352)
    figure = Inventing(network, beach, hole)
    flat = torch.where(hole > 0, (beach * (1 - hole)).sum((2, 3), keepdim=True) / (1 - hole).sum(), beach)
    invented = torch.where(hole > 0, dog, beach)
    own, smeared, added = (figure.of(fill) for fill in (beach, flat, invented))
    assert smeared < 0.6 * own
    assert added > 1.3 * own
    assert 0 <= smeared <= added <= 1


@torch.inference_mode()
def test_what_is_copied_from_around_is_not_strange(network: MobileNetV2) -> None:
    tile = photo("kodak__kodim05")[..., :128, :128]
    repeated = tile.repeat(1, 1, 4, 4)
    figure = Inventing(network, repeated, middle(128, 256))
    torn = torch.where(middle(128, 256) > 0, photo("darknet__dog"), repeated)
    assert figure.of(repeated) < 0.05
    assert figure.of(torn) > 4 * figure.of(repeated)


@torch.inference_mode()
@pytest.mark.parametrize("hole", [middle(0, 512), middle(8, 504), middle(250, 253)], ids=["all", "nearly all", "three pixels"])
def test_any_hole_has_a_figure(network: MobileNetV2, hole: torch.Tensor) -> None:
    picture = photo("kodak__kodim05")
    assert np.isfinite(Inventing(network, picture, hole).of(picture))


@torch.inference_mode()
def test_small_squares_have_one_too(network: MobileNetV2) -> None:
    picture = photo("kodak__kodim05")[..., :64, :64]
    assert 0 < Inventing(network, picture, middle(24, 44, 64)).of(picture) < 1
