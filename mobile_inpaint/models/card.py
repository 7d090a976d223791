"""What is known of a checkpoint: where it comes from, and what its owner allows."""

from __future__ import annotations

from dataclasses import dataclass


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
class Card:
    """Provenance of a checkpoint.

    Attributes:
        name: in the weights store; of a user's own file, its name without suffix.
        model: the network it belongs to, one of ``list_models()``; empty where nobody said.
        resolution: side in px of that network's image; 0 where nobody said.
        licence, copyright: of the weights, not of this package.
        paper: that describes the network.
        trained_on: the data set.
        origin: where the file comes from, for people.
        file: its published name.
        sha256: of the file, 64 hex digits; where only its ends are known, those, with ``…`` between.
        bytes: size of the file; None where unknown.
        also_sha256: of another published file with the same weights, written like ``sha256``; empty if there is none.
        npm: what fetches it; None where it must be added by hand.
    """

    name: str
    model: str
    resolution: int
    licence: str
    copyright: str
    paper: str
    trained_on: str
    origin: str
    file: str
    sha256: str
    bytes: int | None = None
    also_sha256: str = ""
    npm: NpmFile | None = None

    def describes(self, sha256: str) -> bool:
        """True if a file with this digest is one of those published under this name."""
        return _fits(sha256, self.sha256) or (self.also_sha256 != "" and _fits(sha256, self.also_sha256))


def _fits(sha256: str, known: str) -> bool:
    first, ellipsis, last = known.partition("…")
    return sha256.startswith(first) and sha256.endswith(last) if ellipsis else sha256 == known
