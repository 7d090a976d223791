"""The command ``mobile-inpaint``: one verb a file, and only the verb that was asked for is imported.

A verb is a function of its file's name (a group of them, such as ``weights``, is its ``app``). Its file imports nothing heavy
at module level: numpy, torch and converters are imported inside the function, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Any, TypeGuard

import typer

from mobile_inpaint import __version__
from mobile_inpaint.cli import completion, console, help, usage
from mobile_inpaint.cli.usage import PROGRAM, UsageError
from mobile_inpaint.cli.verbs import GROUPS, VERBS
from mobile_inpaint.errors import MobileInpaintError, NameNotFound
from mobile_inpaint.quoting import quoted, shown

__all__ = ["GROUPS", "INTERRUPTED", "PROGRAM", "USAGE", "VERBS", "main"]
FAILED, USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes: the work failed; the command line cannot be read; Ctrl-C."""
_LONGEST_MESSAGE = 4_000
_REMEDIES = {
    errno.ENOENT: "check the name",
    errno.ENOTDIR: "a part of that path is a file; check it",
    errno.EISDIR: "that is a folder; name a file",
    errno.EEXIST: "that exists already; name another place",
    errno.EACCES: "choose another place, or change its permissions",
    errno.EPERM: "choose another place, or change its permissions",
    errno.EROFS: "nothing can be written there; choose another place",
    errno.ENOSPC: "make room, or choose a place on another disk",
    errno.EDQUOT: "make room, or choose a place on another disk",
    errno.ENAMETOOLONG: "take a shorter name",
    errno.ELOOP: "links there lead round in a circle; name the file itself",
    errno.EADDRINUSE: "another program listens there; take another --port, or 0 for a free one",
    errno.EADDRNOTAVAIL: "this computer does not have that address; see --host",
    errno.EMFILE: "too many files are open; raise the limit with: ulimit -n 4096",
}
"""What to do about an error of the system."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ``mobile-inpaint ARGUMENTS``.

    0; 2 where the command line cannot be read and 1 where the work fails, each with one line on stderr; 130 when interrupted.

    Args:
        arguments: without the program's name; the process's own when None.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    completing = completion.words(os.environ)
    verb = next((word for word in (arguments if completing is None else completing) if not word.startswith("-")), None)
    # what Typer prints itself
    is_help = completing is not None or not {"-h", "--help"}.isdisjoint(arguments)
    with warnings.catch_warnings(), nullcontext() if is_help else console.claimed_stdout():
        warnings.simplefilter("ignore")  # of the toolchains, to their developers; ours to the user go through console.note
        try:
            if completing is not None:
                completion.prepare()
            _check_arguments(arguments)
            command = typer.main.get_command(_app(verb))
            code = command.main(completion.with_shell(arguments), prog_name=PROGRAM, standalone_mode=False)
            if code == INTERRUPTED:  # Typer's own answer to Ctrl-C
                console.note("interrupted")
            return code if isinstance(code, int) else 0
        except typer.TyperException as error:
            _refuse(usage.explained(error, arguments))
            return USAGE
        except UsageError as error:
            _refuse(str(error))
            return USAGE
        except NameNotFound as error:
            close = usage.with_closest(error.name, error.known)
            _refuse(f"unknown {error.kind} {quoted(error.name)}: {close}" if close else str(error))
        except MobileInpaintError as error:
            full = _full_disk(error)
            _refuse(f"{_said(full)} (while: {error})" if full else str(error))
        except OSError as error:
            _refuse(_said(error))
        except UnicodeEncodeError as error:
            start = error.object.rfind("\n", 0, error.start) + 1  # of the line that holds it
            found = error.object[max(start, error.start - 30) :].partition("\n")[0]
            _refuse(f"{quoted(found)} is not text in UTF-8, as a name in a file must be; rename it")
        except UnicodeError as error:  # what looks up the names of machines raises
            _refuse(f"a name that cannot be looked up ({shown(error)}); name another")
        except MemoryError:
            _refuse("there is not enough memory for that; close other programs, or take a smaller photo or network")
        except KeyboardInterrupt:
            console.note("interrupted")
            return INTERRUPTED
    return FAILED


def _check_arguments(arguments: Sequence[str]) -> None:
    """Raises :class:`UsageError` where one could not be what a shell gives a program: half a surrogate, NUL."""
    for argument in arguments:
        try:
            whole = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            whole = False
        if not whole:
            raise UsageError(f"the argument {quoted(argument)} holds a character that no name or number has; leave it out")


def _full_disk(error: BaseException) -> OSError | None:
    """The error of a full disk that another library hid behind one of its own."""
    seen: BaseException | None = error
    for _ in range(20):
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT):
            return seen
        seen = seen and (seen.__cause__ or seen.__context__)
    return None


def _said(error: OSError) -> str:
    """What the system says of a file, and what to do."""
    said = f"{os.fsdecode(error.filename)}: {error.strerror}" if _is_path(error.filename) else error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{said}; {remedy}" if remedy else said


def _is_path(name: object) -> TypeGuard[str | bytes]:
    return isinstance(name, str | bytes)


def _refuse(message: str) -> None:
    """Prints the one line of a failure."""
    # no file's name is as long as that
    line = re.sub(r"[^\s/]{256,}", lambda found: shown(found[0]), " ".join(message.split()))
    console.refuse(PROGRAM, line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + "…")


def _app(verb: str | None) -> typer.Typer:
    common: dict[str, Any] = {"context_settings": help.SETTINGS}
    app = typer.Typer(cls=help.Group, add_completion=False, rich_markup_mode=None, suggest_commands=False, **common)
    app.callback()(_root)
    for name, line in VERBS.items():
        if name != verb:
            app.command(name, cls=help.Command, help=line, **common)(_not_asked_for)
        elif name in GROUPS:
            group = importlib.import_module(f"{__name__}.{name}").app
            app.add_typer(group, name=name, cls=help.Group, help=line, **common)
        else:
            module = importlib.import_module(f"{__name__}.{name}")
            app.command(name, cls=help.Command, **common)(getattr(module, name))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        console.say(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        path = completion.install(shell)
        console.say(f"{shell}: completion is in {path}")
        console.hint("open a new terminal, then: mobile-inpaint fi<Tab>")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        console.say(completion.script(shell))
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("-V", "--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    install_completion: Annotated[
        str | None,
        typer.Option(
            completion.INSTALL,
            metavar="[bash|zsh|fish]",
            help="Install tab completion, for this terminal's shell if none is named.",
            callback=_install_completion,
            is_eager=True,
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            completion.SHOW,
            metavar="[bash|zsh|fish]",
            help="Print the script for tab completion.",
            callback=_show_completion,
            is_eager=True,
        ),
    ] = None,
) -> None:
    """Erase objects from photos with small networks, and bring those networks to phones.

    Each command has --help with an example. Nearly all have --json, which prints one document on stdout. Exit codes: 0 success,
    1 failure, 2 a command line that cannot be read, 130 interrupted.
    """


def _not_asked_for() -> None:
    """Stands in the list of verbs for one whose file this call does not need."""
