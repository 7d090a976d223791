from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_training

from mobile_inpaint.cli import main


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `c.toml` and a photo in `photos`."""
    place = tmp_path_factory.mktemp("place")
    tiny_training.write(place)
    return place


def _train(place: Path, *arguments: str) -> int:
    return main(["train", "--config", str(place / "c.toml"), "--photos", str(place / "photos"), *arguments])


def test_train_then_go_on(place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert _train(place, "--out", str(run), "--steps", "2") == 0
    out, err = capfd.readouterr()
    assert out == f"{run}/model.safetensors\n" and "step 2 of 2" in err
    assert f"next: mobile-inpaint export --target onnx --model {run}/model.safetensors\n" in err
    more = ["train", "--photos", str(place / "photos"), "--out", str(run), "--resume", "--steps", "3", "--json"]
    assert main(more) == 0
    assert json.loads(capfd.readouterr().out)["step"] == 3
    assert main([*more, "--from", str(run / "model.safetensors")]) == 1
    assert "another configuration: generator.checkpoint (None there, " in capfd.readouterr().err
    assert _train(place, "--out", str(run)) == 1
    assert capfd.readouterr().err.count("\n") == 1


def test_a_dry_run_prints_and_leaves_nothing(
    place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _train(place, "--dry-run") == 0
    out, err = capfd.readouterr()
    assert "parameters of the generator" in out and "images/s" in out and "encoder" not in out
    assert "list them with --verbose" in err and max(map(len, out.splitlines())) <= 80
    assert _train(place, "--dry-run", "--verbose") == 0
    assert "encoder.blocks.b32.fromrgb" in capfd.readouterr().out
    assert _train(place, "--dry-run", "--json") == 0
    assert json.loads(capfd.readouterr().out)["macs"] > 100_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--photos", "nowhere"), "nowhere: no such folder"),
        (("--config", "none.toml"), "none.toml: cannot be read"),
        (("--config", "nonsense"), "nonsense: neither a file nor"),
        (("--from", "nonsense"), "unknown checkpoint 'nonsense'"),
        (("--resume",), "no checkpoint to go on from"),
        (("--steps", "0"), "'--steps': Input should be greater than or equal to 1"),
    ],
)
def test_bad_input_is_one_line(
    place: Path, tmp_path: Path, arguments: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text(tiny_training.toml().replace("variant", "#").replace("overrides", "#"))
    config = place if "--from" not in arguments else tmp_path
    common = ["train", "--config", str(config / "c.toml"), "--photos", str(place / "photos"), "--out", str(tmp_path / "run")]
    assert main([*common, *arguments]) == (2 if "Input should" in message else 1)
    out, err = capfd.readouterr()
    assert not out and message in err and err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_bf16_trains_on_whatever_cpu_this_is(place: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(tiny_training.toml() + 'precision = "bf16"\naccelerator = "cpu"\n')
    arguments = ["--config", tmp_path / "c.toml", "--photos", place / "photos", "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-m", "mobile_inpaint", "train", *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_without_lightning_the_extra_is_named(place: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['lightning_fabric'] = None; from mobile_inpaint.cli import main;"
        f"sys.exit(main(['train', '--config', {str(place / 'c.toml')!r}, '--photos', {str(place / 'photos')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "mobile-inpaint[train]" in done.stderr
