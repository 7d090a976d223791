"""What a teacher answered is kept: asked once for each sample, the same from the disk as from its mouth."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_runs import config, entries, numbers
from torch import Tensor

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.training.distillation.losses import hole_l1, levels_l1
from mobile_inpaint.training.distillation.teacher import Teacher, open_teacher
from mobile_inpaint.training.distillation.teacher_cache import Lessons
from mobile_inpaint.training.train import train

SIDE = 32


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    mask = torch.zeros(3, 1, SIDE, SIDE)
    mask[0, :, 8:20, 4:21] = mask[1, :, 1:9, 20:] = mask[2, :, ::2] = 1
    return torch.rand(3, 3, SIDE, SIDE, generator=random), mask


class Counting:
    """A teacher's answer, and how many samples it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, image: Tensor, mask: Tensor) -> GeneratorOutput:
        self.asked += len(image)
        levels = {side: image[:, :, ::step, ::step] * 3 - 1 for side, step in ((32, 1), (16, 2))}
        return GeneratorOutput(image * (1 - mask) + (1 - image) * mask, (), levels)


def test_each_sample_is_asked_for_once(batch: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    ask = Counting()
    image, mask = batch
    lessons = Lessons(Teacher(ask, SIDE), tmp_path / "lessons")
    first = lessons((7, 8), image[:2], mask[:2])
    assert ask.asked == 2
    mixed = lessons((8, 9, 7), image[[1, 2, 0]], mask[[1, 2, 0]])
    assert ask.asked == 3
    for number, row in ((0, 2), (1, 0)):
        assert torch.equal(first.image[number], mixed.image[row])
        assert all(torch.equal(first.levels[side][number], mixed.levels[side][row]) for side in (16, 32))
    assert sorted(path.name for path in (tmp_path / "lessons").iterdir()) == [f"{number}.safetensors" for number in (7, 8, 9)]


def test_a_loss_sees_what_the_teacher_said(batch: tuple[Tensor, Tensor], small_checkpoint: Path, tmp_path: Path) -> None:
    image, mask = (torch.nn.functional.interpolate(values, size=64) for values in batch)
    teacher = open_teacher(small_checkpoint)
    said = teacher(image, mask)
    kept = Lessons(teacher, tmp_path)((0, 1, 2), image, mask)
    outside = (mask == 0).expand_as(image)
    assert torch.equal(kept.image[outside], image[outside])
    assert sorted(kept.levels) == sorted(said.levels)
    assert float(hole_l1(kept.image, said.image, mask)) < 1e-3
    assert float(levels_l1(kept.levels, said.levels, mask, 4)) < 1e-3


def test_a_damaged_answer_is_asked_for_again(batch: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    ask = Counting()
    lessons = Lessons(Teacher(ask, SIDE), tmp_path)
    first = lessons((0, 1, 2), *batch)
    (tmp_path / "1.safetensors").write_bytes(b"cut short")
    again = lessons((0, 1, 2), *batch)
    assert ask.asked == 4 and torch.equal(first.image, again.image)


def test_samples_that_come_again_are_learned_alike_after_a_stop(
    photos: PhotoSource, small_checkpoint: Path, tmp_path: Path
) -> None:
    wanted = config(
        teacher=str(small_checkpoint),
        data={"batch": 2, "different": 6},
        loss={"adversarial": 0, "l1": 0, "teacher_l1": 1, "levels": 1, "levels_from_px": 4},
        run={"steps": 8, "checkpoint_every": 1},
    )
    train(wanted, photos, tmp_path / "whole")
    assert len(list((tmp_path / "whole/lessons").iterdir())) == 6
    assert train(wanted, photos, tmp_path / "broken", minutes=1e-6).step == 1
    train(wanted, photos, tmp_path / "broken", resume=True)
    whole, broken = numbers(tmp_path / "whole"), numbers(tmp_path / "broken")
    assert all(torch.equal(whole[key], broken[key]) for key in whole)
    assert [entry["losses"] for entry in entries(tmp_path / "whole")] == [
        entry["losses"] for entry in entries(tmp_path / "broken")
    ]
