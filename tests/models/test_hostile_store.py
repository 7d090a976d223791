"""What a damaged store or a file that cannot be added comes to: one line each, and nothing is kept."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hostile_weights import tensor, write_safetensors
from safetensors.torch import save_file

from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.cli import main
from mobile_inpaint.errors import CheckpointNotFound, WeightsError
from mobile_inpaint.models.base import Generator
from mobile_inpaint.models.registry import add_checkpoint


def test_what_is_added_is_named_as_the_user_names_it(store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.pt").write_text("<html>")
    overlapping = {"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 0, 4)}
    write_safetensors(tmp_path / "mine.safetensors", overlapping, b"1234")
    for name in ("mine.pt", "mine.safetensors"):
        assert main(["weights", "add", "own", str(tmp_path / name)]) == 1
        (line,) = capfd.readouterr().err.splitlines()
        assert f"{name} cannot be added: " in line and str(store) not in line and "added." not in line, line
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pt")
    assert main(["weights", "add", "own", str(tmp_path / "other.pt")]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert "other.pt holds the weights of no network" in line and "added." not in line
    os.truncate(tmp_path / "other.pt", 1 << 40)
    with pytest.raises(WeightsError, match="larger than 1 GB"):
        add_checkpoint("own", tmp_path / "other.pt")
    assert not list((store / "tmp").iterdir()) and not (store / "weights").exists()


CARDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a name outside": lambda card: card.update(name="../../x"),
    "another name": lambda card: card.update(name="lpips"),
    "a digest outside": lambda card: card.update(sha256="../../../etc/passwd"),
    "a file outside": lambda card: card.update(file="../../x.pt"),
    "a file without a name": lambda card: card.update(file=".."),
    "part of the package": lambda card: card.update(embedded=True, file="migan-lite.safetensors"),
    "a list": lambda card: card.update(licence=[1]),
    "a number of text": lambda card: card.update(resolution="64"),
    "a key less": lambda card: card.pop("sha256"),
    "a key more": lambda card: card.update(extra=1),
    "half a pair": lambda card: card.update(licence="\ud800"),
    "a number of 400 digits": lambda card: card.update(resolution=10**400),
}


@pytest.mark.parametrize("kind", CARDS)
def test_a_damaged_card_is_one_line(
    kind: str, store: Path, tiny: Generator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_file(tiny.state_dict(), tmp_path / "a.safetensors")
    add_checkpoint("own", tmp_path / "a.safetensors")
    record = store / "weights/own/card.json"
    card = json.loads(record.read_text())
    CARDS[kind](card)
    record.write_text(json.dumps(card))
    for arguments in (["weights", "list"], ["export", "--target", "onnx", "--model", "own", "--out", str(tmp_path / "out")]):
        assert main(arguments) == 1
        (line,) = capfd.readouterr().err.splitlines()
        assert "card.json is damaged" in line and "weights remove own" in line, line
    assert main(["weights", "remove", "own"]) == 0
    assert not record.exists()


def test_folders_that_are_not_the_stores_are_not_listed(store: Path) -> None:
    for name in ("Not a name", "ours"):
        (store / "weights" / name / "card.json").mkdir(parents=True)
    (store / "weights/a").mkdir()
    os.mkfifo(store / "weights/a/card.json")
    assert not {"Not a name", "ours", "a"} & {card.name for card in weights.list_checkpoints()}
    with pytest.raises(CheckpointNotFound):
        weights.card("ours")


def test_a_yardstick_is_the_published_one_or_none(store: Path, tmp_path: Path) -> None:
    folder = store / "weights/lpips"
    folder.mkdir(parents=True)
    published, content = weights.card("lpips"), io.BytesIO()
    torch.save({}, content)
    digest = "0" * 64
    (folder / f"{digest[:12]}.safetensors").write_bytes(content.getvalue())
    table = {key: value for key, value in vars(published).items() if key not in ("npm", "pypi")}
    (folder / "card.json").write_text(json.dumps({**table, "sha256": digest}))
    with pytest.raises(WeightsError, match=r"lpips is not the published file: mobile-inpaint weights remove lpips"):
        weights.find("lpips", kind="yardstick")
