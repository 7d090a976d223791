from __future__ import annotations

import importlib
import importlib.util
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import mobile_inpaint
from mobile_inpaint import cli

HEAVY = {
    "torch", "numpy", "PIL", "rich", "safetensors", "cv2", "onnx", "onnxruntime", "onnxscript", "coremltools", "litert_torch",
    "ai_edge_litert", "ai_edge_quantizer", "tensorflow",
}  # fmt: skip


def _loaded_after(statement: str) -> set[str]:
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    answer = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not HEAVY & _loaded_after("import mobile_inpaint")
    assert "torch" not in _loaded_after("from mobile_inpaint import Compositor, Mask, Photo, list_targets; list_targets()")


def test_no_help_loads_anything_heavy() -> None:
    every = [[verb, "--help"] for verb in cli.VERBS] + [["--help"], ["--version"]]
    every += [["weights", verb, "--help"] for verb in ("list", "fetch", "add", "path", "remove")]
    every += [["photos", verb, "--help"] for verb in ("list", "fetch")]
    assert not HEAVY & _loaded_after(
        f"from mobile_inpaint.cli import main\nfor arguments in {every}: assert main(arguments) == 0, arguments"
    )


@pytest.mark.parametrize("verb", [None, *cli.VERBS])
def test_help_comes_at_once(verb: str | None, capfd: pytest.CaptureFixture[str]) -> None:
    """Beside what any Typer program takes, in turn: a machine may be twice as slow an hour later. NumPy alone is too much."""
    ours, least = [], []
    for _ in range(3):
        ours.append(_processor_seconds("-m", "mobile_inpaint", *([verb] if verb else []), "--help"))
        least.append(_processor_seconds("-c", "import typer"))
    out = capfd.readouterr().out
    assert "Usage: mobile-inpaint" in out and "--help" in out
    assert min(ours) < 3.5 * min(least), f"{min(ours):.2f} s of processor time, Typer {min(least):.2f}"


def _processor_seconds(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_public_names_exist() -> None:
    for name in mobile_inpaint.__all__:
        assert getattr(mobile_inpaint, name) is not None
    assert set(mobile_inpaint.__all__) <= set(dir(mobile_inpaint))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mobile_inpaint.nonsense  # noqa: B018


def test_every_verb_is_a_function_of_its_files_name() -> None:
    for verb in cli.VERBS:
        module = importlib.import_module(f"mobile_inpaint.cli.{verb}")
        assert callable(getattr(module, "app" if verb in cli.GROUPS else verb))


ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "Makefile", "docs/*.md", "demo/*.md", "golden/*.md", "benchmarks/*.md", "mobile_inpaint/**/*.toml")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)


def test_every_module_that_a_page_or_a_card_names_is_there() -> None:
    named = {name: path for path in PAGES for name in re.findall(r"-m (mobile_inpaint(?:\.\w+)+)", path.read_text("utf-8"))}
    assert "mobile_inpaint.training.weight_interpolation" in named
    for name, path in named.items():
        assert importlib.util.find_spec(name) is not None, f"{path.relative_to(ROOT)} names {name}"
