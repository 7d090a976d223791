"""The verb ``doctor``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from collections import defaultdict
from typing import Any

from mobile_inpaint import __version__
from mobile_inpaint.cli import console
from mobile_inpaint.cli.defaults import PUBLISHED

_CORE = "everything"
"""The key of what every command needs, beside the extras' names."""


def doctor(json: console.Json = False) -> None:
    """Say what is installed, what is missing and the line that installs it."""
    found: dict[str, Any] = {
        "mobile-inpaint": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "npm": _npm(),
        "packages": {extra: {name: _installed(name) for name in names} for extra, names in _requirements().items()},
        "store": _store(),
    }
    if json:
        console.emit(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    store = found["store"]
    console.facts(
        [
            ("mobile-inpaint", found["mobile-inpaint"]),
            ("Python", f"{found['python']} on {found['system']}, {found['cpus']} CPUs"),
            ("npm", found["npm"] or "missing, downloads weights: apt-get install npm"),
            ("weights in", store["path"] or "unknown"),
            ("  here", store["error"] or "\n".join([", ".join(store["here"]), *_to_fetch(store["here"])])),
            *((f"for {extra}", _state(extra, packages)) for extra, packages in found["packages"].items()),
        ]
    )


def _to_fetch(here: list[str]) -> list[str]:
    return [] if PUBLISHED in here else [f"the published network is not: mobile-inpaint weights fetch {PUBLISHED}"]


def _state(extra: str, packages: dict[str, str | None]) -> str:
    installed = [f"{name} {version}" for name, version in packages.items() if version]
    missing = [name for name, version in packages.items() if version is None]
    lines = [", ".join(installed)] if installed else []
    return "\n".join([*lines, f"missing: {', '.join(missing)}", _pip_line(extra)] if missing else lines)


def _pip_line(extra: str) -> str:
    return f"pip install 'mobile-inpaint[{extra}]'" if extra != _CORE else "pip install mobile-inpaint"


def _requirements() -> dict[str, list[str]]:
    """Names of the distributions that each extra needs, as this package's own metadata has them."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for line in importlib.metadata.requires("mobile-inpaint") or []:
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"""extra == ['"](.+?)['"]""", line)
        if name and not (extra and extra[1] == "all"):
            wanted[extra[1] if extra else _CORE].append(name[0])
    return dict(wanted)


def _installed(distribution: str) -> str | None:
    from mobile_inpaint.targets.toolchain import installed

    return installed(distribution)


def _npm() -> str | None:
    if shutil.which("npm") is None:
        return None
    answer = subprocess.run(["npm", "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def _store() -> dict[str, Any]:
    try:
        from mobile_inpaint.checkpoints import store as weights
    except (ImportError, OSError) as error:  # torch: what a doctor is asked about is often that it cannot be loaded
        return {"path": None, "here": [], "error": f"unknown, because torch cannot be loaded ({error})"}
    here = [card.name for card in weights.list_checkpoints() if weights.is_here(card.name)]
    return {"path": str(weights.home()), "here": here, "error": None}
