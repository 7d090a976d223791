"""Weights on the way from where a run began to where it ended.

A fine-tuned network gains what it was trained for and loses a little of what it could do before. On the straight line between
the two most of the gain comes early and most of the loss late: migan-lite half-way keeps the LPIPS it learned and drops the
grid that LPIPS does not see.

    python -m mobile_inpaint.training.weight_interpolation RUN SHARE OUT --photos DIR

Source: Wortsman et al., Robust fine-tuning of zero-shot models (CVPR 2022).
"""

from __future__ import annotations

import argparse
import sys
from itertools import count
from pathlib import Path

import torch

from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.documents import read_json
from mobile_inpaint.errors import MobileInpaintError, TrainingError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import open_checkpoint, save_model
from mobile_inpaint.training.config import config_from
from mobile_inpaint.training.generator import starting_generator
from mobile_inpaint.training.result import MODEL, RECORD
from mobile_inpaint.training.samples import Samples


@torch.no_grad()
def between(start: Generator, end: Generator, share: float) -> None:
    """Moves ``end`` back towards ``start``, a network of the same shapes, until ``share`` of the way is left: 1 stays."""
    for ours, theirs in zip(end.state_dict().values(), start.state_dict().values(), strict=True):
        ours.copy_(theirs.lerp(ours, share))


def main() -> None:
    """Writes OUT, or says in one line why not."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("run", type=Path)
    options.add_argument("share", type=float)
    options.add_argument("out", type=Path)
    options.add_argument("--photos", type=Path, required=True)
    chosen = options.parse_args()
    try:
        _write(chosen.run, chosen.share, chosen.out, chosen.photos)
    except (MobileInpaintError, OSError) as error:
        sys.exit(f"between: {error}")


def _write(run: Path, share: float, out: Path, photos: Path) -> None:
    if not 0 <= share <= 1:
        raise TrainingError(f"SHARE is {share:g}, must be 0, where the run began, to 1, where it ended")
    record = run / RECORD
    if not record.is_file():
        raise TrainingError(f"{record}: no such file; RUN must be the folder of a run that has ended")
    table = read_json(record, TrainingError)
    if not isinstance(table, dict) or "config" not in table:
        raise TrainingError(f"{record}: not the record of a run: it has no 'config'")
    config = config_from(table["config"], str(record))
    samples = Samples(open_photos(photos), config.data.size_px, config.data.seed, config.data.holes)
    drawn = map(samples.__getitem__, count())
    start, _ = starting_generator(config.generator, config.data.seed, drawn, lambda line: print(line, file=sys.stderr))
    end, _ = open_checkpoint(run / MODEL)
    begun = start.with_branches(0)
    if [value.shape for value in begun.state_dict().values()] != [value.shape for value in end.state_dict().values()]:
        raise TrainingError(f"{run / MODEL}: not the network that {record} describes")
    between(begun, end, share)
    save_model(end, out)


if __name__ == "__main__":
    main()
