from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as pil
from small_runs import config, entries, last, numbers

from mobile_inpaint.data.photo_source import PhotoSource, open_photos
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.training.checkpoint import Checkpoints, read_checkpoint
from mobile_inpaint.training.dry_run import dry_run
from mobile_inpaint.training.log import Entry
from mobile_inpaint.training.train import train


def test_a_run_learns_and_leaves_what_it_promises(photos: PhotoSource, tmp_path: Path) -> None:
    wanted = config(loss={"adversarial": 0}, run={"steps": 40, "grid_every": 20, "keep": 2, "checkpoint_every": 10})
    seen: list[Entry] = []
    outcome = train(wanted, photos, tmp_path / "run", watch=seen.append)
    assert (outcome.step, outcome.stopped) == (40, None)
    losses = [entry.losses["l1"] for entry in seen]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert [entry["step"] for entry in entries(tmp_path / "run")] == list(range(1, 41))
    assert list(Checkpoints(tmp_path / "run", 2).steps()) == [30, 40]
    with pil.open(tmp_path / "run/grids/step-00000040.png") as grid:
        assert grid.size == (4 * 32, 4 * 32)  # photo, holed, fill, average by four rows
    generator, _ = open_checkpoint(outcome.model)
    assert generator.resolution == 32
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert record["step"] == 40 and record["config"]["loss"]["l1"] == 1 and len(record["photos"]) == 64


def test_minutes_end_a_run_that_goes_on_later(photos: PhotoSource, tmp_path: Path) -> None:
    outcome = train(config(), photos, tmp_path, minutes=1e-6)
    assert outcome.step == 1 and outcome.stopped == "1e-06 minutes are over"
    assert train(config(), photos, tmp_path, resume=True).step == 8


def test_a_loss_that_is_no_number_is_named(photos: PhotoSource, tmp_path: Path) -> None:
    wanted = config(optimizer={"generator_lr": 1e30}, loss={"frequency": 1}, run={"checkpoint_every": 1})
    with pytest.raises(
        TrainingError, match=r"step 2: loss frequency is (nan|inf): the last good checkpoint is .*step-00000001.pt"
    ):
        train(wanted, photos, tmp_path)
    assert read_checkpoint(last(tmp_path))[0]["state"]["step"] == 1
    assert all(value.isfinite().all() for value in numbers(tmp_path).values())


def test_a_gradient_that_is_no_number_is_named(photos: PhotoSource, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step 1: the gradient of the generator is inf: there is no checkpoint yet"):
        train(config(loss={"l1": 1e38}), photos, tmp_path)


def test_gradients_are_clipped(photos: PhotoSource, tmp_path: Path) -> None:
    wanted = config(optimizer={"clip": 1e-9, "beta2": 0.0}, loss={"adversarial": 0}, run={"steps": 1})
    train(wanted, photos, tmp_path / "a")
    moments = {key: value for key, value in numbers(tmp_path / "a").items() if key.endswith("exp_avg")}
    assert 0 < sum(value.square().sum() for value in moments.values()) ** 0.5 < 1.01e-9


@contextmanager
def _full_disk(limit: int) -> Iterator[None]:
    """No file may grow beyond ``limit`` bytes, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_last_good_checkpoint(photos: PhotoSource, tmp_path: Path) -> None:
    train(config(run={"steps": 4}), photos, tmp_path)
    before = last(tmp_path)
    with (
        _full_disk(10_000),
        pytest.raises(TrainingError, match=r"step-00000008.pt: cannot be written .*step-00000004.pt; make room"),
    ):
        train(config(), photos, tmp_path, resume=True)
    assert last(tmp_path) == before and len(list((tmp_path / "checkpoints").iterdir())) == 1
    assert train(config(), photos, tmp_path, resume=True).step == 8


def test_a_folder_that_cannot_be_written_to(photos: PhotoSource, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"file.*cannot be written .*there is no checkpoint yet"):
        train(config(), photos, tmp_path / "file" / "run")


def test_wrong_checkpoints_are_refused(photos: PhotoSource, tmp_path: Path) -> None:
    wanted, unbroken = config(), tmp_path / "run"
    train(wanted, photos, unbroken)
    with pytest.raises(TrainingError, match=r"a run is here already.*--resume"):
        train(wanted, photos, unbroken)
    with pytest.raises(TrainingError, match=r"another configuration: loss.l1 \(1.0 there, 2.0 here\)"):
        train(config(loss={"l1": 2}), photos, unbroken, resume=True)
    (tmp_path / "others").mkdir()
    pil.new("RGB", (64, 64)).save(tmp_path / "others/one.png")
    with pytest.raises(TrainingError, match="other photos"):
        train(wanted, open_photos(tmp_path / "others"), unbroken, resume=True)
    with pytest.raises(TrainingError, match="no checkpoint to go on from"):
        train(wanted, photos, tmp_path / "new", resume=True)

    document = torch.load(last(unbroken), weights_only=True)
    document["format"] = 1  # which has no digest, so that it may be edited
    document["state"]["networks"]["discriminator"]["trunk.weight"] = torch.ones(1)
    older = tmp_path / "older" / last(unbroken).relative_to(unbroken)
    older.parent.mkdir(parents=True)
    torch.save(document, older)
    with pytest.raises(TrainingError, match=r"discriminator is not built as this version builds it; .*--from$"):
        train(wanted, photos, tmp_path / "older", resume=True)

    foreign = tmp_path / "foreign/checkpoints/step-00000001.pt"
    foreign.parent.mkdir(parents=True)
    torch.save({"weights": torch.ones(1)}, foreign)
    with pytest.raises(TrainingError, match="not a training checkpoint of mobile-inpaint"):
        train(wanted, photos, tmp_path / "foreign", resume=True)
    foreign.write_bytes(last(unbroken).read_bytes()[:5000])
    with pytest.raises(TrainingError, match="damaged"):
        train(wanted, photos, tmp_path / "foreign", resume=True)
    with pytest.raises(TrainingError, match=r"shared evenly|data.size_px is 64, but migan-256 takes 32"):
        train(config(data={"size_px": 64}), photos, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_dry_run_counts_and_writes_nothing(photos: PhotoSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cost = dry_run(config(), photos)
    assert not list(tmp_path.iterdir())
    assert cost.layers[0].shape[1:] == (32, 32) or cost.layers[0].kind == "ToPublished"
    by_name = {layer.name: layer for layer in cost.layers}
    pointwise = by_name["encoder.blocks.b32.conv1.pointwise"]
    assert pointwise.macs == 8 * 8 * 32 * 32 and pointwise.parameters == 64
    assert cost.macs > pointwise.macs and cost.seconds_per_step > 0 and cost.memory_mb > 50
    assert cost.parameters.keys() == {"generator", "discriminator"}


def test_tensorboard_gets_the_same_figures(photos: PhotoSource, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(config(run={"tensorboard": True, "steps": 2}), photos, tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [scalar.value for scalar in events.Scalars("losses/l1")] == pytest.approx(
        [entry["losses"]["l1"] for entry in entries(tmp_path)]  # type: ignore[index]
    )
