"""Tab completion for bash, zsh and fish: Typer's scripts, and the names that values can be completed with.

What a shell asks for while somebody types loads neither torch nor NumPy.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from typer import completion as scripts

from mobile_inpaint.cli.usage import PROGRAM, UsageError
from mobile_inpaint.precision import PRECISIONS, SEARCH
from mobile_inpaint.quoting import quoted

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MOBILE_INPAINT_COMPLETE"
"""Set by the shell's script when it asks what a word can be completed to."""
INSTALL, SHOW = "--install-completion", "--show-completion"


def words(environment: Mapping[str, str]) -> list[str] | None:
    """What has been typed so far behind the program's name; None where no shell asks."""
    if not environment.get(VARIABLE):
        return None
    typed = environment.get("COMP_WORDS") or environment.get("_TYPER_COMPLETE_ARGS") or ""
    try:
        return shlex.split(typed)[1:]
    except ValueError:  # a quotation mark that is still open
        return typed.split()[1:]


def prepare() -> None:
    """Makes Typer know its shells, as it does itself only for programs with its own options for this."""
    scripts.completion_init()  # type: ignore[attr-defined]


def with_shell(arguments: Sequence[str]) -> list[str]:
    """``arguments`` with this terminal's shell behind ``--install-completion`` or ``--show-completion`` where none is named."""
    given = list(arguments)
    if given[0] in (INSTALL, SHOW) and (len(given) == 1 or given[1].startswith("-")):
        given.insert(1, _this_shell())
    return given


def script(shell: str) -> str:
    """The script that ``shell`` reads."""
    _check(shell)
    text: str = scripts.get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell)  # type: ignore[attr-defined]
    return text


def install(shell: str) -> Path:
    """Puts the script where ``shell`` finds it; the file.

    Raises:
        UsageError: another shell.
        OSError: the home folder cannot be written to.
    """
    _check(shell)
    _, path = scripts.install(shell=shell, prog_name=PROGRAM, complete_var=VARIABLE)  # type: ignore[attr-defined]
    return Path(path)


def _check(shell: str) -> None:
    if shell not in SHELLS:
        raise UsageError(f"no completion for the shell {quoted(shell)}: there is one for {', '.join(SHELLS)}")


def _this_shell() -> str:
    import shellingham  # type: ignore[import-untyped]

    try:
        name: str = shellingham.detect_shell()[0]
    except (shellingham.ShellDetectionFailure, OSError):
        name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise UsageError(f"which shell? Name one: {PROGRAM} {INSTALL} {'|'.join(SHELLS)}")
    return name


def _from(names: Callable[[], Sequence[str]]) -> Callable[[str], list[str]]:
    """A completion of Typer's; what cannot be listed completes nothing."""

    def complete(incomplete: str) -> list[str]:
        try:
            return [name for name in names() if name.startswith(incomplete)]
        except Exception:  # the prompt of a shell is no place for a traceback
            return []

    return complete


def _checkpoints() -> Sequence[str]:
    from mobile_inpaint.checkpoints import store

    return [card.name for card in store.list_checkpoints()]


def _generators() -> Sequence[str]:
    from mobile_inpaint.checkpoints import store

    return [card.name for card in store.list_checkpoints() if card.kind == "generator"]


def _targets() -> Sequence[str]:
    import mobile_inpaint

    # the registry itself loads NumPy
    files = (Path(mobile_inpaint.__file__).parent / "targets").glob("*/target.py")
    return [*sorted(file.parent.name for file in files), "all"]


def _devices() -> Sequence[str]:
    from mobile_inpaint.bench.devices.registry import list_devices

    return list(list_devices())


def _device_classes() -> Sequence[str]:
    from mobile_inpaint.bench.devices.registry import list_devices

    return list(dict.fromkeys(row.device_class for row in list_devices().values() if row.device_class))


def _photo_sets() -> Sequence[str]:
    from mobile_inpaint.data.photo_sets import SETS

    return list(SETS)


checkpoints = _from(_checkpoints)
generators = _from(_generators)
targets = _from(_targets)
devices = _from(_devices)
device_classes = _from(_device_classes)
photo_sets = _from(_photo_sets)
precisions = _from(lambda: (*PRECISIONS, SEARCH))
apps = _from(lambda: ("android", "ios", "web"))
