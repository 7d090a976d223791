"""Checkpoints that changed on the disk, and edited ones: the one before is used, or there is one line."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import TOML, config, entries, last, numbers

from mobile_inpaint.cli import main
from mobile_inpaint.data.photo_source import PhotoSource, open_photos
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.checkpoint import Checkpoints, DamagedCheckpoint, read_checkpoint
from mobile_inpaint.training.result import photos_digest
from mobile_inpaint.training.resume import Resumed, resumed
from mobile_inpaint.training.train import train

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="session")
def unbroken(plain_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight steps with checkpoints at 4 and 8."""
    run = tmp_path_factory.mktemp("unbroken") / "run"
    train(config(), open_photos(plain_photos), run)
    return run


@pytest.fixture
def run(unbroken: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(unbroken, tmp_path / "run"))


@pytest.fixture
def only(run: Path) -> Path:
    """The newest checkpoint of a copy that has no other."""
    (run / "checkpoints/step-00000004.pt").unlink()
    return last(run)


@pytest.fixture
def resume(plain_photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[[Path], tuple[int, list[str]]]:
    """``train --resume``: its exit code and its lines on stderr, without the hints of what to do next."""
    toml = tmp_path / "c.toml"
    toml.write_text(TOML)

    def command(run: Path, *more: str) -> tuple[int, list[str]]:
        capfd.readouterr()
        code = main(["train", "--resume", "--photos", str(plain_photos), "--out", str(run), *(more or ("--config", str(toml)))])
        return code, [line for line in capfd.readouterr().err.splitlines() if not line.startswith("next: ")]

    return command


Resume = Callable[..., tuple[int, list[str]]]


def _flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0x10
    path.write_bytes(content)


def _edit(path: Path, change: Edit, *, sealed: bool = False) -> None:
    """What an editor who knows the format makes: a file of the format without a digest, or one with a right digest."""
    document = torch.load(path, weights_only=True)
    document["format"] = 1
    change(document)
    if sealed:
        whole = read_checkpoint(path)[1]
        Checkpoints(path.parents[1], 9).save(document["state"], whole, document["photos"], document["origin"])
    else:
        torch.save(document, path)


def test_a_flipped_byte_is_noticed_and_the_checkpoint_before_is_used(run: Path, unbroken: Path, resume: Resume) -> None:
    newest = last(run)
    _flip(newest, newest.stat().st_size // 2)
    code, lines = resume(run)
    assert code == 0
    assert lines[0].startswith(f"{newest}: damaged") and "does not match its digest" in lines[0]
    assert "going on from step-00000004.pt" in lines[0] and "kept as step-00000008.pt.damaged" in lines[0]
    assert len(lines) == 2 and lines[1].startswith("step 8 of 8")
    assert sorted(path.name for path in newest.parent.iterdir()) == [
        "step-00000004.pt",
        "step-00000008.pt",
        "step-00000008.pt.damaged",
    ]
    ours, whole = numbers(run), numbers(unbroken)
    assert len(ours) > 100 and all(torch.equal(ours[key], whole[key]) for key in whole)
    assert [entry["losses"] for entry in entries(run)] == [entry["losses"] for entry in entries(unbroken)]


def test_a_flipped_byte_anywhere_is_noticed(run: Path) -> None:
    newest, dice = last(run), random.Random(0)
    whole = newest.read_bytes()
    ends = [*range(60), *range(len(whole) - 120, len(whole))]
    for position in [*ends, *dice.sample(range(len(whole)), 60)]:
        content = bytearray(whole)
        content[position] ^= 1 << dice.randrange(8)
        newest.write_bytes(content)
        with pytest.raises(DamagedCheckpoint) as caught:
            read_checkpoint(newest)
        assert "\n" not in str(caught.value)


def test_where_none_is_good_there_is_one_line(run: Path, resume: Resume) -> None:
    for path in Checkpoints(run, 1).steps().values():
        _flip(path, 2000)
    before = sorted(run.rglob("*"))
    for more in ((), ("--steps", "9")):
        code, lines = resume(run, *more)
        assert code == 1 and len(lines) == 1 and "step-00000008.pt: damaged" in lines[0] and "1 before it" in lines[0]
    assert sorted(run.rglob("*")) == before


def test_a_damaged_checkpoint_never_takes_the_place_of_a_good_one(run: Path, plain_photos: Path) -> None:
    _flip(last(run), 5000)
    train(config(run={"keep": 1, "checkpoint_every": 1}), open_photos(plain_photos), run, resume=True, minutes=1e-6)
    assert list(Checkpoints(run, 1).steps()) == [5]
    _flip(last(run), 5000)
    (run / "checkpoints/step-00000005.pt.damaged").mkdir()
    shutil.copy(run / "checkpoints/step-00000008.pt.damaged", run / "checkpoints/step-00000004.pt")
    with pytest.raises(TrainingError, match=r"step-00000005.pt: damaged.*1 before it"):
        train(config(), open_photos(plain_photos), run, resume=True)


def test_a_folder_with_the_name_of_an_old_checkpoint_stays(run: Path, plain_photos: Path) -> None:
    (run / "checkpoints/step-00000001.pt").mkdir()
    train(config(run={"keep": 1}), open_photos(plain_photos), run, resume=True)
    assert list(Checkpoints(run, 1).steps()) == [1, 8]


def test_a_run_of_the_version_before_goes_on(only: Path, unbroken: Path, plain_photos: Path) -> None:
    older = only.with_name("step-00000004.pt")
    only.unlink()
    shutil.copy(unbroken / "checkpoints/step-00000004.pt", older)
    _edit(older, lambda document: None)
    said = list[str]()
    train(config(), open_photos(plain_photos), only.parents[1], resume=True, note=said.append)
    assert [line for line in said if "digest" in line] == [said[0]] and "written by an earlier version" in said[0]
    ours, whole = numbers(only.parents[1]), numbers(unbroken)
    assert all(torch.equal(ours[key], whole[key]) for key in whole)
    assert read_checkpoint(only)[0]["format"] == 2


def _state(change: Edit) -> Edit:
    return lambda document: change(document["state"])


def _generator(change: Callable[[dict[str, Any]], object]) -> Edit:
    return lambda document: change(document["state"]["networks"]["generator"])


def _adam(change: Callable[[dict[str, Any]], object]) -> Edit:
    return lambda document: change(document["state"]["optimizers"]["generator"])


def _config(change: Callable[[dict[str, Any]], object]) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        table = json.loads(document["config"])
        change(table)
        document["config"] = json.dumps(table)

    return edit


def _replaced(key: str, value: object) -> Edit:
    return lambda table: table.__setitem__(key, value)


def _missing(key: str) -> Edit:
    return lambda table: table.pop(key)


BIAS = "encoder.blocks.b32.fromrgb.bias"
EDITS: dict[str, Edit] = {
    **{
        f"{key} is {value!r}": _replaced(key, value)
        for key in ("config", "photos", "origin", "state", "format")
        for value in (None, 5, {"a": 1}, torch.ones(2))
    },
    **{f"no {key}": _missing(key) for key in ("config", "photos", "origin", "state", "format")},
    "config is no JSON": _replaced("config", "{"),
    "config is nested": _replaced("config", "[" * 100_000),
    "config is a list": _replaced("config", "[]"),
    "config has a long number": _replaced("config", '{"data": {"batch": ' + "9" * 5000 + "}}"),
    "config has an unknown key": _config(_replaced("new", 1)),
    "config has another type": _config(lambda table: table["data"].update(batch="8")),
    "config has a huge batch": _config(lambda table: table["data"].update(batch=10**12)),
    "config has no size": _config(lambda table: table["data"].update(size_px=0)),
    "origin is no JSON": _replaced("origin", "{"),
    "origin is a number": _replaced("origin", "5"),
    "photos are others": _replaced("photos", "0" * 64),
    "format is newer": _replaced("format", 99),
    "format is huge": _replaced("format", 10**400),
    "format is negative": _replaced("format", -1),
    **{f"state.{key} is missing": _state(_missing(key)) for key in ("network", "networks", "optimizers", "step", "seconds")},
    **{
        f"state.{key} is {value!r}": _state(_replaced(key, value))
        for key in ("network", "networks", "optimizers", "step")
        for value in (-1, 10**30, 1.0, True, [], torch.ones(3))
    },
    **{
        f"state.seconds is {value!r}": _state(_replaced("seconds", value))
        for value in (None, -1, float("nan"), float("inf"), [])
    },
    "another step than the name says": _state(_replaced("step", 7)),
    "no such network": _state(lambda state: state["network"].update(name="../x")),
    "the network's name is a number": _state(lambda state: state["network"].update(name=5)),
    "a variant of weights": _state(lambda state: state["network"]["variant"].update(weights="/dev/zero")),
    "a variant of petabytes": _state(lambda state: state["network"]["variant"].update(ch_base=2**30, ch_max=2**30)),
    "a variant of another size": _state(lambda state: state["network"]["variant"].update(resolution=1 << 20)),
    "a variant that is none": _state(lambda state: state["network"]["variant"].update(stem=2)),
    "a variant of zeros": _state(lambda state: state["network"]["variant"].update(patch=0)),
    "a variant of text": _state(lambda state: state["network"]["variant"].update(ch_max="8")),
    "a network less": _state(lambda state: state["networks"].pop("average")),
    "a network of lists": _state(lambda state: state["networks"].update(generator=[1])),
    "a tensor less": _generator(_missing(BIAS)),
    "a tensor more": _generator(_replaced("new", torch.ones(1))),
    "a tensor of another shape": _generator(_replaced(BIAS, torch.ones(3))),
    "a tensor of another type": _generator(lambda network: network.update({BIAS: network[BIAS].double()})),
    "a tensor that is not a number": _generator(lambda network: network[BIAS].fill_(float("nan"))),
    "a tensor that is infinite": _generator(lambda network: network[BIAS].fill_(float("inf"))),
    "a tensor that is text": _generator(_replaced(BIAS, "x")),
    "a sparse tensor": _generator(lambda network: network.update({BIAS: network[BIAS].to_sparse()})),
    "a complex tensor": _generator(lambda network: network.update({BIAS: network[BIAS].to(torch.complex64)})),
    "a tensor on no device": _generator(lambda network: network.update({BIAS: torch.empty(1 << 40, device="meta")})),
    "no groups": _adam(_replaced("param_groups", [])),
    "groups of numbers": _adam(_replaced("param_groups", [1])),
    "groups of other parameters": _adam(lambda adam: adam["param_groups"][0].update(params=[999])),
    "a learning rate that is text": _adam(lambda adam: adam["param_groups"][0].update(lr="fast")),
    "a learning rate that is no number": _adam(lambda adam: adam["param_groups"][0].update(lr=float("nan"))),
    "betas of another run": _adam(lambda adam: adam["param_groups"][0].update(betas=(0.5, 0.999))),
    "moments that are a list": _adam(_replaced("state", [])),
    "moments of no parameter": _adam(lambda adam: adam["state"].update({10**6: adam["state"][0]})),
    "moments by name": _adam(lambda adam: adam["state"].update(x=adam["state"][0])),
    "a moment of another shape": _adam(lambda adam: adam["state"][0].update(exp_avg=torch.ones(1, 2, 3))),
    "a moment that is no number": _adam(lambda adam: adam["state"][0]["exp_avg"].fill_(float("nan"))),
    "a square that is negative": _adam(lambda adam: adam["state"][0]["exp_avg_sq"].fill_(-1)),
    "a moment less": _adam(lambda adam: adam["state"][0].pop("exp_avg")),
    "a moment's step that is negative": _adam(lambda adam: adam["state"][0]["step"].fill_(-5)),
}
"""What no run has written."""


def _resumed(run: Path, photos: PhotoSource) -> Resumed:
    return resumed(config(), Checkpoints(run, 3), photos_digest(photos), torch.device("cpu"))


@pytest.mark.parametrize("kind", EDITS)
def test_every_edited_checkpoint_is_one_line(kind: str, only: Path, photos: PhotoSource) -> None:
    _edit(only, EDITS[kind])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TrainingError) as caught:
        _resumed(only.parents[1], photos)
    line = str(caught.value)
    assert only.name in line and "\n" not in line and len(line) < 700
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000


@pytest.mark.parametrize(
    "kind",
    [
        *(f"{key} is 5" for key in ("config", "photos", "origin", "state", "format")),
        *("state.step is -1", "state.network is []", "a tensor that is not a number", "a variant of petabytes"),
    ],
)
def test_the_command_says_one_line_about_an_edited_checkpoint(kind: str, only: Path, resume: Resume) -> None:
    _edit(only, EDITS[kind])
    for more in ((), ("--steps", "9")):
        code, lines = resume(only.parents[1], *more)
        assert code == 1 and len(lines) == 1, lines
        assert lines[0].startswith("mobile-inpaint: ") and only.name in lines[0]


@pytest.mark.parametrize("kind", ["a tensor of another type", "a moment that is no number", "a variant of text"])
def test_a_right_digest_excuses_nothing(kind: str, only: Path, photos: PhotoSource) -> None:
    _edit(only, EDITS[kind], sealed=True)
    with pytest.raises(TrainingError, match="damaged"):
        _resumed(only.parents[1], photos)


def test_an_edited_checkpoint_without_a_config_at_hand(only: Path, resume: Resume) -> None:
    for change in (
        _config(lambda table: table["data"].update(batch=10**12)),
        _config(lambda table: table["data"].update(size_px=0)),
    ):
        _edit(only, change)
        code, lines = resume(only.parents[1], "--steps", "9")
        assert code == 1 and len(lines) == 1, lines


def _compressed(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def _with_code(path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(path.with_name("sprung")),)

    torch.save({"format": 1, "config": Trap(), "photos": "", "origin": "", "state": {}}, path)


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))


