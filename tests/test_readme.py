"""The README's commands and its Python do what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for line in README.splitlines() if line.startswith("mobile-inpaint ")]


@pytest.mark.slow
def test_the_commands_and_the_python_run_with_nothing_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr(client, "run", lambda *_, **__: pytest.fail("something was fetched"))
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    assert len(COMMANDS) == 5
    for line in COMMANDS:
        arguments = shlex.split(line)[1:]
        if arguments[0] == "bench":
            arguments += ["--iterations", "2", "--warmup", "1"]
        assert main(arguments) == 0, line
    [code] = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "wren.jpg").stat().st_size > 100_000
    assert (tmp_path / "wren.png").exists()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
