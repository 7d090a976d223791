"""What a file of weights is when it is not one: a saved web page, a Git LFS pointer, a TorchScript archive."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from mobile_inpaint.errors import WeightsError

_HEAD_BYTES = 1024
_PAGE = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<\?xml|<!--)", re.IGNORECASE)
_LFS = b"version https://git-lfs.github.com/spec/"


def check_kind(path: Path, shown: str) -> None:
    """Returns if the file at ``path`` may hold weights; only its head, and a ZIP's directory, are looked at.

    Args:
        path: a regular file.
        shown: the name by which the message calls it.

    Raises:
        WeightsError: it is something else; the message says what, and what to do.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise WeightsError(f"{shown}: cannot be read ({error.strerror or error})") from error
    if not head:
        raise WeightsError(f"{shown}: an empty file, not weights; get it again")
    if _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise WeightsError(f"{shown}: a web page, not weights; download the file again, from the link to the file itself")
    if head.startswith(_LFS):
        raise WeightsError(f"{shown}: a Git LFS pointer, not weights; run git lfs pull, or download the file itself")
    if head.startswith(b"PK") and _is_torchscript(path):
        raise WeightsError(
            f"{shown}: a TorchScript archive, which holds code; save its weights alone: "
            "torch.save(torch.jit.load(FILE).state_dict(), 'weights.pt')"
        )


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(re.fullmatch(r"[^/]+/(code/.*|constants\.pkl)", name) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # its reader says what is wrong with it
