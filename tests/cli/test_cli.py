from __future__ import annotations

import errno
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mobile_inpaint import __version__, cli, list_models, list_targets
from mobile_inpaint.artifact import Artifact
from mobile_inpaint.checkpoints import store as weights
from mobile_inpaint.cli import VERBS, console, main
from mobile_inpaint.cli.verbs import EXAMPLES, OPTION_GROUPS, SECTIONS
from mobile_inpaint.errors import ConversionError

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
        (["weights", "fetch", "nonsense"], "there are migan-lite, migan-512-places2"),
        (["weights", "path", "migan-256-ffhq"], "weights add migan-256-ffhq"),
        (["info", "nowhere.onnx"], "nowhere.onnx: no such artifact"),
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
    assert [line[:-1] for line in out.splitlines() if line.endswith(":") and line[0] != " "] == [
        "Options",
        *SECTIONS,
        "Examples",
    ]
    assert max(map(len, out.splitlines())) <= 80


EVERY = [[verb] for verb in VERBS] + [name.split() for name in EXAMPLES if " " in name]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_is_as_wide_as_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widest = 0
    for words in EVERY:
        assert main([*words, "-h"]) == 0
        out = capfd.readouterr().out
        unbreakable = (line for line in out.splitlines() if not line.startswith(("  mobile-inpaint", "Documentation:")))
        widths = [len(line) for line in unbreakable]
        assert max(widths) <= columns, out
        widest = max(widest, *widths)
        assert "…" not in out.replace("release …", "") or "..." not in out
        assert "\nExample" in out and "\nDocumentation: " in out and "-h, --help" in out
    assert widest > columns - 4


def test_every_option_says_more_than_a_word(capfd: Captured) -> None:
    for words in EVERY:
        context = _context([*words])
        for one in context.command.get_params(context):
            if not one.hidden:
                assert one.help and len(one.help.split()) >= 2, (words, one.name, one.help)


def test_many_options_stand_in_groups(capfd: Captured) -> None:
    for verb in ("fill", "export", "bench", "evaluate"):
        assert main([verb, "-h"]) == 0
        headings = [line for line in capfd.readouterr().out.splitlines() if line.endswith(":") and line[0] != " "]
        assert len(headings) >= 4 and "Options:" in headings, verb
    for verb, groups in OPTION_GROUPS.items():
        context = _context([verb])
        names = {one.name for one in context.command.get_params(context)}
        assert all(names & set(members) for members in groups.values())


def test_every_example_can_be_read() -> None:
    """By the command's own parser, without running it."""
    assert {words[0] for words in EVERY} == set(VERBS) and {" ".join(words) for words in EVERY} <= set(EXAMPLES)
    for lines in EXAMPLES.values():
        for line in lines:
            assert len(line) <= 76
            program, *words = shlex.split(line)
            assert program == "mobile-inpaint"
            _context(words)


def _context(words: list[str]) -> Any:
    """What Typer reads ``words`` as; missing arguments are a fault only where there are any."""
    group = get_command(cli._app(words[0]))
    name, command, left = group.resolve_command(group.make_context("mobile-inpaint", [words[0]], resilient_parsing=True), words)
    while getattr(command, "commands", None) and left:
        name, command, left = command.resolve_command(command.make_context(name, [left[0]], resilient_parsing=True), left)
    return command.make_context(name, left, resilient_parsing=not left)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_what_there_is_and_loads_nothing_heavy(shell: str, store: Path, tmp_path: Path) -> None:
    def complete(line: str) -> set[str]:
        words = line.split(" ")
        environment = {
            **os.environ,
            "_MOBILE_INPAINT_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        script = (
            "import sys; from mobile_inpaint.cli import main\n"
            "try: main()\n"
            "finally: assert not {'torch', 'numpy', 'PIL'} & set(sys.modules), 'heavy'"
        )
        answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert (answer.returncode, answer.stderr) == (0, "")
        names = re.findall(r'"([^"]+)"(?::"|\)|$)', answer.stdout, re.M) if shell == "zsh" else answer.stdout.splitlines()
        return {name.partition("\t")[0] for name in names}

    assert complete("mobile-inpaint fi") == {"fill"}
    assert {"--mask", "--out", "--model"} <= complete("mobile-inpaint fill --")
    assert complete("mobile-inpaint export --hole b") == {"black"}
    assert complete("mobile-inpaint weights fetch migan-5") == {"migan-512-places2", "migan-512-erase"}
    assert complete("mobile-inpaint export --target ") == {*list_targets(), "all"}
    assert complete("mobile-inpaint bench --device pixel-8") == {"pixel-8a"}


