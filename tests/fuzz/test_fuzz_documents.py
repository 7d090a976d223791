"""A bounded slice of the fuzzing of photos, documents and weights, and the harness itself; ``make fuzz`` runs for hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import faulty
from .runs import check, run


@pytest.mark.parametrize(
    ("cases", "readers"),
    [
        (150, ("photos", "manifests", "recipes", "reports", "training-toml")),
        (80, ("metadata", "weights")),
        (15, ("checkpoints",)),
    ],
    ids=("documents", "metadata", "checkpoints"),
)
def test_a_slice(tmp_path: Path, cases: int, readers: tuple[str, ...]) -> None:
    for summary in run(tmp_path, cases, *readers).values():
        check(summary, cases)


def test_the_harness_finds_every_kind_of_fault_and_goes_on_where_it_was(tmp_path: Path) -> None:
    first = run(tmp_path, 4, "faulty")["faulty"]
    assert (first["cases"], first["faults"], first["refused"]) == (4, 3, 1)
    cases = tmp_path / "cases" / "faulty.tsv"
    cases.write_text(cases.read_text()[:-2])  # as a kill leaves it
    count = len(faulty.FAULTS)
    second = run(tmp_path, count, "faulty", jobs=2)["faulty"]
    assert (second["cases"], second["faults"], second["refused"]) == (count, count - 1, 1)
    kinds = {seed: cause for cause, seeds in second["causes"].items() for seed in seeds}
    for seed, (kind, _) in enumerate(faulty.FAULTS):
        assert kind in kinds.get(seed, ""), f"{faulty.FAULTS[seed][1].__name__} is told as {kinds.get(seed)}"
    assert (tmp_path / "faults" / "faulty-1" / "box" / "input").exists(), "the input of a fault is kept"
    assert "faulty:1" in (tmp_path / "causes.md").read_text()
