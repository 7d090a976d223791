"""What mkdocs calls while it builds the site: generated pages, pages that stand elsewhere in the repository, and their links.

- ``command_line.md`` is generated from the Typer app.
- README files of other folders, CHANGELOG.md, CONTRIBUTING.md and SECURITY.md become pages of the site, under their own paths.
- A page links to any file of the repository by its relative path, as on disk. The link leads to the page of that file if the
  site has one. A picture is copied. Any other link becomes its text. A link to a file that does not exist stops the build.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
MIRRORED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benchmarks/README.md",
    "benchmarks/compositor.md",
    "benchmarks/evaluation.md",
    "benchmarks/method.md",
    "benchmarks/precisions.md",
    "benchmarks/quantization.md",
    "benchmarks/roofline.md",
    "benchmarks/table.md",
    "benchmarks/training/README.md",
    "benchmarks/training/notes.md",
    "benchmarks/training/throughput.md",
    "demo/README.md",
    "golden/README.md",
)
PICTURES = {".png", ".svg", ".jpg", ".webp"}
PUBLIC_NAMES = "<!-- public names -->"
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_UNBOUNDED = 1e6
"""A largest value above this is a guard against overflow, not a choice."""


def in_repository(site_path: str) -> str:
    """The path in the repository of what the site has at ``site_path``."""
    return site_path if (ROOT / site_path).is_file() and not (ROOT / "docs" / site_path).is_file() else f"docs/{site_path}"


def site_path_of(path: str) -> str | None:
    """Where the site has the file of the repository at ``path``; None if the site has no page of it."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return path if path in MIRRORED or Path(path).suffix.lower() in PICTURES else None


def links(page: str, text: str) -> Iterator[tuple[re.Match[str], str, str]]:
    """Each relative link of a page: the match, the path in the repository, and the anchor with its ``#``."""
    for found in _LINK.finditer(text):
        target, _, anchor = found["target"].partition("#")
        if target and not re.match(r"[a-z]+:", target):
            yield found, posixpath.normpath(posixpath.join(posixpath.dirname(page), target)), "#" + anchor if anchor else ""


def rewritten(page: str, text: str) -> str:
    """The text of a page with its links as the site needs them.

    Args:
        page: path of the page in the repository.
        text: Markdown.

    Raises:
        PluginError: a link leads to nothing.
    """
    here = posixpath.dirname(site_path_of(page) or page)
    pieces, at = [], 0
    for found, path, anchor in links(page, text):
        if path == "docs/command_line.md":
            place: str | None = "command_line.md"
        elif not (ROOT / path).exists():
            raise PluginError(f"{page} links to {found['target']}, which does not exist")
        else:
            place = site_path_of(path)
        pieces.append(text[at : found.start()])
        at = found.end()
        if place is None:
            pieces.append(found["text"])
        else:
            pieces.append(f"{found['picture']}[{found['text']}]({posixpath.relpath(place, here or '.')}{anchor})")
    return "".join([*pieces, text[at:]])


def on_files(files: Files, config: Any) -> Files:
    """Adds the generated page, the mirrored pages and the pictures that they show."""
    files.append(File.generated(config, "command_line.md", content=command_line()))
    pictures = set()
    for path in MIRRORED:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    for page in [*MIRRORED, *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]:
        for _, path, _ in links(page, (ROOT / page).read_text(encoding="utf-8")):
            if not path.startswith("docs/") and Path(path).suffix.lower() in PICTURES:
                pictures.add(path)
    for path in sorted(pictures):
        if (ROOT / path).is_file():
            files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrites the links of a page that stands in the repository, and fills in what the API page leaves open."""
    site_path = page.file.src_uri
    if site_path == "command_line.md":
        return markdown
    text = rewritten(in_repository(site_path), markdown)
    return text.replace(PUBLIC_NAMES, public_names()) if site_path == "api.md" else text


def public_names() -> str:
    """A heading with the docstring of each public function and class of the package."""
    import mobile_inpaint

    names = sorted(mobile_inpaint.__all__, key=lambda name: (name[0].isupper(), name))
    homes = [f"{mobile_inpaint._HOME[name]}.{name}" for name in names if name in mobile_inpaint._HOME]
    return "\n\n".join(f"::: {home}" for home in homes)


def command_line() -> str:
    """The page of all commands with their arguments and options, out of the Typer app."""
    import typer

    from mobile_inpaint import cli

    lines = [
        "# Command line",
        "",
        "This page is generated from the program. `mobile-inpaint COMMAND --help` prints the same.",
        "",
        "Every command exits with 0 on success, 1 if it failed, 2 if it was called wrongly, 130 if it was interrupted.",
        "",
        "| command | purpose |",
        "|---|---|",
        *(f"| [`{verb}`](#{verb}) | {_cell(line)} |" for verb, line in cli.VERBS.items()),
        "",
    ]
    for verb in cli.VERBS:
        root = typer.main.get_command(cli._app(verb))
        lines += _command(verb, root.commands[verb])  # type: ignore[attr-defined]
    return "\n".join(lines)


def _command(name: str, command: Any, level: int = 2) -> Iterator[str]:
    yield from (f"{'#' * level} {name}", "", _paragraphs(command.help or ""), "")
    yield from _examples(name)
    inner = getattr(command, "commands", None)
    if inner:
        for verb, part in inner.items():
            yield from _command(f"{name} {verb}", part, level + 1)
        return
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield from ("| argument or option | default | meaning |", "|---|---|---|", *rows, "")


def _examples(name: str) -> Iterator[str]:
    module = "mobile_inpaint.cli.verbs"
    if importlib.util.find_spec(module) and (examples := importlib.import_module(module).EXAMPLES.get(name)):
        yield from ("```sh", *examples, "```", "")


def _row(parameter: Any) -> str | None:
    if getattr(parameter, "hidden", False) or parameter.name == "help":
        return None
    is_option = parameter.param_type_name == "option"
    spelled = ", ".join(f"`{name}`" for name in (sorted(parameter.opts, key=len) if is_option else [parameter.name.upper()]))
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    choices = [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    facts = [f"one of {', '.join(f'`{choice}`' for choice in choices)}"] if choices else []
    if low is not None:
        facts.append(f"{low:g} to {high:g}" if high is not None and high < _UNBOUNDED else f"at least {low:g}")
    meaning = (parameter.help or "") + (f" ({'; '.join(facts)})" if facts else "")
    return f"| {spelled} | {_cell(_default(parameter))} | {_cell(meaning)} |"


def _default(parameter: Any) -> str:
    said = parameter.show_default
    if parameter.required:
        return "required"
    if isinstance(said, str):
        return said
    default = parameter.default
    if not said or default is None or isinstance(default, bool) or default in ("", [], ()):
        return ""
    return f"`{', '.join(map(str, default)) if isinstance(default, list | tuple) else default}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.replace("\b", "").split("\n\n"))


os.environ.setdefault("NO_COLOR", "1")
