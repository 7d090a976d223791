from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image as pil

from mobile_inpaint.data.photo_source import open_photos
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.training.config import TrainConfig, config_from, read_config, shipped_config
from mobile_inpaint.training.result import photos_digest

SHIPPED = sorted(
    path.name.removesuffix(".toml") for path in resources.files("mobile_inpaint.training").joinpath("configs").iterdir()
)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("")
    assert read_config(tmp_path / "run.toml") == TrainConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[optimizer]\nlearning_rate = 1", r"run.toml: unknown key 'optimizer.learning_rate' \(there are generator_lr,"),
        ("[data.holes.shares]\nsquares = 1", r"run.toml: unknown key 'data.holes.shares.squares'"),
        ("[data]\nbatch = 'two'\n[run]\nsteps = 1.5", r"'data.batch' must be a whole number.*'run.steps' must be a whole"),
        (
            "[data]\nbatch = 0\n[optimizer]\nclip = -1",
            r"run.toml: 'data.batch' must be .* from 1 to 4096, not 0; 'optimizer.clip' must be",
        ),
        ("[loss]\nl1 = -1", r"run.toml: 'loss.l1' must be a number from 0 to"),
        ("[data", r"run.toml: not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_keys(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_config(tmp_path / "run.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none.toml: cannot be read \(No such file"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(TrainingError, match=r"nonsense: neither a file nor .* there are .*finetune"):
        shipped_config("nonsense")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_comes_with_the_package_can_be_read(name: str) -> None:
    assert shipped_config(name).run.steps > 0


def test_only_the_table_run_may_differ_when_resuming() -> None:
    ours = config_from({"loss": {"l1": 2}, "run": {"steps": 5}}, "test")
    assert ours.differences(TrainConfig()) == ["loss.l1 (0.0 there, 2.0 here)"]
    small = config_from({"generator": {"overrides": {"ch_max": 16}}}, "test")
    assert TrainConfig().differences(small) == ["generator.overrides.ch_max (16 there, None here)"]


def test_the_digest_of_a_set_takes_every_name(tmp_path: Path) -> None:
    for name in (b"a.png", b"\xff.png"):
        pil.new("RGB", (8, 8)).save(tmp_path / os.fsdecode(name))
    assert len(photos_digest(open_photos(tmp_path))) == 64
