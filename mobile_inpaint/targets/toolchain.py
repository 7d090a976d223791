"""The lazy doors to converters and runtimes: what is missing is said in one line, with the command that installs it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from mobile_inpaint.errors import ToolchainMissing


def installed(distribution: str) -> str | None:
    """The installed version of ``distribution``, as pip knows it; None where there is none. Nothing is imported."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions(extra: str, distributions: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution.

    Args:
        extra: of this package, named in the message.
        distributions: names as pip knows them.

    Raises:
        ToolchainMissing: one is not installed.
    """
    found = {name: installed(name) for name in distributions}
    if missing := [name for name, version in found.items() if version is None]:
        raise ToolchainMissing(f"not installed: {', '.join(missing)}; run: pip install 'mobile-inpaint[{extra}]'")
    return {name: version for name, version in found.items() if version is not None}


def first_line(error: Exception) -> str:
    """What ``error`` says in one line; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]
