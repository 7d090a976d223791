"""What was typed wrong, in one line: the closest word that there is, or what other tools call the same thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from mobile_inpaint.cli.verbs import COMMANDS_OF_OTHERS, EXAMPLES, OPTIONS_OF_OTHERS, VERBS
from mobile_inpaint.errors import MobileInpaintError
from mobile_inpaint.quoting import listed, quoted, shown

PROGRAM = "mobile-inpaint"
_ALIKE = 0.65
"""How much of two words must agree."""
_FORMATS = ("onnx", "tflite", "coreml", "all")
_PRECISIONS = re.compile(r"(fp|w\d+a|pal)\d+|int8|auto|half")


class UsageError(MobileInpaintError):
    """A command line that cannot be read; the exit code is 2."""


def no_such_command(group: str, name: str, known: Iterable[str]) -> UsageError:
    """``name`` is no command of ``group``, which is empty for the program itself."""
    start = f"no such command {quoted(name)}"
    names = list(known)
    if not group and (meant := COMMANDS_OF_OTHERS.get(name.lower())):
        return UsageError(f"{start}: did you mean: {PROGRAM} {meant}")
    if close := closest(name, names):
        return UsageError(f"{start}: did you mean: {_command(group)} {close}")
    return UsageError(f"{start}: there are {', '.join(names)}; see: {_command(group)} --help")


def one_too_many(command: str, left: Sequence[str]) -> UsageError:
    """``left`` are arguments for which ``command`` has no place."""
    start = f"unexpected argument {quoted(left[0])}"
    if meant := _placed(command, left[0]):
        return UsageError(f"{start}: did you mean: {_command(command)} {meant}")
    return UsageError(f"{start}; see: {_command(command)} --help")


def _placed(command: str, word: str) -> str | None:
    """The option that ``word`` belongs behind."""
    plain = len(word) <= 80 and word.isprintable()
    if command == "export" and word.lower() in _FORMATS:
        return f"--target {word.lower()}"
    if command == "export" and _PRECISIONS.fullmatch(word.lower()):
        return f"--target onnx --precision {'w8a8' if word.lower() == 'int8' else word.lower()}"
    if command == "export" and plain:
        return f"--target onnx --model {shown(word)}"
    option = {"train": "--photos", "which": "--device-class", "bundle": "--app", "photos fetch": "--out"}.get(command)
    return f"{option} {shown(word)}" if option and plain else None


def explained(error: Any, arguments: Sequence[str]) -> str:
    """The one line about an error of Typer's."""
    context = getattr(error, "ctx", None)
    path = str(getattr(context, "command_path", "") or PROGRAM)
    command = path.partition(" ")[2]
    option = getattr(error, "option_name", None)
    if option is not None and type(error).__name__ == "NoSuchOption":
        return _no_such_option(command, str(option), arguments, context)
    # typer quotes what was typed whole, and on several lines
    message = re.sub(r"\S{81,}", lambda found: shown(found[0]), " ".join(error.format_message().split())).rstrip(".")
    message = message[:1].lower() + message[1:]
    if message == "missing command":
        commands = getattr(getattr(context, "command", None), "commands", {})
        return f"missing command: there are {', '.join(commands)}; see: {path} --help"
    parameter = getattr(error, "param", None)
    if message.startswith("missing") and parameter is not None and parameter.help:
        message += f" ({parameter.help.rstrip('.')})"
    if message.startswith("missing") and (examples := EXAMPLES.get(command)):
        return f"{message}; for example: {examples[0]}"
    return f"{message}; see: {path} --help"


def _no_such_option(command: str, option: str, arguments: Sequence[str], context: Any) -> str:
    start = f"no such option {quoted(option)}"
    if not command:
        if any(argument in VERBS for argument in arguments):
            return f"{start} before the command; an option of a command stands behind it: {PROGRAM} COMMAND {shown(option)}"
        return f"{start}; see: {PROGRAM} --help"
    if meant := OPTIONS_OF_OTHERS.get(command, {}).get(option):
        if meant.isupper():
            return f"{start}: give {meant} without an option: {EXAMPLES[command][0]}"
        return f"{start}: did you mean: {meant}"
    known = [name for one in context.command.get_params(context) if not one.hidden for name in (*one.opts, *one.secondary_opts)]
    if close := closest(option, [name for name in known if name.startswith("--")]):
        return f"{start}: did you mean: {close}"
    return f"{start}; see: {PROGRAM} {command} --help"


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name that ``word`` most likely was meant to be; None where none is close."""
    if len(word) > 80:
        return None
    found = difflib.get_close_matches(word.lower(), list(names), 1, _ALIKE)
    return found[0] if found else None


def with_closest(name: str, known: Sequence[str]) -> str | None:
    """``did you mean 'onnx'?`` for an unknown name of a network, a format or a device; None where none is close."""
    close = closest(name, known) if isinstance(name, str) else None
    return f"did you mean {quoted(close)}? There are {listed(known)}" if close else None


def _command(command: str) -> str:
    return f"{PROGRAM} {command}" if command else PROGRAM
