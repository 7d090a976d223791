"""Figures of a set of fills beside the set of photos: a Fréchet distance and the discriminative scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mobile_inpaint.errors import ToolchainMissing, WeightsError
from mobile_inpaint.metrics.frechet import frechet_distance, split_half_floor
from mobile_inpaint.metrics.ids import Scores, discriminative_scores, pairs_needed
from mobile_inpaint.photo.image import Pixels

MOBILENET = "Fréchet MobileNetV2"
FID = "FID"


@dataclass(frozen=True)
class SetFigures:
    """Of a candidate's fills.

    Attributes:
        distance: the Fréchet distance to the photos.
        floor: the same between two halves of the photos: with few photos, most of it is this.
        scores: P-IDS and U-IDS; None where the set is too small for them.
    """

    distance: float
    floor: float
    scores: Scores | None


class SetFeatures:
    """What figures of sets are taken on: MobileNetV2's pooled features, whose distance is not FID and has a name of its own.

    Attributes:
        distance: its name.
        too_few: why a set of so many has no scores; see :meth:`missing`.
    """

    distance = MOBILENET

    def of(self, picture: Pixels, pooled: Tensor) -> Tensor:
        """The features [d] of a picture, HWC uint8 RGB; ``pooled`` are MobileNetV2's."""
        return pooled


class InceptionFeatures(SetFeatures):
    """FID's own: the features of Inception as the original evaluation had it, run by torch-fidelity.

    Args:
        weights: torch-fidelity's file, ``weights-inception-2015-12-05-6726825d.pth``.

    Raises:
        ToolchainMissing: torch-fidelity is not installed.
        WeightsError: no such file, or it holds something else.
    """

    distance = FID

    def __init__(self, weights: Path) -> None:
        if not weights.is_file():
            raise WeightsError(f"{weights}: no such file; FID needs torch-fidelity's weights-inception-2015-12-05-6726825d.pth")
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise ToolchainMissing("FID needs torch-fidelity: pip install 'mobile-inpaint[fid]'") from error
        try:
            self._network: Any = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(weights))
        except Exception as error:  # whatever reading a file of something else raises
            raise WeightsError(f"{weights}: holds no weights of FID's Inception; get torch-fidelity's file") from error

    def of(self, picture: Pixels, pooled: Tensor) -> Tensor:
        """The features [2048] of a picture, HWC uint8 RGB; torch-fidelity resizes it as FID asks."""
        with torch.inference_mode():
            features: Tensor = self._network(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])[0][0]
        return features


def set_figures(fills: Tensor, photos: Tensor, features: SetFeatures) -> SetFigures:
    """The figures of features [n, d], fills and photos in the same order."""
    enough = len(fills) >= pairs_needed(fills.shape[1])
    return SetFigures(
        frechet_distance(fills, photos),
        split_half_floor(photos),
        discriminative_scores(fills, photos) if enough else None,
    )
