"""What each command needs beyond the package itself, whether it is here, and how to get it."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from mobile_inpaint.cli.defaults import PUBLISHED

_CORE = "everything"
"""The key of what every command needs, beside the names of the extras."""
_MANAGERS = (("apt-get", "apt-get install {}"), ("brew", "brew install {}"), ("winget", "winget install {}"))
"""Programs that install others, in the order in which they are looked for, and what to type."""
_ANSWER_S = 10


@dataclass(frozen=True)
class Need:
    """A package, a program or a file.

    Attributes:
        name: for people.
        found: its version or place; None where it is missing.
        get: the command that brings it.
    """

    name: str
    found: str | None
    get: str


@dataclass(frozen=True)
class Check:
    """One way of using a command.

    Attributes:
        command: as it is typed, without the program's name.
        needs: all of them are needed.
        extras: what it also uses, if it is there.
    """

    command: str
    needs: tuple[Need, ...]
    extras: tuple[Need, ...] = ()

    @property
    def verb(self) -> str:
        """The command's first word."""
        return self.command.partition(" ")[0]

    @property
    def missing(self) -> tuple[Need, ...]:
        """What keeps it from working."""
        return tuple(need for need in self.needs if need.found is None)

    @property
    def missing_extras(self) -> tuple[Need, ...]:
        """What it works without."""
        return tuple(need for need in self.extras if need.found is None)

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "command": self.command,
            "ready": self.ready,
            "needs": [asdict(need) for need in self.needs],
            "extras": [asdict(need) for need in self.extras],
        }


def checks() -> list[Check]:
    """Every way of using a command that needs something, in the order of the help."""
    core = (*_packages(_CORE), _torch_loads())
    adb = _program("adb", apt="adb", brew="android-platform-tools", winget="Google.PlatformTools")
    node = _program("node", apt="nodejs npm", brew="node", winget="OpenJS.NodeJS")
    java = _program("javac", apt="openjdk-17-jdk-headless", brew="openjdk@17", winget="Microsoft.OpenJDK.17", name="Java")
    npm_here = Need("npm", npm(), node.get)
    xcode = _xcode()
    return [
        Check("fill", core, (_package("pillow-heif", "pip install pillow-heif", "pillow-heif (HEIC photos)"),)),
        Check("bundle --app web", (*core, _checkout("web_demo"), _web_runtimes())),
        Check("bundle --app android", (*core, _checkout("android_demo"), java)),
        Check("bundle --app ios", (*core, _checkout("ios_demo"), xcode)),
        Check("serve", (*core, _checkout("web_demo"), _web_runtimes())),
        Check(f"weights fetch {PUBLISHED}", (npm_here,)),
        Check("weights fetch lpips", (_package("pip", "python -m ensurepip"),)),
        Check("export --target onnx", (*core, *_packages("onnx"))),
        Check("export --target tflite", (*core, *_packages("tflite"))),
        Check("export --target coreml", (*core, *_packages("coreml"))),
        Check("bench --device host", (*core, *_packages("bench"))),
        Check("bench FILE@openvino", (*core, *_packages("openvino"))),
        Check("bench --device browser", (*core, *_packages("bench"), _chromium(), _web_runtimes())),
        Check("bench --device android", (*core, *_packages("bench"), adb)),
        Check("bench --device ios", (*core, *_packages("coreml"), xcode)),
        Check("bench --device arm64-emulated", (*core, _program("qemu-aarch64-static", apt="qemu-user-static", name="qemu"))),
        Check("report", core, _packages("plots")),
        Check("evaluate", core),
        Check("evaluate telea", (*core, _package("opencv-python-headless", _pip_line("train")))),
        Check("evaluate --inception", (*core, *_packages("fid"))),
        Check("train", (*core, *_packages("train")), _packages("tensorboard")),
        Check("photos fetch", (_program("apt-get", apt="apt"), _program("dpkg-deb", apt="dpkg"))),
    ]


def packages() -> dict[str, dict[str, str | None]]:
    """The version of each distribution by extra, None where it is missing."""
    return {extra: {name: _installed(name) for name in names} for extra, names in _requirements().items()}


