"""The command ``mobile-inpaint``: one verb a file, and only the verb that was asked for is imported.

A verb is a function of its file's name (a group of them, such as ``weights``, is its ``app``). Its file imports nothing heavy
at module level: numpy, torch and converters are imported inside the function, so that ``--help`` answers at once.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, TypeGuard

import typer

from mobile_inpaint import __version__
from mobile_inpaint.cli import console
from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import quoted, shown

PROGRAM = "mobile-inpaint"
VERBS = {
    "export": "Make an artifact for phones and browsers, verified.",
    "verify": "Repeat an artifact's verification on this machine.",
    "fill": "Erase what a mask covers from a photo.",
    "train": "Train or fine-tune a network on photos.",
    "evaluate": "Hold fills against photos whose truth is known.",
    "bench": "Time artifacts on a device.",
    "compare": "Set a report of bench beside an earlier one.",
    "report": "Write what was measured as Markdown and as a page with plots.",
    "which": "Pick the artifact for a class of devices, out of what was measured.",
    "bundle": "Put a verified artifact into an app.",
    "serve": "Show the web app in a browser.",
    "photos": "List and fetch openly licensed photos to train and judge on.",
    "weights": "Fetch, add, list and remove checkpoints.",
    "models": "List the networks.",
    "targets": "List the formats and what each needs.",
    "devices": "List the devices that bench knows.",
    "doctor": "Say what is installed, what is missing and how to get it.",
    "info": "Show what an artifact says of itself.",
    "lint": "Foresee what phones will refuse of a model file.",
}

_LONGEST_MESSAGE = 4_000
GROUPS = ("weights", "photos")
"""Verbs that have verbs of their own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ``mobile-inpaint ARGUMENTS``: 0, 1 with one line on stderr, or 130 when interrupted.

    Args:
        arguments: without the program's name; the process's own when None.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    verb = next((argument for argument in arguments if not argument.startswith("-")), None)
    asks_for_help = "--help" in arguments  # which typer prints itself
    with warnings.catch_warnings(), nullcontext() if asks_for_help else console.claimed_stdout():
        warnings.simplefilter("ignore")  # of the toolchains, to their developers; ours to the user go through console.note
        try:
            _check_arguments(arguments)
            command = typer.main.get_command(_app(verb))
            code = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
            return code if isinstance(code, int) else 0
        except typer.TyperException as error:
            _refuse(_usage(error, verb))
        except MobileInpaintError as error:
            _refuse(str(error))
        except OSError as error:
            _refuse(f"{os.fsdecode(error.filename)}: {error.strerror}" if _is_path(error.filename) else str(error))
        except UnicodeEncodeError as error:
            start = error.object.rfind("\n", 0, error.start) + 1  # of the line that holds it
            found = error.object[max(start, error.start - 30) :].partition("\n")[0]
            _refuse(f"{quoted(found)} is not text in UTF-8, as a name in a file must be; rename it")
        except UnicodeError as error:  # what looks up the names of machines raises
            _refuse(f"a name that cannot be looked up ({shown(error)}); name another")
        except MemoryError:
            _refuse("there is not enough memory for that; close other programs, or take a smaller photo or network")
        except KeyboardInterrupt:
            return 130
    return 1


def _check_arguments(arguments: Sequence[str]) -> None:
    """Raises :class:`MobileInpaintError` where one could not be what a shell gives a program: half a surrogate, NUL."""
    for argument in arguments:
        try:
            whole = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            whole = False
        if not whole:
            raise MobileInpaintError(
                f"the argument {quoted(argument)} holds a character that no name or number has; leave it out"
            )


def _is_path(name: object) -> TypeGuard[str | bytes]:
    return isinstance(name, str | bytes)


def _refuse(message: str) -> None:
    """Prints the one line of a failure."""
    # no file's name is as long as that
    line = re.sub(r"[^\s/]{256,}", lambda found: shown(found[0]), " ".join(message.split()))
    console.note(f"{PROGRAM}: {line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + '…'}")


def _app(verb: str | None) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, suggest_commands=False)
    app.callback()(_root)
    for name, line in VERBS.items():
        if name != verb:
            app.command(name, help=line)(_not_asked_for)
        elif name in GROUPS:
            app.add_typer(importlib.import_module(f"{__name__}.{name}").app, name=name, help=line)
        else:
            app.command(name)(getattr(importlib.import_module(f"{__name__}.{name}"), name))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        console.say(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Erase objects from photos with small networks, and bring those networks to phones."""


def _not_asked_for() -> None:
    """Stands in the list of verbs for one whose file this call does not need."""


def _usage(error: typer.TyperException, verb: str | None) -> str:
    # typer quotes what was typed whole
    message = re.sub(r"\S{81,}", lambda found: shown(found[0]), " ".join(error.format_message().split())).rstrip(".")
    context = getattr(error, "ctx", None)
    if commands := getattr(getattr(context, "command", None), "commands", None):
        return f"{message}: there are {', '.join(commands)}"
    return f"{message}; see: {PROGRAM} {verb} --help"
