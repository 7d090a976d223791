"""Teachers: anything of ours that fills a hole, asked for its answer to a batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mobile_inpaint.artifact import Artifact, manifest_path
from mobile_inpaint.models.base import Generator, GeneratorOutput
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.photo.image import Fill
from mobile_inpaint.targets.registry import load_artifact

Ask = Callable[[Tensor, Tensor], GeneratorOutput]


def open_teacher(name: str | Path) -> Teacher:
    """The teacher called ``name``.

    Args:
        name: a checkpoint in the weights store, a file of weights, or an exported artifact with its manifest beside it.

    Raises:
        CheckpointNotFound: none of these.
        WeightsError: the weights cannot be read, or are no network of ours.
        ManifestError: the artifact is not the one its manifest describes, or a one-file pipeline.
        ToolchainMissing: the artifact's runtime is not installed.
    """
    if manifest_path(Path(name)).exists():
        size_px = Artifact.open(name).manifest.contract.size_px
        return Teacher.of_fill(load_artifact(name), size_px)
    return Teacher.of_generator(open_checkpoint(name)[0])


class Teacher(nn.Module):
    """``teacher(image, mask) -> GeneratorOutput``, without gradients.

    A batch of another size is resized for it, and its fill resized back; what it adds at each level stays as it is, for the
    level of side r shows the same scene at r px whatever lies above it.

    Args:
        ask: answers a batch at ``size_px``.
        size_px: side of the images it takes.
        generator: the network behind ``ask``, if it is one, so that it moves to a device with the rest.
    """

    def __init__(self, ask: Ask, size_px: int, generator: Generator | None = None) -> None:
        super().__init__()
        self.ask = ask
        self.size_px = size_px
        self.generator = generator

    @classmethod
    def of_generator(cls, generator: Generator) -> Teacher:
        """A network as a teacher; a MI-GAN gives its levels too."""
        generator.requires_grad_(False).eval()
        return cls(lambda image, mask: generator.forward_train(image, mask), generator.resolution, generator)

    @classmethod
    def of_fill(cls, fill: Fill, size_px: int) -> Teacher:
        """Anything that fills ``size_px`` squared as a teacher, asked photo by photo, on the CPU."""

        def ask(image: Tensor, mask: Tensor) -> GeneratorOutput:
            pairs = zip(image.float().cpu().numpy()[:, None], mask.float().cpu().numpy()[:, None], strict=True)
            fills = np.concatenate([fill(one, its_mask) for one, its_mask in pairs])
            return GeneratorOutput(torch.from_numpy(fills).to(image.device))

        return cls(ask, size_px)

    @torch.no_grad()
    def forward(self, image: Tensor, mask: Tensor) -> GeneratorOutput:
        """Its answer.

        Args:
            image: float [N, 3, S, S], RGB in [0,1]; not read under the hole.
            mask: float [N, 1, S, S], 1 = hole.
        """
        if image.shape[-1] == self.size_px:
            return self.ask(image, mask)
        # whatever the hole has part in is hole, so that nothing under it is seen
        wider = (_resized(mask, self.size_px) > 0).to(mask)
        answer = self.ask(_resized(image, self.size_px), wider)
        fill = _resized(answer.image, image.shape[-1])
        return GeneratorOutput(image * (1 - mask) + fill * mask, (), answer.levels)


def _resized(pictures: Tensor, side: int) -> Tensor:
    return interpolate(pictures, size=(side, side), mode="bilinear", antialias=True)