def _sparse(path: Path) -> None:
    os.truncate(path, 1 << 40)


REPLACED: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "one byte": lambda path: path.write_bytes(b"P"),
    "cut": lambda path: os.truncate(path, 5000),
    "cut by a byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "text": lambda path: path.write_text("<html>"),
    "a terabyte": _sparse,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a link": _replace_by_link,
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "a device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    "compressed": _compressed,
    "code": _with_code,
    "a list": lambda path: torch.save([1, 2], path),
    "old tensors": lambda path: torch.save({"a": torch.ones(1)}, path, _use_new_zipfile_serialization=False),
}


@pytest.mark.parametrize("kind", REPLACED)
def test_whatever_stands_in_its_place_is_one_line_or_the_one_before(
    kind: str, run: Path, photos: PhotoSource, resume: Resume
) -> None:
    newest, checkpoints = last(run), Checkpoints(run, 3)
    REPLACED[kind](newest)
    before = _resumed(run, photos)
    assert before.state.step == 4 and before.path.name == "step-00000004.pt" and list(before.damaged) == [newest]
    (line,) = before.settle(checkpoints)
    assert line.startswith(str(newest)) and line.endswith("kept as step-00000008.pt.damaged") and "\n" not in line
    assert list(checkpoints.steps()) == [4] and not newest.with_name("sprung").exists()

    kept, older = newest.with_name(f"{newest.name}.damaged"), checkpoints.steps()[4]
    assert os.path.lexists(kept)
    older.unlink()
    kept.rename(newest)
    code, lines = resume(run)
    assert code == 1 and len(lines) == 1 and newest.name in lines[0], lines


def test_a_damaged_record_does_not_stop_a_run(run: Path, unbroken: Path, resume: Resume) -> None:
    log, good = run / "log.jsonl", (unbroken / "log.jsonl").read_text().splitlines(keepends=True)
    foreign = (
        b'[1]\n{"step": "x"}\n\xff\xfe}\n'
        + b"[" * 50_000
        + b"}\n"
        + b'{"step": '
        + b"9" * 5000
        + b"}\n{}\n\n"
        + b"x" * 300_000
        + b"\n"
    )
    log.write_bytes("".join(good[:3]).encode() + foreign + "".join(good[3:]).encode() + b'{"step": 9, "im')
    code, lines = resume(run)
    assert code == 0 and len(lines) == 1 and "lines are no entries" in lines[0] and "log.jsonl.damaged" in lines[0], lines
    assert [entry["step"] for entry in entries(run)] == list(range(1, 9))
    assert foreign in (run / "log.jsonl.damaged").read_bytes()

    log.unlink()
    os.mkfifo(log)
    code, lines = resume(run)
    assert code == 0 and len(lines) == 1 and "not a record of this run" in lines[0], lines
    log.write_text("".join(good) + '{"step": 9, "im')  # what a kill leaves
    assert resume(run) == (0, [])
