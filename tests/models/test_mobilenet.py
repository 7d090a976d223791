"""MobileNetV2 of our own with the published weights: it knows a dog when it sees one."""

import numpy as np
import pytest
import torch
from PIL import Image as pil

from mobile_inpaint.checkpoints import store
from mobile_inpaint.checkpoints.readers.state import read_state
from mobile_inpaint.data.quality_photos import FOLDER
from mobile_inpaint.metrics.mobilenet import POOLED, MobileNetV2

DOGS = range(151, 269)
"""Of ImageNet's thousand classes."""


@pytest.fixture(scope="module")
def network() -> MobileNetV2:
    store.fetch("mobilenet-v2")
    return MobileNetV2()


def photo(name: str, size_px: int) -> torch.Tensor:
    with pil.open(FOLDER / f"{name}.webp") as picture:
        pixels = np.array(picture.convert("RGB").resize((size_px, size_px), pil.Resampling.BOX))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def test_the_published_classifier_on_our_features_sees_a_dog(network: MobileNetV2) -> None:
    state = read_state(store.path("mobilenet-v2"))
    scores = network(photo("darknet__dog", 224)) @ state["classifier.1.weight"].T + state["classifier.1.bias"]
    best = int(scores.argmax())
    assert best in DOGS


def test_maps_are_as_deep_as_asked_for_and_pool_to_the_features(network: MobileNetV2) -> None:
    picture = photo("kodak__kodim05", 128)
    shapes = {1: (16, 64), 3: (24, 32), 6: (32, 16), 13: (96, 8), 17: (320, 4), 18: (POOLED, 4)}
    for depth, (channels, side) in shapes.items():
        assert network.maps(picture, depth).shape == (1, channels, side, side)
    torch.testing.assert_close(network.maps(picture, 18).mean((2, 3)), network(picture))


def test_gradients_reach_the_picture_and_no_weight(network: MobileNetV2) -> None:
    picture = photo("kodak__kodim05", 64).requires_grad_()
    network(picture).sum().backward()
    assert picture.grad is not None and picture.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training
