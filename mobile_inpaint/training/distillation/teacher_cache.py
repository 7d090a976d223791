"""What a teacher answered, kept on disk: where samples come again, it is asked once for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn.functional import interpolate

from mobile_inpaint import files
from mobile_inpaint.models.base import GeneratorOutput
from mobile_inpaint.training.distillation.teacher import Teacher

_FILL = "fill"


class Lessons:
    """``lessons(numbers, image, mask) -> GeneratorOutput``: the teacher's in the hole; the photo and levels of 0 elsewhere.

    Half precision, whether an answer comes from the disk or was asked for just now, so that a run that is resumed learns what
    one learns that never stopped. Only what lies in the hole is kept: losses compare nothing else.

    Args:
        teacher: who is asked what is not on the disk.
        folder: of the answers, ``<number>.safetensors``; made when the first is kept. What killed runs left in it is removed.
    """

    def __init__(self, teacher: Teacher, folder: Path) -> None:
        self.teacher, self.folder = teacher, folder
        files.sweep(folder)

    @torch.no_grad()
    def __call__(self, numbers: Sequence[int], image: Tensor, mask: Tensor) -> GeneratorOutput:
        """The teacher's answer to the samples ``numbers``.

        Args:
            numbers: of the samples; the same number is the same sample in every step.
            image: float [N, 3, S, S], RGB in [0,1].
            mask: float [N, 1, S, S], 1 = hole.

        Raises:
            OSError: the folder cannot be written to.
        """
        kept = [self._kept(number) for number in numbers]
        if missing := [i for i, lesson in enumerate(kept) if lesson is None]:
            answer = self.teacher(image[missing], mask[missing])
            for row, i in enumerate(missing):
                kept[i] = _pack(answer, row, mask[i])
                self._keep(numbers[i], kept[i])
        lessons = [_unpack(lesson, photo, hole) for lesson, photo, hole in zip(kept, image, mask, strict=True) if lesson]
        return GeneratorOutput(
            torch.stack([lesson.image for lesson in lessons]),
            (),
            {side: torch.stack([lesson.levels[side] for lesson in lessons]) for side in lessons[0].levels},
        )

    def _kept(self, number: int) -> dict[str, Tensor] | None:
        try:
            return load_file(self._path(number))
        except (OSError, SafetensorError):
            return None

    def _keep(self, number: int, lesson: Mapping[str, Tensor] | None) -> None:
        assert lesson is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        content = save({name: values.cpu() for name, values in lesson.items()})
        files.write_whole(self._path(number), content, sweeping=False)  # there may be 100,000 of them

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.safetensors"


def _hole(mask: Tensor, side: int) -> Tensor:
    """Where a level of that side is compared: [side, side], true = hole."""
    return interpolate(mask[None], size=side)[0, 0] > 0


def _pack(answer: GeneratorOutput, row: int, mask: Tensor) -> dict[str, Tensor]:
    """[3, pixels of the hole] float16 by name."""
    maps = {_FILL: answer.image[row], **{str(side): level[row] for side, level in answer.levels.items()}}
    return {name: values[:, _hole(mask, values.shape[-1])].half() for name, values in maps.items()}


def _unpack(lesson: Mapping[str, Tensor], photo: Tensor, mask: Tensor) -> GeneratorOutput:
    def placed(name: str, on: Tensor) -> Tensor:
        on[:, _hole(mask, on.shape[-1])] = lesson[name].to(on)
        return on

    sides = [int(name) for name in lesson if name != _FILL]
    levels = {side: placed(str(side), photo.new_zeros(3, side, side)) for side in sides}
    return GeneratorOutput(placed(_FILL, photo.clone()), (), levels)
