"""Checkpoints of a run: one file each, whole or not there, from which the run goes on as if it had never stopped.

::

    <run>/checkpoints/step-00001000.pt

Nothing of a random generator's state is kept, because none is carried from step to step: whatever a step draws, it draws from
(seed, step, process), as samples are drawn from (seed, index).

The file is what ``torch.save`` writes, a ZIP archive, and its comment is the sha256 of everything before the comment.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import struct
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import torch

from mobile_inpaint import files, schema
from mobile_inpaint.checkpoints.readers import torch_files
from mobile_inpaint.documents import parse_json
from mobile_inpaint.errors import TrainingError
from mobile_inpaint.quoting import quoted
from mobile_inpaint.training.config import TrainConfig, config_from

FORMAT = 2
WITHOUT_DIGEST = 1
"""The format before: the same, and nothing tells whether its bytes are those that were written."""
LARGEST_BYTES = 16_000_000_000
"""Networks, averages and two moments of each weight: ten times what the largest published network takes."""
_KEYS = {"format", "config", "photos", "origin", "state"}
_NAME = re.compile(r"step-([0-9]{8,18})\.pt")
_SEAL = "mobile-inpaint sha256 {}"
_SEALED = re.compile(rb"mobile-inpaint sha256 ([0-9a-f]{64})")
_SEAL_BYTES = len(_SEAL.format("0" * 64))


class DamagedCheckpoint(TrainingError):
    """A checkpoint that no run can go on from; the one before it may be good."""


class Checkpoints:
    """Those in one run's folder.

    Args:
        run: the run's folder; need not exist.
        keep: how many stay when another is saved.
    """

    def __init__(self, run: Path, keep: int) -> None:
        self.folder = run / "checkpoints"
        self.keep = keep

    def steps(self) -> dict[int, Path]:
        """Those there are, oldest first."""
        found = {int(match[1]): path for path in self.folder.glob("step-*.pt") if (match := _NAME.fullmatch(path.name))}
        return dict(sorted(found.items()))

    def last(self) -> Path | None:
        """The newest."""
        return next(reversed(self.steps().values()), None)

    def newest_first(self) -> Iterator[Path]:
        """Those there are, from the newest on."""
        return reversed(self.steps().values())

    def set_aside(self, path: Path) -> Path:
        """Renames a damaged checkpoint, so that it counts no longer; returns its new path.

        Raises:
            OSError: it cannot be renamed.
        """
        for number in count(1):
            kept = path.with_name(f"{path.name}.damaged{f'-{number}' if number > 1 else ''}")
            if not os.path.lexists(kept):
                break
        return path.rename(kept)

    def remove_old(self) -> None:
        """Removes the oldest beyond ``keep``.

        Raises:
            OSError: one cannot be removed.
        """
        for old in list(self.steps().values())[: -self.keep]:
            if old.is_symlink() or not old.is_dir():  # a folder of that name is none of ours
                old.unlink()

    def last_good(self) -> str:
        """Half a sentence that names the newest, for messages."""
        return f"the last good checkpoint is {last}" if (last := self.last()) else "there is no checkpoint yet"

    def save(self, state: dict[str, Any], config: TrainConfig, photos: str, origin: str) -> Path:
        """Writes ``state`` and removes the oldest beyond ``keep``.

        Args:
            state: of :class:`~mobile_inpaint.training.state.State`.
            config: of the run.
            photos: digest of the set of photos.
            origin: of the weights at step 0, as JSON; empty of a random start.

        Returns:
            the file, on the disk when this returns.

        Raises:
            TrainingError: it cannot be written; names the last good one, which stays.
        """
        document = {
            "format": FORMAT,
            "config": json.dumps(schema.dump(config)),
            "photos": photos,
            "origin": origin,
            "state": state,
        }
        # into memory first: a full disk is then one OSError from one write, and not whatever the container's writer makes of it
        packed = io.BytesIO()
        torch.save(document, packed)
        _seal(packed)
        path = self.folder / f"step-{state['step']:08d}.pt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            files.write_whole(path, packed.getbuffer(), durable=True)
            self.remove_old()
        except OSError as error:
            raise TrainingError(
                f"{path}: cannot be written ({error.strerror}): {self.last_good()}; make room, then continue with --resume"
            ) from error
        return path


def read_checkpoint(path: Path) -> tuple[dict[str, Any], TrainConfig]:
    """What :meth:`Checkpoints.save` wrote, on the CPU, and its run's configuration. Nothing in the file is executed.

    The values in ``state`` are not looked at; :meth:`~mobile_inpaint.training.state.State.resumed` does that.

    Raises:
        DamagedCheckpoint: not a checkpoint of a run, or not as it was written.
        TrainingError: it cannot be opened, or is of a newer version.
    """
    try:
        document, is_sealed = _document(path)
    except torch_files.TorchFileError as error:
        raise DamagedCheckpoint(f"{path}: damaged, or not a checkpoint: {error}") from error
    except PermissionError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}); allow it, then continue with --resume") from error
    except OSError as error:
        raise DamagedCheckpoint(f"{path}: cannot be read ({error.strerror or error})") from error
    if not isinstance(document, dict) or not document.keys() >= _KEYS:
        raise DamagedCheckpoint(f"{path}: not a training checkpoint of mobile-inpaint; to start from its weights use --from")
    number = document["format"]
    if type(number) is int and number > FORMAT:
        raise TrainingError(
            f"{path}: of format {quoted(number)}, this version reads {FORMAT}; go on with the version that wrote it"
        )
    if type(number) is not int or number < WITHOUT_DIGEST:
        raise DamagedCheckpoint(f"{path}: damaged: 'format' is {quoted(number)}, must be {FORMAT}")
    if number != WITHOUT_DIGEST and not is_sealed:
        raise DamagedCheckpoint(f"{path}: damaged: it has lost its digest")
    for key in ("config", "photos", "origin"):
        if not isinstance(document[key], str):
            raise DamagedCheckpoint(f"{path}: damaged: '{key}' is {quoted(document[key])}, must be text")
    if document["origin"] and not isinstance(parse_json(document["origin"], f"{path}: 'origin'", DamagedCheckpoint), dict):
        raise DamagedCheckpoint(f"{path}: damaged: 'origin' is {quoted(document['origin'])}, must be a table")
    table = parse_json(document["config"], f"{path}: 'config'", DamagedCheckpoint)
    try:
        return document, config_from(table, str(path))
    except TrainingError as error:
        raise DamagedCheckpoint(str(error)) from error


def recorded_config(run: Path) -> TrainConfig:
    """The configuration of the run in the folder ``run``, out of its newest good checkpoint.

    Raises:
        TrainingError: there is no checkpoint, or no good one; see :func:`read_checkpoint`.
    """
    checkpoints, faults = Checkpoints(run, 1), list[DamagedCheckpoint]()
    for path in checkpoints.newest_first():
        try:
            return read_checkpoint(path)[1]
        except DamagedCheckpoint as error:
            faults.append(error)
    raise none_left(checkpoints, faults)


def none_left(checkpoints: Checkpoints, faults: list[DamagedCheckpoint]) -> TrainingError:
    """What to raise where no checkpoint is good; ``faults`` are those of all there are, the newest first."""
    if not faults:
        return TrainingError(f"{checkpoints.folder}: no checkpoint to go on from; start the run without --resume")
    others = f" (and the {len(faults) - 1} before it cannot be used either)" if len(faults) > 1 else ""
    return TrainingError(f"{faults[0]}{others}; no checkpoint is left: start another run, with --out")


def _document(path: Path) -> tuple[Any, bool]:
    """What was given to ``torch.save``, and whether a digest says that nothing in the file has changed since."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise torch_files.TorchFileError("it is a link, a folder or a device, not a file")
    # a pipe that took its place since is not waited for
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_BYTES:
            raise torch_files.TorchFileError(f"it is larger than {LARGEST_BYTES / 1e9:g} GB")
        is_sealed = _is_sealed(file, size)
        return torch_files.read(file, size), is_sealed


def _seal(packed: io.BytesIO) -> None:
    """Appends the digest, as the comment of the ZIP archive."""
    with packed.getbuffer() as content:
        assert bytes(content[-22:-18]) == b"PK\5\6" and bytes(content[-2:]) == b"\0\0", "torch.save writes no comment"
        content[-2:] = struct.pack("<H", _SEAL_BYTES)
        seal = _SEAL.format(hashlib.sha256(content).hexdigest())
    packed.seek(0, io.SEEK_END)
    packed.write(seal.encode())


def _is_sealed(file: BinaryIO, size: int) -> bool:
    """Whether the file ends with a digest, which then is right.

    Raises:
        TorchFileError: it is wrong.
    """
    left = max(size - _SEAL_BYTES, 0)
    file.seek(left)
    if not (match := _SEALED.fullmatch(file.read(_SEAL_BYTES))):
        return False
    digest = hashlib.sha256()
    file.seek(0)
    while left > 0 and (chunk := file.read(min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)
    if digest.hexdigest().encode() != match[1]:
        raise torch_files.TorchFileError("its content does not match its digest")
    return True
