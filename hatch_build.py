"""The description of the package: the README without what leads nowhere outside a checkout.

A package index shows the README alone. Relative links and pictures are dead there, so a link becomes its text, and a picture goes.
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


class Description(MetadataHookInterface):
    """Sets ``readme``, which pyproject.toml declares dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Puts the description into ``metadata``."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": description(readme)}
