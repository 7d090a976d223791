"""The verb ``doctor``."""

from __future__ import annotations

import os
import platform
from typing import Annotated, Any

import typer

from mobile_inpaint import __version__
from mobile_inpaint.cli import console
from mobile_inpaint.cli.usage import closest, no_such_command
from mobile_inpaint.cli.verbs import VERBS

_ESSENTIAL = "fill"
"""Works in every sound installation; without it the exit code is 1."""


def doctor(
    commands: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]...",
            help="Check these commands only.",
            show_default="all",
            autocompletion=lambda incomplete: [verb for verb in VERBS if verb.startswith(incomplete)],
        ),
    ] = None,
    json: console.Json = False,
) -> None:
    """Check what each command needs, and say how to get what is missing.

    Exits with 1 if a named command can do nothing at all; without names, if `fill` cannot run.
    """
    from mobile_inpaint.cli import doctor_checks as checks

    for name in commands or []:
        if name not in VERBS:
            raise no_such_command("doctor" if closest(name, VERBS) else "", name, VERBS)
    store = checks.store()
    found = [check for check in checks.checks() if not commands or check.verb in commands]
    broken = [verb for verb in commands or [_ESSENTIAL] if not _works(verb, found)]
    if json:
        console.emit(
            {
                "mobile-inpaint": __version__,
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "cpus": os.cpu_count(),
                "npm": checks.npm(),
                "packages": checks.packages(),
                "store": store,
                "commands": [check.document() for check in found],
                "broken": broken,
            }
        )
    else:
        _show(found, store)
    if broken:
        raise typer.Exit(1)


def _works(verb: str, found: list[Any]) -> bool:
    """Whether one way of using the command is ready; a command that needs nothing special works as the package does."""
    own = [check for check in found if check.verb == verb]
    return any(check.ready for check in own) if own else True


def _show(found: list[Any], store: dict[str, Any]) -> None:
    console.facts(
        [
            ("mobile-inpaint", __version__),
            ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"),
            ("weights in", store["path"] or "unknown"),
            ("  here", store["error"] or ", ".join(store["here"])),
        ]
    )
    console.say("")
    rows: list[tuple[str, object]] = []
    for check in found:
        if check.ready:
            rows.append((check.command, console.verdict("ready", True)))
            rows += [("", console.verdict(f"better with {need.name}: {need.get}", None)) for need in check.missing_extras]
        else:
            rows.append((check.command, console.verdict(f"missing: {', '.join(need.name for need in check.missing)}", False)))
            rows += [("", line) for line in dict.fromkeys(need.get for need in check.missing)]
    console.facts(rows)
