"""How ``--help`` looks: as wide as the terminal, commands and options in groups, an example at the end.

Written without rich, which would take longer to load than all the rest.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
import typer.core

import mobile_inpaint
from mobile_inpaint.cli import usage
from mobile_inpaint.cli.verbs import EXAMPLES, OPTION_GROUPS, SECTIONS, VERBS

_NARROWEST, _WIDEST = 40, 140
_TYPES = {"path": "PATH", "file": "FILE", "directory": "DIR", "str": "TEXT", "int": "N", "float": "X"}
_UNBOUNDED = 1_000_000
"""From here on a bound is there to refuse nonsense, and nobody needs to read it."""


class Command(typer.core.TyperCommand):
    """A verb."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help of this verb."""
        formatter.write(_page(self, ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments; one too many is explained by what it looks like."""
        ctx.allow_extra_args = True
        try:
            left = super().parse_args(ctx, list(args))
        except typer.TyperException:
            takes_none = not any(one.param_type_name == "argument" for one in self.params)
            if args and not args[0].startswith("-") and takes_none:  # that is the likelier mistake, such as `train photos/`
                raise usage.one_too_many(_name(ctx), args) from None
            raise
        if left and not ctx.resilient_parsing:
            raise usage.one_too_many(_name(ctx), left)
        return left

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What ``incomplete`` may become."""
        return _shortened(super().shell_complete(ctx, incomplete))


class Group(typer.core.TyperGroup):
    """All verbs, or a verb that has verbs of its own."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help of the whole program or of this group."""
        formatter.write(_page(self, ctx))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What ``incomplete`` may become."""
        return _shortened(super().shell_complete(ctx, incomplete))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Finds the verb; an unknown one is answered with the closest."""
        if not ctx.resilient_parsing and args and args[0] not in self.commands and not args[0].startswith("-"):
            raise usage.no_such_command(_name(ctx), args[0], self.commands)
        return super().resolve_command(ctx, args)


SETTINGS = {"help_option_names": ["-h", "--help"]}
"""The context settings of each command."""


def name_of(parameter: Any) -> str:
    """What the help calls an option or an argument: ``-m, --mask PATH``, ``PHOTO``."""
    return _left(parameter, None)


def _shortened(items: list[Any]) -> list[Any]:
    """Completions with remarks of one line; Typer wraps longer ones, and shells take each line for a completion."""
    for item in items:
        if item.help:
            item.help = textwrap.shorten(item.help, 60, placeholder=" …")
    return items


def _name(ctx: Any) -> str:
    """The command as it is typed, without the program's name."""
    return str(ctx.command_path).partition(" ")[2]


def _page(command: Any, ctx: Any) -> str:
    width = min(max(shutil.get_terminal_size((80, 24)).columns, _NARROWEST), _WIDEST)
    name = _name(ctx)
    lines = [*_wrapped(f"Usage: {ctx.command_path} {_usage(command)}", width, "", "  "), ""]
    for paragraph in (command.help or "").split("\n\n"):
        lines += [*_wrapped(" ".join(paragraph.split()), width, "  ", "  "), ""]
    parameters = [one for one in command.get_params(ctx) if not one.hidden]
    arguments = [one for one in parameters if one.param_type_name == "argument" and one.help]
    lines += _list("Arguments", [(_left(one, ctx), _right(one)) for one in arguments], width)
    groups = {parameter: title for title, members in OPTION_GROUPS.get(name, {}).items() for parameter in members}
    panels: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Options", *OPTION_GROUPS.get(name, {}))}
    for one in parameters:
        if one.param_type_name == "option":
            panel = getattr(one, "rich_help_panel", None) or groups.get(one.name, "Options")
            panels.setdefault(panel, []).append((_left(one, ctx), _right(one)))
    # --json and --help end the first group, which is the shortest one to look through
    for title, rows in panels.items():
        lines += _list(title, rows, width)
    commands = getattr(command, "commands", {})
    if name == "" and commands:
        for title, verbs in SECTIONS.items():
            lines += _list(title, [(verb, VERBS[verb]) for verb in verbs], width, column=12)
    elif commands:
        rows = [(verb, (one.help or "").partition("\n\n")[0].replace("\n", " ")) for verb, one in commands.items()]
        lines += _list("Commands", rows, width)
    if examples := EXAMPLES.get(name):
        lines += [_heading("Examples" if len(examples) > 1 else "Example"), *(f"  {line}" for line in examples), ""]
    lines += _wrapped(f"Documentation: {_documentation()}", width, "", "  ")
    return "\n".join(lines) + "\n"


def _usage(command: Any) -> str:
    """What must be given, in order; the rest is OPTIONS."""
    pieces = []
    for one in command.params:
        if one.param_type_name == "argument":
            label = _metavar(one, None)
            pieces.append(label if one.required or label.startswith("[") else f"[{label}]")
        elif one.required or _is_nearly_required(one):
            pieces.append(f"{max(one.opts, key=len)} {_metavar(one, None)}")
    commands = ["COMMAND ..."] if hasattr(command, "commands") else []
    return " ".join([*pieces, "[OPTIONS]", *commands])


def _left(parameter: Any, ctx: Any) -> str:
    if parameter.param_type_name == "argument":
        return _metavar(parameter, ctx)
    names = ", ".join(sorted(parameter.opts, key=len))
    if parameter.secondary_opts:
        names += f" / {', '.join(parameter.secondary_opts)}"
    takes_value = not (getattr(parameter, "is_flag", False) or getattr(parameter, "count", False))
    return f"{names} {_metavar(parameter, ctx)}" if takes_value else names


def _metavar(parameter: Any, ctx: Any) -> str:
    """What stands for the value: the parameter's own word, its choices, or its type."""
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper() + ("..." if parameter.nargs != 1 else "")
    kind = parameter.display_type(ctx).strip("<>").removeprefix("list[").removesuffix("]").removesuffix(" range")
    return _TYPES.get(kind.lower(), str(kind))


def _right(parameter: Any) -> str:
    """The help text, with the range, the default and whether it is needed."""
    facts = []
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None and high is not None and high < _UNBOUNDED:
        facts.append(f"{low:g} to {high:g}")
    elif low:
        facts.append(f"at least {low:g}")
    default = parameter.default
    shown = parameter.show_default and default is not None and default != [] and not isinstance(default, bool)
    if parameter.required:
        facts.append("required")
    elif _is_nearly_required(parameter):
        facts.append(parameter.show_default)
    elif isinstance(parameter.show_default, str):
        facts.append(f"default: {parameter.show_default}")
    elif shown and str(default):
        facts.append(f"default: {', '.join(map(str, default)) if isinstance(default, list | tuple) else default}")
    return " ".join([parameter.help or "", *([f"[{'; '.join(facts)}]"] if facts else [])]).strip()


def _is_nearly_required(parameter: Any) -> bool:
    """Whether the command cannot do without it except in one case, which ``show_default`` names: ``required unless …``."""
    return isinstance(parameter.show_default, str) and parameter.show_default.startswith("required")


def _list(title: str, rows: Sequence[tuple[str, str]], width: int, column: int = 0) -> Iterator[str]:
    """Two columns under a heading; a long left cell has a line of its own."""
    if not rows:
        return
    yield _heading(title)
    most = max(26, width // 3)
    column = max(column, max((len(left) for left, _ in rows if len(left) <= most), default=most)) + 2
    for left, right in rows:
        first, *others = _wrapped(right, width - column - 2, "", "") or [""]
        if len(left) > column - 2:
            yield f"  {left}"
            yield f"  {'':{column}}{first}"
        else:
            yield f"  {left:{column}}{first}".rstrip()
        yield from (f"  {'':{column}}{line}" for line in others)
    yield ""


def _wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def _heading(title: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return f"{title}:" if plain else f"\x1b[1m{title}:\x1b[0m"


def _documentation() -> str:
    """The folder of the checkout that this runs from, or the address that the package was published with."""
    folder = Path(mobile_inpaint.__file__).parents[1] / "docs"
    if (folder / "architecture.md").is_file():
        return str(folder)
    from importlib import metadata

    try:
        links = metadata.metadata("mobile-inpaint").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        links = []
    found = dict(link.split(", ", 1) for link in links if ", " in link)
    return found.get("Documentation") or found.get("Homepage") or "python -m pydoc mobile_inpaint"
