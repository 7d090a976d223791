"""What MI-GAN's discriminator is made of; tests/training/test_migan_golden.py holds it against the authors' answers."""

from __future__ import annotations

import pytest
import torch

from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.base import count_parameters
from mobile_inpaint.models.migan.discriminator import Discriminator, MinibatchDeviation


@pytest.fixture(scope="module")
def network() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(32, ch_base=512, ch_max=16, tensors=2)


def seen(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 32, 32, generator=random), (torch.rand(count, 1, 32, 32, generator=random) > 0.5).float()


def test_as_many_parameters_as_published() -> None:
    with torch.device("meta"):
        assert round(count_parameters(Discriminator(256)) / 1e6, 1) == 39.0


def test_a_batch_that_has_no_whole_groups_is_refused_in_one_line(network: Discriminator) -> None:
    with pytest.raises(TrainingError, match="a batch of 6 cannot be cut into groups of 4") as refused:
        network(*seen(6))
    assert "\n" not in str(refused.value)
    assert network(*seen(3)).shape == (3, 1)


@pytest.mark.parametrize("settings", [{"tensors": 0}, {"ch_base": 16}, {"resolution": 48}])
def test_numbers_no_network_can_have(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Discriminator(**{"resolution": 32, "ch_base": 512, "ch_max": 16, **settings})


def test_deviation_is_zero_of_equal_images_and_does_not_cross_groups() -> None:
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    x[[1, 3, 5, 7]] = x[1].clone()  # the second of two groups
    added = MinibatchDeviation(4)(x)
    assert torch.equal(added[:, :3], x)
    assert added[1::2, 3].max() < 2e-4 < 0.5 < added[::2, 3].min()


def test_processes_that_take_every_second_image_compute_what_one_does(network: Discriminator) -> None:
    image, mask = seen(16)
    with torch.inference_mode():
        together = network(image, mask)
        for process in range(2):
            torch.testing.assert_close(network(image[process::2], mask[process::2]), together[process::2])


def test_bf16_keeps_the_logits_and_reaches_every_parameter(network: Discriminator) -> None:
    exact = network(*seen(4))
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(*seen(4))
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, exact, atol=0.05, rtol=0.05)
    gradients = torch.autograd.grad(logits.sum(), list(network.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
