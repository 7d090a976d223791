"""Core ML packages: the program, its weights, the list of files, and the folder that holds them."""

from __future__ import annotations

import functools
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import models, protobufs, stock
from .case import Case, Place, right
from .damage import damaged
from .documents import hostile_json

_PROGRAM = Path("Data/com.apple.CoreML/model.mlmodel")
_WEIGHTS = Path("Data/com.apple.CoreML/weights/weight.bin")


@functools.cache
def _spec(name: str) -> Any:
    from coremltools.proto import Model_pb2

    return Model_pb2.Model.FromString(stock.content(f"{name}.mlpackage/{_PROGRAM}"))


def make(random: random.Random, place: Place) -> Case:
    """One verb on a damaged package; its manifest names the right hash."""
    name = random.choice(("toy-fp32", "toy-fp16"))
    path = models.copy(f"{name}.mlpackage", place)
    undamaged = random.random() < 0.04
    if not undamaged:
        for _ in range(random.choice((1, 1, 1, 2))):
            _damage(random, place, path, name)
    models.manifest_for(path, stock.manifest_text(f"{name}.mlpackage"))
    case = models.verb_on(
        random, place, path, lambda: models.digest(path) == models.digest(stock.path(f"{name}.mlpackage")), "mlpackage"
    )
    if case.arguments[0] == "bench":
        case = Case(["lint", str(path)], speaks=True)
    verb = case.arguments[0]
    judged = verb == "fill" or (verb == "bundle" and undamaged)
    return replace(case, judge=case.judge if judged else right, seconds=models.SECONDS, undamaged=undamaged and verb != "lint")


def _damage(random: random.Random, place: Place, path: Path, name: str) -> None:
    program, weights, listing = path / _PROGRAM, path / _WEIGHTS, path / "Manifest.json"
    try:
        match random.randrange(20):
            case 0 | 1 | 2 | 3:
                program.write_bytes(damaged(random, program.read_bytes()))
            case 4 | 5 | 6 | 7:
                program.write_bytes(protobufs.changed(random, _spec(name), stop=0.15))
            case 8 | 9:
                weights.write_bytes(damaged(random, weights.read_bytes()))
            case 10:
                weights.write_bytes(weights.read_bytes()[: random.randrange(300)])
            case 11 | 12:
                listing.write_bytes(hostile_json(random, json.loads(listing.read_bytes())))
            case 13:
                text = listing.read_text()
                target = random.choice(
                    ("../../outside/secret.bin", "/etc/passwd", "", ".", "com.apple.CoreML/weights", "../Manifest.json")
                )
                listing.write_text(text.replace("com.apple.CoreML/model.mlmodel", target))
            case 14:
                victim = random.choice((program, weights, listing))
                victim.unlink()
                victim.symlink_to(random.choice((place.outside / "secret.bin", victim, Path("/dev/zero"), place.box / "none")))
            case 15:
                link = random.choice(
                    (path / "Data" / "link", path / "link", path / "Data" / "com.apple.CoreML" / "weights" / "x.bin")
                )
                link.symlink_to(random.choice((place.outside, place.outside / "secret.bin", path, Path("/"), link)))
            case 16:
                random.choice((program, weights, listing)).unlink()
            case 17:
                victim = random.choice((program, weights, listing))
                victim.unlink()
                victim.mkdir()
            case 18:
                folder = path / "Data"
                for _ in range(random.choice((5, 100))):
                    folder = folder / "d"
                    folder.mkdir()
                for number in range(random.choice((1, 500))):
                    (path / random.choice((f"f{number}", f"é{number}\n", f"{number}\x1b[31m"))).touch()
            case _:
                with weights.open("r+b") as file:
                    file.truncate(random.choice((0, 64, 3_000_000)))
    except OSError:  # what it changes is gone already
        return
