from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from small_runs import config

from mobile_inpaint.data.photo_source import PhotoSource
from mobile_inpaint.models.registry import open_checkpoint
from mobile_inpaint.training import weight_interpolation
from mobile_inpaint.training.generator import starting_generator
from mobile_inpaint.training.train import train


def test_half_way_is_the_mean_of_start_and_end(
    photos: PhotoSource, plain_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config(loss={"adversarial": 0}, run={"steps": 2})
    end, _ = open_checkpoint(train(wanted, photos, tmp_path / "run").model)
    start = starting_generator(wanted.generator, wanted.data.seed)[0].with_branches(0)
    arguments = [str(tmp_path / "run"), "0.5", str(tmp_path / "half.safetensors"), "--photos", str(plain_photos)]
    monkeypatch.setattr(sys, "argv", ["between", *arguments])
    weight_interpolation.main()
    half, _ = open_checkpoint(tmp_path / "half.safetensors")
    values = [list(network.state_dict().values()) for network in (start, half, end)]
    assert any(not torch.equal(first, last) for first, _, last in zip(*values, strict=True))
    for first, middle, last in zip(*values, strict=True):
        torch.testing.assert_close(middle, (first + last) / 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["run", "1.5"], "between: SHARE is 1.5, must be 0"), (["nowhere", "0.5"], "between: .*nowhere/run.json")],
)
def test_what_it_cannot_do_is_said_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["between", *arguments, "out.safetensors", "--photos", str(tmp_path)])
    with pytest.raises(SystemExit, match=message):
        weight_interpolation.main()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"config": 5}', '{"config": {"data": {"size_px": "x"}}}', "[" * 100_000])
def test_a_damaged_record_is_one_line(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.json").write_text(content)
    monkeypatch.setattr(sys, "argv", ["between", str(tmp_path), "0.5", "out.safetensors", "--photos", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^between: .*run\.json: [^\n]*$"):
        weight_interpolation.main()
