"""A bounded slice of the fuzzing of model files, and that a case can be made again; ``make fuzz`` runs for hours."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from . import guard, models, readers
from .case import Place
from .runs import check, run

CASES = {"onnx": 60, "tflite": 60, "mlpackage": 25, "bundles": 25}


@pytest.mark.parametrize("reader", CASES)
def test_a_slice(tmp_path: Path, reader: str) -> None:
    check(run(tmp_path, CASES[reader], reader)[reader], CASES[reader])


@pytest.mark.parametrize("name", [name for name in readers.NAMES if name not in ("checkpoints", "mlpackage")])
def test_a_case_is_the_same_each_time_it_is_made(tmp_path: Path, name: str) -> None:
    reader = readers.get(name, tmp_path)
    place = Place(tmp_path / "box", tmp_path / "outside", tmp_path / "home")
    place.outside.mkdir()
    (place.outside / "secret.bin").write_bytes(bytes(100))
    for seed in range(12):
        made = []
        for _ in range(2):
            shutil.rmtree(place.box, ignore_errors=True)
            place.box.mkdir()
            case = reader.make(random.Random(seed), place)
            tree = {path: (kind, target) for path, (kind, _, _, target) in guard.snapshot(place.box).items()}
            made.append((case.arguments, tree, models.digest(place.box) if name != "onnx" or seed else ""))
        assert made[0] == made[1]
