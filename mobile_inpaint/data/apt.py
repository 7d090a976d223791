"""Debian packages by name and version, downloaded by apt into a folder of our own; nothing is installed, no right is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from mobile_inpaint.checkpoints.fetch import client
from mobile_inpaint.errors import PhotoSetError, ToolchainMissing

SUITES = ("bookworm", "bullseye", "trixie", "sid")
_SOURCE = "src:"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")  # where Debian's package of that name puts it
_ENGLISH = {"LC_ALL": "C"}


class Package(NamedTuple):
    """A package of one version; ``src:name`` is a source package."""

    name: str
    version: str

    @property
    def is_source(self) -> bool:
        """Whether it is one."""
        return self.name.startswith(_SOURCE)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Apt:
    """apt with a state of its own in a folder: its lists, its cache, its only sources.

    Args:
        folder: an empty folder; whatever is made in it may be deleted.
        archive: address of a Debian archive, or a whole ``.sources`` file; None: where this machine's own apt gets Debian.
        sources: whether source packages are wanted, whose indices are as large again.

    Raises:
        ToolchainMissing: there is no apt-get or no dpkg-deb.
        PhotoSetError: this machine's apt knows no Debian archive.
    """

    def __init__(self, folder: Path, archive: str | None = None, *, sources: bool = False) -> None:
        missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
        if missing:
            raise ToolchainMissing(
                f"{' and '.join(missing)} not found: these photos come out of Debian packages; "
                f"fetch them on Debian or Ubuntu (a container will do), or train on a folder of your own"
            )
        self.folder = folder
        for part in ("state/lists/partial", "cache/archives/partial", "downloads"):
            (folder / part).mkdir(parents=True)
        places = folder / "photos.sources"
        places.write_text(_deb822(archive or _own_archive(), sources), encoding="utf-8")
        self._options = [
            f"--option={option}"
            for option in (
                f"Dir::State={folder / 'state'}",
                f"Dir::Cache={folder / 'cache'}",
                f"Dir::Etc::sourcelist={places}",
                "Dir::Etc::sourceparts=-",
                "Dir::State::status=/dev/null",
                "Dir::Cache::pkgcache=pkgcache.bin",  # images of containers turn these off, and then each call takes seconds
                "Dir::Cache::srcpkgcache=srcpkgcache.bin",
                "APT::Architecture=amd64",  # what the manifests were made from, whatever this machine is
                "APT::Architectures::=amd64",
                "APT::Sandbox::User=root",  # which leaves whoever calls it who they are
                "Acquire::Languages=none",
                "Acquire::Retries=3",
            )
        ]

    def update(self) -> None:
        """Reads the archive's indices.

        Raises:
            PhotoSetError: none can be read.
        """
        complaint = self._call("apt-get", "update", "--quiet").stderr
        if not list((self.folder / "state/lists").glob("*Packages*")):
            reason = next(iter(re.findall(r"^[EW]: *(.+)", complaint, re.MULTILINE)), "it gave no reason")
            raise PhotoSetError(
                f"apt cannot read the archive's indices ({reason}); check the network, or say --archive ADDRESS"
            )

    def sizes(self, packages: Iterable[Package]) -> dict[Package, int]:
        """What each package that the archive has takes to download, in bytes; those it no longer has are not in it."""
        packages = list(packages)
        names = [package.name.removeprefix(_SOURCE) for package in packages]
        there = set[Package]()
        for line in self._call("apt-cache", "madison", *names).stdout.splitlines():
            name, version, index = (part.strip() for part in line.split("|"))
            there.add(Package(f"{_SOURCE if index.endswith('Sources') else ''}{name}", version))
        found = {}
        for package in packages:
            if package in there:
                listed = self._call("apt-get", *_get(package), "--print-uris").stdout
                found[package] = sum(int(size) for size in re.findall(r"^'.+' \S+ (\d+)", listed, re.MULTILINE))
        return found

    def download(self, package: Package, size: int, progress: Callable[[int, int | None], None] | None = None) -> list[Path]:
        """The package's archives, freshly downloaded and checked by apt; delete them when done.

        Args:
            package: one that the archive has.
            size: in bytes, to report progress by.
            progress: ``progress(bytes_done, bytes_total)``, called a few times a second.

        Raises:
            PhotoSetError: the download failed.
        """
        folder = self.folder / "downloads"
        command = ["apt-get", *self._options, "--quiet", *_get(package)]
        complaint = client.run(command, folder, growing=folder, total=size, progress=progress, environment=_ENGLISH)
        if complaint is not None:
            reason = next(iter(re.findall(r"^E: *(.+)", complaint, re.MULTILINE)), "it gave no reason")
            raise PhotoSetError(f"apt could not download {package}: {reason}")
        return sorted(path for path in folder.iterdir() if path.suffix in (".deb", ".xz", ".gz", ".bz2"))

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *self._options, *arguments],
            cwd=self.folder,
            env={**os.environ, **_ENGLISH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def members(archive: Path, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files ``wanted`` that ``archive`` holds, each with its bytes, in the archive's order; nothing touches the disk.

    Args:
        archive: a .deb, or a tar archive of a source package.
        wanted: paths within it, without a leading ``./``.

    Raises:
        PhotoSetError: it is damaged.
    """
    left = set(wanted)
    try:
        with _tar_stream(archive) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if name in left and (content := tar.extractfile(member)) is not None:
                    left.remove(name)
                    yield name, content.read()
                if not left:
                    return
    except tarfile.TarError as error:
        raise PhotoSetError(f"{archive.name}: damaged ({error}); fetch again") from error


@contextmanager
def _tar_stream(archive: Path) -> Iterator[IO[bytes]]:
    if archive.suffix != ".deb":
        with archive.open("rb") as file:
            yield file
        return
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()  # what was wanted may have come long before the end


def _get(package: Package) -> list[str]:
    if package.is_source:
        return ["source", "--download-only", f"{package.name.removeprefix(_SOURCE)}={package.version}"]
    return ["download", f"{package.name}={package.version}"]


def _deb822(archive: str, sources: bool) -> str:
    """apt's sources: ``archive`` itself where it is a list of them already, or else the suites at that address."""
    if "\n" in archive:
        return archive
    # Without Debian's keyring apt would refuse; each photo is checked against its own sha256 all the same.
    trust = f"Signed-By: {_KEYRING}" if _KEYRING.exists() else "Trusted: yes"
    types = "deb deb-src" if sources else "deb"
    return f"Types: {types}\nURIs: {archive}\nSuites: {' '.join(SUITES)}\nComponents: main\n{trust}\n"


def _own_archive() -> str:
    """Where this machine's apt gets Debian: whose Release says so, or else, if none was read yet, whose address does."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(SITE)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    for beginning in ("Debian Debian ", "$(ORIGIN) $(LABEL) "):
        for line in listed:
            site = line.removeprefix(beginning)
            if line.startswith(beginning) and site.rstrip("/").endswith("/debian"):
                return site
    raise PhotoSetError("this machine's apt has no Debian archive; name one with --archive ADDRESS")
