"""The lazy doors to converters and runtimes: what is missing is said in one line, with the command that installs it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from mobile_inpaint.errors import ToolchainMissing


def versions(extra: str, distributions: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution; nothing is imported.

    Args:
        extra: of this package, named in the message.
        distributions: names as pip knows them.

    Raises:
        ToolchainMissing: one is not installed.
    """
    found: dict[str, str] = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise ToolchainMissing(f"{name} is not installed: pip install 'mobile-inpaint[{extra}]'") from None
    return found
