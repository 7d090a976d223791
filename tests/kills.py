"""Kills commands while they write, and looks at what is left: ``python tests/kills.py --kills 50``.

Each command is killed by SIGKILL, which no program can catch, then run again to its end. After the kill, what it wrote is
whole or not there. After the second run nothing of the first one is left over. Three of four kills come at a change of the file
system that is chosen by chance, up to 2 ms after it began; the others come at any moment of the run.

The commands run in forked children, so that a kill costs no import of torch.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grey_artifact
import numpy as np
import tiny_training
import torch
from PIL import Image

from mobile_inpaint import create_model
from mobile_inpaint.apps import bundle as bundling
from mobile_inpaint.artifact import Artifact, sha256_of
from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.checkpoints.readers.state import read_state
from mobile_inpaint.cli import main
from mobile_inpaint.models.registry import save_model
from mobile_inpaint.training.checkpoint import Checkpoints, read_checkpoint

SMALL = {"resolution": 32, "ch_base": 256, "ch_max": 16}
CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.copyfile", "shutil.rmtree")


@dataclass
class Scenario:
    """A command, what it needs, and what must hold.

    Attributes:
        home: the folder in which all of it happens.
        prepare: makes the state before the kill, given the number of the kill.
        command: the arguments, given the same number; asked again for the second run.
        whole: asserts that nothing is half-written.
        clean: asserts that nothing is left over, after the second run.
    """

    home: Path
    prepare: Callable[[int], None]
    command: Callable[[int], list[str]]
    whole: Callable[[int], None]
    clean: Callable[[int], None]


@dataclass
class Figures:
    """What happened.

    Attributes:
        kills: processes that died by the signal.
        after_the_end: runs that were over before the signal came; another is killed in their place.
        left: kills that left a temporary file or folder, which the next run swept.
    """

    kills: int = 0
    after_the_end: int = 0
    left: int = 0
    seconds: float = field(default=0.0)


def in_child(arguments: Sequence[str], before: Callable[[], None] = lambda: None, kill_after: float | None = None) -> int:
    """Runs the command in a forked child; the exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            sink = os.open(os.devnull, os.O_RDWR)
            os.dup2(sink, 1)
            if "KILLS_VERBOSE" not in os.environ:
                os.dup2(sink, 2)
            before()
            code = main(arguments)
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def watch(folder: Path, change: Callable[[], None]) -> None:
    """Calls ``change`` before each change of the file system in ``folder`` that this process is about to make."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            writes = len(arguments) > 2 and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if not writes:
                return
        elif event not in CHANGES:
            return
        if any(str(argument).startswith(str(folder)) for argument in arguments if isinstance(argument, str | Path)):
            change()

    sys.addaudithook(hook)


def count_changes(scenario: Scenario, number: int) -> tuple[int, float]:
    """How many changes an undisturbed run makes, and how long it takes."""
    reader, writer = os.pipe()

    def before() -> None:
        watch(scenario.home, lambda: os.write(writer, b".") and None)

    scenario.prepare(number)
    started = time.monotonic()
    code = in_child(scenario.command(number), before)
    seconds = time.monotonic() - started
    os.close(writer)
    with os.fdopen(reader, "rb") as counted:
        changes = len(counted.read())
    assert code == 0, f"the undisturbed command failed with {code}"
    return changes, seconds


def kill_at(folder: Path, nth: int, after_s: float) -> Callable[[], None]:
    """What makes a child die at its ``nth`` change in ``folder``, or ``after_s`` behind it."""
    left = [nth]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def change() -> None:
        left[0] -= 1
        if left[0] == 0:
            if after_s == 0:
                die()
            threading.Timer(after_s, die).start()

    return lambda: watch(folder, change)


def run(scenario: Scenario, kills: int, seed: int = 0) -> Figures:
    """Kills the command that many times; a run that ends before the signal comes is not counted.

    Raises:
        AssertionError: something was half-written or left over, or hardly any signal comes in time.
    """
    dice, figures, started = random.Random(seed), Figures(), time.monotonic()
    changes, seconds = count_changes(scenario, 0)
    scenario.clean(0)
    for number in itertools.count():
        if figures.kills == kills:
            break
        assert number < 10 * kills + 10, "the runs end before they are killed"
        scenario.prepare(number)
        if number % 4 == 3:
            code = in_child(scenario.command(number), kill_after=dice.uniform(0, seconds))
        else:
            before = kill_at(scenario.home, dice.randint(1, changes), dice.choice((0, dice.uniform(0, 0.002))))
            code = in_child(scenario.command(number), before)
        assert code in (0, -signal.SIGKILL), f"kill {number}: exit code {code}"
        figures.kills += code != 0
        figures.after_the_end += code == 0
        figures.left += any(path.name.startswith(".mobile-inpaint-") for path in scenario.home.rglob("*"))
        scenario.whole(number)
        code = in_child(scenario.command(number))
        assert code == 0, f"kill {number}: the next run ended with {code}"
        scenario.whole(number)
        scenario.clean(number)
    figures.seconds = round(time.monotonic() - started, 1)
    return figures


def names(folder: Path) -> set[str]:
    """Every file and folder below, by path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def assert_names(folder: Path, must: set[str], may: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """Asserts that ``folder`` holds these files and folders, and no others."""
    there = names(folder)
    assert must <= there, f"missing: {sorted(must - there)}"
    assert there <= must | may, f"left over: {sorted(there - must - may)}"


def fill(home: Path) -> Scenario:
    """``fill --out q.png``, every second time over a picture that is there."""
    save_model(create_model("migan-256", seed=1, **SMALL), home / "toy.safetensors")
    pixels = np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(home / "photo.png")
    mask = np.zeros((600, 800), np.uint8)
    mask[100:120, 100:140] = 255
    Image.fromarray(mask).save(home / "mask.png")
    out = home / "q.png"
    command = ["fill", str(home / "photo.png"), "--mask", str(home / "mask.png"), "--out", str(out), "--overwrite"]
    command += ["--model", str(home / "toy.safetensors")]

    def prepare(number: int) -> None:
        out.unlink(missing_ok=True)
        if number % 2:
            shutil.copyfile(home / "photo.png", out)

    def whole(_: int) -> None:
        if out.exists():
            with Image.open(out) as picture:
                picture.load()
                assert picture.size == (800, 600)

    def clean(_: int) -> None:
        assert_names(home, {"toy.safetensors", "photo.png", "mask.png", "q.png"})

    return Scenario(home, prepare, lambda _: command, whole, clean)


def bundle(home: Path) -> Scenario:
    """``bundle`` of two artifacts in turn, each in place of the other."""
    for name in ("one", "two"):
        grey_artifact.write(home / "artifacts" / f"{name}-fp32.onnx", content=name.encode())
    model = home / "app" / "model"

    def command(number: int) -> list[str]:
        path = home / "artifacts" / ("one-fp32.onnx", "two-fp32.onnx")[number % 2]
        return ["bundle", str(path), "--app", "android", "--into", str(model)]

    def prepare(_: int) -> None:
        """The other artifact is there from the kill before."""

    def whole(_: int) -> None:
        if (model / bundling.INDEX).exists():
            bundled = bundling.bundled(model)
            assert bundled is not None
            Artifact.open(bundled)

    def clean(number: int) -> None:
        name = ("one-fp32.onnx", "two-fp32.onnx")[number % 2]
        assert_names(model, {name, f"{name}.json", bundling.INDEX, bundling.NOTICES})
        assert json.loads((model / bundling.INDEX).read_text()) == {"artifact": name}

    return Scenario(home, prepare, command, whole, clean)


def weights_add(home: Path) -> Scenario:
    """``weights add`` of two files in turn under one name."""
    for seed in (1, 2):
        save_model(create_model("migan-256", seed=seed, **SMALL), home / f"{seed}.safetensors")
    digests = [sha256_of(home / f"{seed}.safetensors") for seed in (1, 2)]
    store = home / "store"
    os.environ["MOBILE_INPAINT_HOME"] = str(store)

    def command(number: int) -> list[str]:
        return ["weights", "add", "mine", str(home / f"{number % 2 + 1}.safetensors"), "--force"]

    def prepare(number: int) -> None:
        if number % 8 == 0:
            shutil.rmtree(store, ignore_errors=True)

    def whole(_: int) -> None:
        if weights.is_here("mine"):
            assert weights.card("mine").sha256 in digests
            read_state(weights.path("mine"))

    def clean(number: int) -> None:
        file = f"{digests[number % 2][:12]}.safetensors"
        assert_names(store, {"lock", "tmp", "weights", "weights/mine", "weights/mine/card.json", f"weights/mine/{file}"})

    return Scenario(home, prepare, command, whole, clean)


def train(home: Path) -> Scenario:
    """``train`` of a tiny network for three steps, each with a checkpoint and a grid; then ``train --resume``."""
    tiny_training.write(home, checkpoint_every=1, grid_every=1, grid_rows=1, log_every=1, keep=1)
    out = home / "run"
    checkpoints = Checkpoints(out, 1)

    def command(_: int) -> list[str]:
        common = ["train", "--photos", str(home / "photos"), "--out", str(out)]
        return [*common, "--resume"] if checkpoints.last() else [*common, "--config", str(home / "c.toml")]

    def prepare(_: int) -> None:
        shutil.rmtree(out, ignore_errors=True)

    def whole(_: int) -> None:
        for path in checkpoints.steps().values():
            read_checkpoint(path)
        if (out / "model.safetensors").exists():
            read_state(out / "model.safetensors")
        if (out / "run.json").exists():
            json.loads((out / "run.json").read_text())
        for path in out.glob("grids/step-*.png"):
            with Image.open(path) as picture:
                picture.load()

    def clean(_: int) -> None:
        files = {"log.jsonl", "run.json", "model.safetensors", "checkpoints", "checkpoints/step-00000003.pt", "grids"}
        last = files | {"grids/step-00000003.png"}
        assert_names(out, last, {"grids/step-00000001.png", "grids/step-00000002.png"})
        assert [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()] == [1, 2, 3]

    return Scenario(home, prepare, command, whole, clean)


SCENARIOS: dict[str, Callable[[Path], Scenario]] = {
    "fill": fill,
    "bundle": bundle,
    "weights add": weights_add,
    "train": train,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of each command")
    parser.add_argument("--only", choices=list(SCENARIOS), help="one command; all of them if not given")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in [asked.only] if asked.only else SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {run(SCENARIOS[name](Path(folder).resolve()), asked.kills, asked.seed)}", flush=True)
