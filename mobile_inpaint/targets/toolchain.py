"""The lazy doors to converters and runtimes: what is missing is said in one line, with the command that installs it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from mobile_inpaint.errors import ToolchainMissing

_LONGEST_LINE, _SHOWN = 2000, 240


def installed(distribution: str) -> str | None:
    """The installed version of ``distribution``, as pip knows it; None where there is none. Nothing is imported."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions(extra: str, distributions: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution; see :func:`required`.

    Args:
        extra: of this package, which installs them.
        distributions: names as pip knows them.

    Raises:
        ToolchainMissing: one is not installed.
    """
    return required(f"mobile-inpaint[{extra}]", distributions)


def required(requirement: str, distributions: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution.

    Args:
        requirement: what pip installs to bring them.
        distributions: names as pip knows them.

    Raises:
        ToolchainMissing: one is not installed.
    """
    found = {name: installed(name) for name in distributions}
    if missing := [name for name, version in found.items() if version is None]:
        said = f"not installed: {', '.join(missing)}; run: pip install '{requirement}'"
        raise ToolchainMissing(said, distributions=missing, requirement=requirement)
    return {name: version for name, version in found.items() if version is not None}


def first_line(error: Exception) -> str:
    """What ``error`` says in one line; its kind where it says nothing.

    Runtimes repeat what a file says. Control characters are escaped, and a long line loses its middle, for runtimes begin it
    with places in their sources.
    """
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line[:_LONGEST_LINE])
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN // 3]}…{shown[-2 * _SHOWN // 3 :]}"