def test_completion_is_shown_and_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for shell, word in (("bash", "complete -o default -F"), ("zsh", "#compdef mobile-inpaint"), ("fish", "complete --command")):
        assert main(["--show-completion", shell]) == 0
        assert word in capfd.readouterr().out
        assert main(["--install-completion", shell]) == 0
        (place,) = re.findall("completion is in (.*)", capfd.readouterr().out)
        assert Path(place).is_relative_to(tmp_path) and word in Path(place).read_text()
    subprocess.run(["bash", "-n", next((tmp_path / ".bash_completions").iterdir())], check=True)


def test_version(capfd: Captured) -> None:
    for option in ("--version", "-V"):
        assert main([option]) == 0
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
    commands = {check["command"]: check for check in found["commands"]}
    assert commands["fill"]["ready"] and commands["export --target onnx"]["ready"] and found["broken"] == []
    assert {need["name"] for need in commands["bench --device android"]["needs"]} >= {"adb", "onnxruntime"}
    assert {check.partition(" ")[0] for check in commands} <= set(VERBS)
    assert found["packages"]["onnx"]["onnxruntime"] and found["packages"]["everything"]["torch"]
    assert found["npm"] and found["store"] == {"path": str(store), "here": ["migan-lite"], "error": None}
    assert main(["doctor", "export", "models"]) == 0
    out = capfd.readouterr().out
    assert "export --target onnx    ready" in out and "bench" not in out


def test_doctor_names_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    script = (
        "import importlib.metadata as m, sys; from mobile_inpaint.cli import main; real = m.version\n"
        "def version(name):\n"
        "    if name == 'coremltools': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version; sys.exit(main(['doctor', *sys.argv[1:]]))"
    )
    environment = {"PATH": "", "MOBILE_INPAINT_HOME": str(tmp_path)}
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert answer.returncode == 0 and answer.stderr == ""  # fill works
    lines = [line.split(maxsplit=3) for line in answer.stdout.splitlines()]
    assert ["export", "--target", "coreml", "missing: coremltools"] in lines
    assert "  pip install 'mobile-inpaint[coreml]'" in answer.stdout
    for program in ("npm", "adb", "Java", "Chromium", "Xcode", "qemu"):
        assert re.search(f"missing: .*{program}", answer.stdout), program
    assert "apt-get install adb" in answer.stdout and "CHROME_PATH" in answer.stdout


