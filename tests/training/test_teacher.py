"""Teachers: a network with its levels, an exported file, and either at another size than its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mobile_inpaint.errors import CheckpointNotFound, ManifestError
from mobile_inpaint.export.prepared import Prepared
from mobile_inpaint.export.session import ExportSession
from mobile_inpaint.models.base import Generator
from mobile_inpaint.training.distillation.teacher import open_teacher


@pytest.fixture(scope="module")
def batch() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    image = torch.nn.functional.interpolate(torch.rand(3, 3, 9, 9, generator=random), size=64, mode="bicubic").clamp(0, 1)
    mask = torch.zeros(3, 1, 64, 64)
    mask[:, :, 20:40, 24:50] = 1
    return image, mask


def test_a_network_teaches_its_fill_and_its_levels(
    small_checkpoint: Path, small: Generator, batch: tuple[Tensor, Tensor]
) -> None:
    teacher = open_teacher(small_checkpoint)
    answer = teacher(*batch)
    with torch.no_grad():
        torch.testing.assert_close(answer.image.clamp(0, 1), small(*batch))
    assert sorted(answer.levels) == [4, 8, 16, 32, 64]
    assert not answer.image.requires_grad and not any(parameter.requires_grad for parameter in teacher.parameters())


def test_an_exported_file_teaches_its_fill(
    small_prepared: Prepared, small_checkpoint: Path, batch: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    artifact = ExportSession(small_prepared).export("onnx", "fp32", tmp_path)
    answer = open_teacher(artifact.path)(*batch)
    torch.testing.assert_close(answer.image, open_teacher(small_checkpoint)(*batch).image.clamp(0, 1), atol=1e-4, rtol=0)
    assert answer.levels == {}


@pytest.mark.parametrize("side", [32, 96])
def test_a_batch_of_another_size_is_taught_without_a_look_under_the_hole(
    side: int, small_checkpoint: Path, batch: tuple[Tensor, Tensor]
) -> None:
    teacher = open_teacher(small_checkpoint)
    image, mask = (torch.nn.functional.interpolate(values, size=side) for values in batch)
    answer = teacher(image, mask)
    assert answer.image.shape == image.shape and answer.levels[32].shape == (3, 3, 32, 32)
    kept = (mask == 0).expand_as(image)
    assert torch.equal(answer.image[kept], image[kept])
    torch.testing.assert_close(teacher(image * (1 - mask), mask).image, answer.image)


def test_the_rounded_fill_of_another_size_is_near_that_of_its_own(small_checkpoint: Path, batch: tuple[Tensor, Tensor]) -> None:
    teacher = open_teacher(small_checkpoint)
    own = teacher(*batch).image
    doubled = [torch.nn.functional.interpolate(values, scale_factor=2, mode="nearest") for values in batch]
    small_again = torch.nn.functional.avg_pool2d(teacher(*doubled).image, 2)
    inside = torch.zeros_like(own, dtype=torch.bool)
    inside[:, :, 23:37, 27:47] = True
    assert (small_again - own)[inside].abs().mean() < 0.05


def test_what_is_no_teacher_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound, match="migan-512-places2"):
        open_teacher("migan-513")
    (tmp_path / "made.onnx").write_bytes(b"?")
    (tmp_path / "made.onnx.json").write_text("{}")
    with pytest.raises(ManifestError, match=r"made\.onnx"):
        open_teacher(tmp_path / "made.onnx")
