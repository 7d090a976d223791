"""What the readers of model files share: an artifact in a place, its manifest made to fit it, and the verbs that take it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from . import stock, warm
from .case import Case, Judge, Outcome, Place

APPS = {"onnx": "android", "tflite": "android", "mlpackage": "ios"}
SECONDS = warm.SECONDS + 2
"""CPU time that a command on a model may take: a network may be slow, up to the limit that the tool sets itself."""
PHOTO, MASK, RESULT = "photo.png", "mask.png", "result.png"


def manifest_for(artifact: Path, text: str, *, count: bool = False, **changes: Any) -> None:
    """Writes beside ``artifact`` the manifest ``text`` with the file's own name, size and hash, as a forger would.

    Args:
        count: put in the operations of the file as well, where it can be read.
        changes: other keys.
    """
    table = json.loads(text) | {"file": artifact.name, "sha256": digest(artifact), "bytes": size(artifact)} | changes
    if count:
        from mobile_inpaint.targets.registry import target_of

        with contextlib.suppress(Exception):  # the command will be told the same
            table["ops"] = target_of(artifact).ops(artifact)
    artifact.with_name(f"{artifact.name}.json").write_text(json.dumps(table, indent=2), encoding="utf-8")


def _scene(place: Place) -> None:
    """A photo and a mask in the box."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    Image.fromarray(pixels).save(place.box / PHOTO)
    hole = np.zeros((40, 48), np.uint8)
    hole[10:20, 12:24] = 255
    Image.fromarray(hole).save(place.box / MASK)


def _known_pixels_are_kept(box: Path) -> Judge:
    """Of a fill: the result is a picture of the photo's size, equal to it outside the mask."""

    def judge(outcome: Outcome) -> str | None:
        if outcome.code:
            return None
        before, after, hole = (np.asarray(Image.open(box / name)) for name in (PHOTO, RESULT, MASK))
        if after.shape != before.shape:
            return "the result has another size"
        return None if (before == after)[hole == 0].all() else "known pixels changed"

    return judge


def fill_by(place: Place, network: Path, option: str = "--artifact") -> Case:
    """``fill`` by an artifact, or by the weights that ``--model`` names."""
    _scene(place)
    command = ["fill", str(place.box / PHOTO), "--mask", str(place.box / MASK), "--out", str(place.box / RESULT)]
    judge = _known_pixels_are_kept(place.box)
    return Case([*command, option, str(network), "--threads", "1"], judge, (RESULT,))


def verb_on(
    random: random.Random,
    place: Place,
    artifact: Path,
    equal: Callable[[], bool],
    kind: str,
    loads: Callable[[], bool] = lambda: True,
) -> Case:
    """One of the commands that take a model file.

    Args:
        equal: whether the file does what the undamaged one does; asked where ``verify`` says that all is well.
        kind: its format, for the app that carries it.
        loads: whether its runtime takes the file and it holds the manifest's contract; asked where it was bundled.
    """
    case = _verb_on(random, place, artifact, equal, kind, loads)
    return replace(case, seconds=SECONDS)


def _verb_on(
    random: random.Random, place: Place, artifact: Path, equal: Callable[[], bool], kind: str, loads: Callable[[], bool]
) -> Case:
    verb = random.choices(("lint", "no-photos", "info", "verify", "fill", "bundle", "bench"), (5, 5, 1, 4, 4, 2, 2))[0]
    match verb:
        case "lint":
            return Case(["lint", str(artifact)], speaks=True)
        case "no-photos":
            return Case(["lint", str(artifact), "--no-photos", *(("--json",) if random.random() < 0.3 else ())], speaks=True)
        case "info":
            return Case(["info", str(artifact)])
        case "verify":
            return Case(
                ["verify", str(artifact), "--model", str(stock.path(stock.CHECKPOINT))],
                _verified(equal, "verify says that a damaged file is good"),
            )
        case "fill":
            return fill_by(place, artifact)
        case "bundle":
            return Case(
                ["bundle", str(artifact), "--app", APPS[kind], "--into", str(place.box / "app")],
                _verified(loads, "a file is bundled that no runtime takes, or without its contract"),
                ("app", "app/*", "app/*/*", "app/*/*/*", "app/*/*/*/*", "app/*/*/*/*/*"),
            )
        case _:
            return Case(["bench", str(artifact)], call=lambda _: run_foreign(artifact))


def _verified(equal: Callable[[], bool], complaint: str) -> Judge:
    return lambda outcome: complaint if outcome.code == 0 and not equal() else None


Run = Callable[[Path, Any, Any], Any]
"""What an artifact makes of an image and a mask."""


@functools.cache
def _expected(run: Run, artifact: Path) -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(7)
    image = generator.random((1, 3, stock.SIDE, stock.SIDE), np.float32)
    mask = (generator.random((1, 1, stock.SIDE, stock.SIDE)) > 0.6).astype(np.float32)
    return image, mask, run(artifact, image, mask)


def same_fill(run: Run, artifact: Path, name: str) -> bool:
    """Whether a file fills as the undamaged one of that name does: known pixels exactly and the hole nearly."""
    image, mask, expected = _expected(run, stock.path(f"{name}{artifact.suffix}"))
    try:
        output = run(artifact, image, mask)
    except Exception:
        return False
    hole = np.broadcast_to(mask > 0, expected.shape)
    return (
        output.shape == expected.shape
        and (output[~hole] == expected[~hole]).all()
        and float(np.abs(output - expected)[hole].mean()) < 0.05
    )


def run_foreign(artifact: Path) -> int:
    """What ``bench`` does with a file before it times it; all else it does with files that passed this."""

    def run() -> None:
        from mobile_inpaint.bench.measure.candidate import Candidate
        from mobile_inpaint.bench.measure.rehearsal import rehearse

        rehearse(Candidate(artifact), 1)

    return as_command(run)


def as_command(call: Callable[[], object]) -> int:
    """The exit code of ``call``, whose errors are printed as ``cli.main`` prints them."""
    from mobile_inpaint.cli import console
    from mobile_inpaint.errors import MobileInpaintError

    with console.claimed_stdout():
        try:
            call()
        except MobileInpaintError as error:
            console.note(f"mobile-inpaint: {' '.join(str(error).split())}")
            return 1
    return 0


def digest(path: Path) -> str:
    """Of a file; of a folder as a manifest has it: that of its sorted lines ``sha256  path``."""
    if path.is_dir():
        lines = sorted(f"{digest(file)}  {file.relative_to(path).as_posix()}\n" for file in _files(path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size(path: Path) -> int:
    """Bytes of a file or of all in a folder."""
    return sum(file.stat().st_size for file in _files(path)) if path.is_dir() else path.stat().st_size


def _files(folder: Path) -> list[Path]:
    """Those that end: a link to a device does not."""
    return [path for path in folder.rglob("*") if path.is_file()]


def copy(name: str, place: Place, to: str | None = None) -> Path:
    """A file or folder of the stock in the box, with a manifest where it has one."""
    source, target = stock.path(name), place.box / (to or name)
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    return target
