"""README.md and the documentation: marked commands run, links lead somewhere, the package says what its code says."""

from __future__ import annotations

import importlib.util
import posixpath
import re
import shlex
import tomllib
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from mobile_inpaint import __version__
from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "benchmarks/training", "demo", "golden")),
    *sorted((ROOT / "benchmarks").glob("[a-q]*.md")),
    ROOT / "benchmarks/training/notes.md",
]
RUNNABLE = re.compile(r"^<!-- runnable -->\n```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
GENERATED = "docs/command_line.md"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block marked runnable."""
    return RUNNABLE.findall(page.read_text(encoding="utf-8"))


def run(page: Path) -> None:
    """Runs the page's blocks in order: each line of a shell block is one command of ours."""
    names: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, page.name, "exec"), names)
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "mobile-inpaint", f"only commands of ours are run: {line}"
            assert main(arguments) == 0, line


@pytest.fixture
def offline_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo photos, an empty store, and no way to fetch anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOBILE_INPAINT_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr(client, "run", lambda *_, **__: pytest.fail("something was fetched"))
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    return tmp_path


@pytest.mark.slow
def test_the_readme_runs_with_nothing_fetched(offline_folder: Path) -> None:
    assert [language for language, _ in blocks(README)] == ["sh", "sh", "python"]
    run(README)
    assert (offline_folder / "result.jpg").stat().st_size > 100_000
    assert (offline_folder / "artifacts/migan-lite-fp16.onnx.json").exists()
    assert (offline_folder / "result.png").exists()


@pytest.mark.usefixtures("offline_folder")
@pytest.mark.parametrize("page", [page for page in PAGES if page != README and blocks(page)], ids=name_of)
def test_the_blocks_that_are_marked_runnable_run(page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(page)
    assert "Traceback" not in capfd.readouterr().err


def test_the_first_screen_of_the_readme_installs_and_fills() -> None:
    first = README.read_text(encoding="utf-8").splitlines()
    assert len(first) <= 200
    assert "phone" in " ".join(first[2:5])
    screen = "\n".join(first[:25])
    assert "pip install" in screen
    assert "mobile-inpaint fill " in screen


def anchors(page: Path) -> set[str]:
    """What a link may name after a number sign: the headings, as GitHub spells them."""
    headings = re.findall(
        r"^#+ (.*)$", CODE.sub(lambda found: found[0].strip("`"), page.read_text(encoding="utf-8")), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^()\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name_of(page)), path)) if path else name_of(page)
        assert place == GENERATED or (ROOT / place).exists(), f"{target} leads to {place}"
        if anchor and place.endswith(".md") and place != GENERATED:
            assert anchor in anchors(ROOT / place), f"{target}: no such heading"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == ROOT / "docs"], ids=name_of)
def test_every_page_is_in_the_navigation_once(page: Path) -> None:
    assert (ROOT / "mkdocs.yml").read_text(encoding="utf-8").count(f": {page.name}\n") == 1


def build_hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_description_on_an_index_has_no_relative_link() -> None:
    description = build_hook().description(README.read_text(encoding="utf-8"))
    text = re.sub(r"^```.*?^```", "", description, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\]\((?!https?:)[^)]*\)", text) == []
    assert "[IOPaint](https://" in text
    assert "docs/install.md" not in text
    assert "(LICENSE)" in text


def test_the_wheel_stays_small() -> None:
    files = [path for path in (ROOT / "mobile_inpaint").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(len(zlib.compress(path.read_bytes(), 6)) + 200 for path in files) <= 9_000_000, "as a wheel packs them"


def test_the_version_stands_in_one_place_and_the_changelog_has_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert "version" not in project
    assert build_hook().version(ROOT / "mobile_inpaint") == __version__
    assert f"\n## [{__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