def test_every_missing_toolchain_is_named(tmp_path: Path) -> None:
    script = (
        "import importlib.metadata as m, sys; from mobile_inpaint.cli import main; real = m.version\n"
        "def version(name):\n"
        "    if name in ('coremltools', 'litert-torch'): raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version; sys.exit(main(['export', '--target', 'coreml', '--target', 'tflite']))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert answer.returncode == 1 and answer.stdout == "" and answer.stderr.count("\n") == 1
    for said in ("coremltools", "mobile-inpaint[coreml]", "litert-torch", "mobile-inpaint[tflite]"):
        assert said in answer.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_as_such_whoever_hides_it(monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> None:
    """As exporters do; that the disk itself is full is tried by hand."""

    def full() -> None:
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise ConversionError("onnx: the exporter failed") from error

    monkeypatch.setattr(weights, "list_checkpoints", full)
    assert main(["weights", "list"]) == 1
    assert capfd.readouterr().err == (
        "mobile-inpaint: No space left on device; make room, or choose a place on another disk "
        "(while: onnx: the exporter failed)\n"
    )


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
        "import sys, mobile_inpaint.cli.doctor_checks as d; from mobile_inpaint.cli import main\n"
        "def interrupted(): raise KeyboardInterrupt\n"
        "d.store = interrupted; sys.exit(main(['doctor']))"
    )
    interrupted = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (interrupted.returncode, interrupted.stdout, interrupted.stderr) == (130, "", "interrupted\n")


def _in_a_terminal(script: str, **extra: str) -> str:
    """What a terminal of 80 columns shows of ``script``."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "MOBILE_INPAINT_PROGRESS": "", **extra}
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
    script = [sys.executable, "-c", PROGRESS.format(steps=14)]
    environment = {**os.environ, "MOBILE_INPAINT_PROGRESS": ""}
    piped = subprocess.run(script, capture_output=True, text=True, check=True, env=environment)
    assert piped.stdout == piped.stderr == ""


SLOW = """
from mobile_inpaint.cli import asides, console, progress
now = [0.0]
progress.time.monotonic = lambda: now[0]
with {made} as told:
    for second in range({seconds}):
        now[0] = float(second)
        {call}
"""


def test_piped_progress_is_a_line_now_and_then() -> None:
    """With a clock of its own, so that ten minutes take no time."""
    environment = {**os.environ, "MOBILE_INPAINT_PROGRESS": ""}

    def lines(made: str, call: str, seconds: int = 600, **extra: str) -> list[str]:
        script = [sys.executable, "-c", SLOW.format(made=made, call=call, seconds=seconds)]
        answer = subprocess.run(script, capture_output=True, text=True, check=True, env=environment | extra)
        assert answer.stdout == ""
        return answer.stderr.splitlines()

    counted = lines("console.progress('fetching')", "told(second, 600)")
    assert counted[0] == "fetching (4 of 600, 4 s)"
    assert counted[-1].startswith("fetching (") and "about" in counted[-1] and 10 < len(counted) < 25
    assert lines("console.progress('fetching', in_bytes=True)", "told(second * 10**6, 8 * 10**6)", 8)[0] == (
        "fetching (4.0 of 8.0 MB, 4 s, about 4 s left)"
    )
    assert lines("console.steps('export', expected=8)", "told(f'step {second}')", 6) == [
        "export: step 4 (4 of 8, 4 s, about 4 s left)"
    ]
    assert lines("console.steps('evaluate')", "told('a photo', second, 10)", 5) == [
        "evaluate: a photo (4 of 10, 4 s, about 6 s left)"
    ]
    assert lines("console.progress('fetching')", "told(second, 600)", 4) == []
    assert lines("console.progress('fetching')", "told(second, 600)", MOBILE_INPAINT_PROGRESS="0") == []


COLOURS = """
from mobile_inpaint.cli import console
with console.claimed_stdout():
    rows = [("a.onnx", console.verdict("exact", True)), ("b.onnx", console.verdict("changed", False))]
    console.table(("file", "verdict"), rows)
    console.say("passes", "good")
    console.refuse("mobile-inpaint", "no such file")
"""


def test_verdicts_have_colours_where_they_are_wanted() -> None:
    shown = _in_a_terminal(COLOURS)
    assert "\x1b[32mexact" in shown and "\x1b[1;31mchanged" in shown
    assert "\x1b[32mpasses\x1b[0m" in shown and "\x1b[1;31mmobile-inpaint: \x1b[0mno such file" in shown
    plain = _in_a_terminal(COLOURS, NO_COLOR="1")
    assert "\x1b[3" not in plain and "\x1b[1;3" not in plain and "exact" in plain
    piped = subprocess.run([sys.executable, "-c", COLOURS], capture_output=True, text=True, check=True)
    assert piped.stdout == "file    verdict\na.onnx  exact\nb.onnx  changed\npasses\n"
    assert piped.stderr == "mobile-inpaint: no such file\n"


def test_a_table_keeps_a_row_on_one_line_when_piped(capfd: Captured) -> None:
    with console.claimed_stdout():
        console.table(("name", "n"), [("x" * 200, 1), ("[b]", 22)])
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines == [["name", "n"], ["x" * 200, "1"], ["[b]", "22"]]
