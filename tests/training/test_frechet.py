"""Distances of sets of features, held against the formula with its matrix roots, and the scores of a separating plane."""

import numpy as np
import pytest
import torch

from mobile_inpaint.metrics.frechet import frechet_distance, split_half_floor
from mobile_inpaint.metrics.ids import discriminative_scores, pairs_needed


def drawn(count: int, features: int, seed: int, shift: float = 0.0, stretch: float = 1.0) -> torch.Tensor:
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, features)) @ np.random.default_rng(99).normal(size=(features, features))
    return torch.from_numpy(mixed * stretch + shift)


def by_matrix_root(one: torch.Tensor, other: torch.Tensor) -> float:
    """The published formula: means, traces, and the root of the covariances' product by its eigenvalues."""
    a, b = torch.cov(one.T), torch.cov(other.T)
    roots = torch.linalg.eigvals(a @ b).real.clamp_min(0).sqrt()
    return float((one.mean(0) - other.mean(0)).square().sum() + a.trace() + b.trace() - 2 * roots.sum())


@pytest.mark.parametrize(("count", "other"), [(200, 150), (12, 9)], ids=["more pictures than features", "fewer"])
def test_it_is_the_published_formula(count: int, other: int) -> None:
    one, two = drawn(count, 16, 0), drawn(other, 16, 1, shift=0.5, stretch=1.3)
    assert frechet_distance(one, two) == pytest.approx(by_matrix_root(one, two), rel=1e-4)


def test_a_set_lies_nowhere_but_at_itself_and_a_shift_costs_its_square() -> None:
    features = drawn(50, 8, 0)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + 2) == pytest.approx(8 * 4)


def test_the_floor_shrinks_with_the_set_and_is_the_same_each_time() -> None:
    few, many = split_half_floor(drawn(40, 16, 0)), split_half_floor(drawn(4000, 16, 0))
    assert few > 20 * many > 0
    assert few == split_half_floor(drawn(40, 16, 0))


def test_what_cannot_be_told_apart_scores_one_half() -> None:
    fills, photos = drawn(3000, 8, 0), drawn(3000, 8, 1)
    scores = discriminative_scores(fills, photos)
    assert scores.unpaired == pytest.approx(0.5, abs=0.05)
    assert scores.paired == pytest.approx(0.5, abs=0.06)


def test_what_a_plane_parts_scores_nothing() -> None:
    photos = drawn(400, 8, 0)
    assert discriminative_scores(photos + 100, photos) == (0, 0)


def test_scores_are_liblinears() -> None:
    # sklearn.svm.LinearSVC(dual=False) 1.9.1 on the same numbers
    photos, fills = drawn(300, 6, 3), drawn(300, 6, 4, shift=0.8)
    scores = discriminative_scores(fills, photos)
    assert scores == pytest.approx((0.02, 0.47 / 6), abs=1e-9)


def test_as_many_pairs_as_features_are_parted_whatever_they_show() -> None:
    features = 40
    too_few = features // 2
    assert discriminative_scores(drawn(too_few, features, 0), drawn(too_few, features, 1)) == (0, 0)
    enough = pairs_needed(features)
    assert discriminative_scores(drawn(enough, features, 0), drawn(enough, features, 1)).unpaired > 0.1
