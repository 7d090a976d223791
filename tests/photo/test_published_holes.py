"""Our free-form holes against the published generator's: distribution of sizes, place and outline, within sampling error."""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mobile_inpaint.masks.strokes import free_form

COUNTS = {"256": 300, "512": 150, "256_hole_range_0_0.5": 200, "512_hole_range_0_0.5": 120}
SIGMAS = 4


def published(golden: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((golden / "migan/mask_stats.json").read_text())[name]
    return found


@cache
def drawn(name: str) -> np.ndarray:
    side, *bounds = name.split("_hole_range_0_")
    shape = partial(free_form, share=(0.0, float(bounds[0]) if bounds else 1.0))
    return np.stack([shape((int(side), int(side)), np.random.default_rng((11, number))) for number in range(COUNTS[name])])


@pytest.mark.parametrize("name", COUNTS)
def test_holes_are_distributed_as_the_published_ones(name: str, golden: Path) -> None:
    stats, shares = published(golden, name), drawn(name).mean(axis=(1, 2))
    both = 1 / len(shares) + 1 / stats["n"]
    assert shares.mean() == pytest.approx(stats["coverage_mean"], abs=SIGMAS * stats["coverage_std"] * both**0.5)
    for percent, share in stats["deciles"].items():
        part = int(percent) / 100
        error = SIGMAS * (part * (1 - part) * both) ** 0.5
        assert np.mean(shares <= share) == pytest.approx(part, abs=max(error, 3 / len(shares))), percent
    assert stats["touches_border_first400"] - 0.06 < np.mean(
        [hole[[0, -1]].any() or hole[:, [0, -1]].any() for hole in drawn(name)]
    )


@pytest.mark.parametrize("side", ["256", "512"])
def test_holes_have_the_outline_of_the_published_ones(side: str, golden: Path) -> None:
    with np.load(golden / "migan/mask_samples.npz") as samples:
        theirs = np.unpackbits(samples[f"hole_packbits_{side}"], axis=1).reshape(-1, int(side), int(side)).astype(bool)
    theirs_long, ours_long = (
        np.array([np.diff(hole, axis=0).sum() + np.diff(hole, axis=1).sum() for hole in holes])
        for holes in (theirs, drawn(side))
    )
    assert theirs_long.mean() == pytest.approx(ours_long.mean(), abs=SIGMAS * ours_long.std() / len(theirs) ** 0.5)
    assert ours_long.min() <= theirs_long.min() and theirs_long.max() <= ours_long.max()