def npm() -> str | None:
    """The version of npm."""
    return _version("npm")


def store() -> dict[str, Any]:
    """Where the weights are, and which are there."""
    try:
        from mobile_inpaint.checkpoints import store as weights

        here = [card.name for card in weights.list_checkpoints() if weights.is_here(card.name)]
    except (ImportError, OSError) as error:
        return {"path": None, "here": [], "error": f"unknown: {error}"}
    return {"path": str(weights.home()), "here": here, "error": None}


def _torch_loads() -> Need:
    """torch as a library: what a doctor is asked about is often that it is installed and cannot be loaded."""
    try:
        import torch
    except (ImportError, OSError) as error:
        why = str(error).partition("\n")[0]
        return Need(f"torch that loads ({why})", None, "pip install --force-reinstall torch")
    return Need("torch loads", str(torch.__version__), "")


@cache
def _requirements() -> dict[str, list[str]]:
    """Names of the distributions that each extra needs, as this package's own metadata has them."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for line in importlib.metadata.requires("mobile-inpaint") or []:
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"""extra == ['"](.+?)['"]""", line)
        if name and not (extra and extra[1] == "all"):
            wanted[extra[1] if extra else _CORE].append(name[0])
    return dict(wanted)


def _packages(extra: str) -> tuple[Need, ...]:
    return tuple(Need(name, _installed(name), _pip_line(extra)) for name in _requirements().get(extra, []))


def _package(distribution: str, get: str, name: str = "") -> Need:
    return Need(name or distribution, _installed(distribution), get)


def _pip_line(extra: str) -> str:
    return f"pip install 'mobile-inpaint[{extra}]'" if extra != _CORE else "pip install mobile-inpaint"


def _installed(distribution: str) -> str | None:
    from mobile_inpaint.targets.toolchain import installed

    return installed(distribution)


def _program(command: str, *, apt: str, brew: str = "", winget: str = "", name: str = "") -> Need:
    """A program on the search path, and what the package manager of this machine brings it with."""
    by_manager: Sequence[str] = (apt, brew, winget)
    lines = [
        line.format(package)
        for (manager, line), package in zip(_MANAGERS, by_manager, strict=True)
        if package and shutil.which(manager)
    ]
    get = lines[0] if lines else f"install {apt} with the package manager of this machine (Debian: apt-get install {apt})"
    return Need(name or command, _version(command), get)


@cache
def _version(command: str) -> str | None:
    """The first line of what ``command --version`` says; its place where it says nothing."""
    program = shutil.which(command)
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return program
    return next((line.strip() for line in (answer.stdout + answer.stderr).splitlines() if line.strip()), program)


def _chromium() -> Need:
    from mobile_inpaint.bench.browser import chromium

    program = chromium.find()
    get = _program("chromium", apt="chromium", brew="chromium", winget="Google.Chrome").get if program is None else ""
    return Need("Chromium", str(program) if program else None, f"{get}, or name one in CHROME_PATH")


def _web_runtimes() -> Need:
    from mobile_inpaint.bench.browser import runtimes

    place = str(runtimes.folder()) if runtimes.are_here() else None
    return Need("runtimes of the browser (60 MB)", place, f"{runtimes.FETCH}   (needs npm)")


def _xcode() -> Need:
    if platform.system() != "Darwin":
        return Need("Xcode", None, "a Mac with Xcode 15 or later, from the App Store")
    try:
        answer = subprocess.run(
            ["xcrun", "--find", "devicectl"], capture_output=True, text=True, timeout=_ANSWER_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return Need("Xcode", None, "Xcode 15 or later, from the App Store")
    return Need("Xcode with devicectl", answer.stdout.strip() or None, "Xcode 15 or later, from the App Store")


def _checkout(folder: str) -> Need:
    """A folder that only a checkout has, not the installed package."""
    from pathlib import Path

    import mobile_inpaint

    place = Path(mobile_inpaint.__file__).parents[1] / folder
    get = "git clone the project and run the command in the checkout, or name a folder of your own with --into"
    return Need(f"the folder {folder}", str(place) if place.is_dir() else None, get)
