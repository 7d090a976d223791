from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mobile_inpaint import __version__, list_models, list_targets
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.cli import VERBS, console, main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _json(arguments: Sequence[str], capfd: Captured) -> object:
    """The one document on stdout."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frobnicate"], f"there are {', '.join(VERBS)}"),
        (["--frobnicate"], "--frobnicate"),
        (["weights", "frobnicate"], "there are list, fetch, add, path, remove"),
        (["weights"], "there are list, fetch, add, path, remove"),
        (["weights", "fetch"], "'NAME'; see: mobile-inpaint weights --help"),
        (["weights", "fetch", "nonsense"], "there are migan-lite, migan-512-places2"),
        (["weights", "path", "migan-256-ffhq"], "weights add migan-256-ffhq"),
        (["info"], "see: mobile-inpaint info --help"),
        (["info", "nowhere.onnx"], "nowhere.onnx: no such artifact"),
        (["models", "--nonsense"], "--nonsense; see: mobile-inpaint models --help"),
    ],
)
def test_a_mistake_is_one_line_and_exit_1(arguments: list[str], message: str, store: Path, capfd: Captured) -> None:
    assert main(arguments) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("mobile-inpaint: ") and captured.err.count("\n") == 1
    assert message in captured.err


def test_an_unreadable_store_is_one_line(store: Path, capfd: Captured) -> None:
    store.write_text("a file where the folder should be")
    assert main(["weights", "add", "mine", __file__]) == 1
    assert capfd.readouterr().err.count("\n") == 1


def test_without_arguments_it_helps(capfd: Captured) -> None:
    assert main([]) == 0
    out = capfd.readouterr().out
    assert all(verb in out for verb in VERBS)
    assert max(map(len, out.splitlines())) <= 80


def test_version(capfd: Captured) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"mobile-inpaint {__version__}\n"


def test_models(store: Path, capfd: Captured) -> None:
    rows = _json(["models"], capfd)
    assert isinstance(rows, list) and [row["name"] for row in rows] == list_models()
    by_name = {row["name"]: row for row in rows}
    assert by_name["migan-512"]["parameters"] == 5_893_158  # really learned, as counted from the published network
    assert by_name["migan-256"]["parameters"] == 5_865_505
    assert by_name["migan-512"]["checkpoints"] == {"migan-512-places2": "MIT", "migan-512-erase": "MIT"}
    assert main(["models"]) == 0
    assert "5.89 M" in capfd.readouterr().out


def test_targets(capfd: Captured) -> None:
    rows = _json(["targets"], capfd)
    assert isinstance(rows, list) and [row["name"] for row in rows] == list_targets()
    assert all(row["tools"] and row["missing"] is None and {"fp32", "fp16"} <= set(row["precisions"]) for row in rows)
    assert main(["targets"]) == 0
    assert ".mlpackage" in capfd.readouterr().out


def test_doctor(store: Path, capfd: Captured) -> None:
    found = _json(["doctor"], capfd)
    assert isinstance(found, dict)
    assert found["packages"]["onnx"]["onnxruntime"] and found["packages"]["everything"]["torch"]
    assert found["npm"] and found["store"] == {"path": str(store), "here": ["migan-lite"], "error": None}
    assert main(["doctor"]) == 0
    assert "mobile-inpaint weights fetch migan-512-places2" in capfd.readouterr().out


def test_doctor_names_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    script = (
        "import importlib.metadata as m, sys; from mobile_inpaint.cli import main; real = m.version\n"
        "def version(name):\n"
        "    if name == 'coremltools': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version; sys.exit(main(['doctor']))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PATH": "", "MOBILE_INPAINT_HOME": str(tmp_path)}
    )
    assert answer.returncode == 0 and answer.stderr == ""
    assert "missing: coremltools" in answer.stdout and "pip install 'mobile-inpaint[coreml]'" in answer.stdout
    assert "apt-get install npm" in answer.stdout


def test_info(small_artifacts: dict[str, Artifact], capfd: Captured) -> None:
    artifact = small_artifacts["onnx"]
    found = _json(["info", str(artifact.path)], capfd)
    assert isinstance(found, dict) and found["manifest"]["sha256"] == artifact.manifest.sha256
    assert main(["info", str(artifact.path)]) == 0
    out = capfd.readouterr().out
    for fact in (artifact.manifest.contract.provenance.licence, "64 × 64 px", "in the hole", "exact", "LeakyRelu"):
        assert fact in out


def test_weights_from_end_to_end(store: Path, small_checkpoint: Path, capfd: Captured) -> None:
    cards = _json(["weights", "list"], capfd)
    assert isinstance(cards, list) and [card["name"] for card in cards if card["here"]] == ["migan-lite"]
    added = _json(["weights", "add", "mine", str(small_checkpoint)], capfd)
    assert isinstance(added, dict) and Path(added["path"]).is_file() and added["resolution"] == 64
    assert main(["weights", "path", "mine"]) == 0
    assert capfd.readouterr().out.strip() == added["path"] == str(weights.path("mine"))
    assert main(["weights", "list"]) == 0
    assert "unknown (user file)" in capfd.readouterr().out
    assert main(["weights", "remove", "mine"]) == 0
    assert _json(["weights", "list"], capfd) == cards


def test_chatter_never_reaches_stdout() -> None:
    script = (
        "import os, sys; from mobile_inpaint.cli import console\n"
        "with console.claimed_stdout():\n"
        "    print('from python'); os.write(1, b'from C\\n'); os.system('echo from a child')\n"
        "    console.emit({'one': 1})\n"
        "print('afterwards')"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == '{\n  "one": 1\n}\nafterwards\n'
    assert sorted(answer.stderr.splitlines()) == ["from C", "from a child", "from python"]


def test_a_closed_pipe_and_an_interrupt_are_quiet() -> None:
    command = f"{sys.executable} -m mobile_inpaint models --json | true; exit ${{PIPESTATUS[0]}}"
    closed = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert closed.stderr == "" and closed.returncode in (0, 1)
    script = (
        "import sys, mobile_inpaint.cli.doctor as d; from mobile_inpaint.cli import main\n"
        "def interrupted(): raise KeyboardInterrupt\n"
        "d._npm = interrupted; sys.exit(main(['doctor']))"
    )
    interrupted = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (interrupted.returncode, interrupted.stdout, interrupted.stderr) == (130, "", "")


def _in_a_terminal(script: str) -> str:
    """What a terminal of 80 columns shows of ``script``."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", script], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


PROGRESS = """
import time
from mobile_inpaint.cli import console
with console.progress("fetching") as advance:
    for done in range({steps}):
        advance(done, {steps})
        time.sleep(0.1)
"""


def test_a_bar_only_in_a_terminal_and_only_for_long_work() -> None:
    assert "fetching" in _in_a_terminal(PROGRESS.format(steps=14))
    assert "fetching" not in _in_a_terminal(PROGRESS.format(steps=3))
    piped = subprocess.run([sys.executable, "-c", PROGRESS.format(steps=14)], capture_output=True, text=True, check=True)
    assert piped.stdout == piped.stderr == ""


def test_a_table_keeps_a_row_on_one_line_when_piped(capfd: Captured) -> None:
    with console.claimed_stdout():
        console.table(("name", "n"), [("x" * 200, 1), ("[b]", 22)])
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines == [["name", "n"], ["x" * 200, "1"], ["[b]", "22"]]
