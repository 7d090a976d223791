"""The version of the package, and its description: the README without what leads nowhere outside a checkout.

A package index shows the README alone. Relative links and pictures are dead there: a link becomes its text, a picture goes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = r"\((?![a-z]+:|#)[^)\s]+\)"


def description(readme: str) -> str:
    """``readme`` without pictures and links that are relative."""
    without_pictures = re.sub(r"!\[[^\]]*\]" + _RELATIVE + r"\n*", "", readme)
    return re.sub(r"\[([^\[\]]+)\]" + _RELATIVE, r"\1", without_pictures)


def version(package: Path) -> str:
    """What the code of ``package`` says, in the one place that says it."""
    found = [
        line[1]
        for name in ("version.py", "__init__.py")
        if (package / name).is_file()
        and (line := re.search(r'^__version__ = "([^"]+)"$', (package / name).read_text(encoding="utf-8"), re.MULTILINE))
    ]
    if len(found) != 1:
        raise ValueError(f"{package}: __version__ must stand in one file, and stands in {len(found)}")
    return found[0]


class FromTheCheckout(MetadataHookInterface):
    """Sets ``version`` and ``readme``, which pyproject.toml declares dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Puts both into ``metadata``."""
        root = Path(self.root)
        metadata["version"] = version(root / "mobile_inpaint")
        readme = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": description(readme)}
