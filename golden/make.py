"""Writes golden/*.json from the Python package: ``python golden/make.py``; with ``--check``, fails where they are stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import compositor_cases
import detail_cases
import manifest_cases
import mask_cases
import names_cases
import report_cases

HERE = Path(__file__).parent
MAKERS = (compositor_cases, detail_cases, mask_cases, manifest_cases, names_cases, report_cases)


def texts() -> dict[str, str]:
    """Each file's text by its name."""
    return {f"{maker.__name__.removesuffix('_cases')}.json": _lines(maker.document()) for maker in MAKERS}


def _lines(document: dict[str, list[Any]]) -> str:
    """JSON with a case a line, so that a difference shows which."""
    sections = []
    for name, cases in document.items():
        rows = ",\n".join(json.dumps(case, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for case in cases)
        sections.append(f"{json.dumps(name)}: [\n{rows}\n]")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> int:
    """The exit code."""
    stale = {name: text for name, text in texts().items() if not _is(HERE / name, text)}
    if "--check" in sys.argv:
        if stale:
            print(f"stale: {', '.join(stale)}; write them again with: python golden/make.py", file=sys.stderr)
        return int(bool(stale))
    for name, text in stale.items():
        (HERE / name).write_text(text, encoding="utf-8")
    print(f"written: {', '.join(stale) or 'nothing, all were fresh'}")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
