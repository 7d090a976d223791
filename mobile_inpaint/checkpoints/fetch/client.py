"""A package client (npm, pip) run to its end. It downloads because it knows the user's proxy, mirror and certificates."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Progress = Callable[[int, int | None], None]
"""``progress(bytes_done, bytes_total)``; the total is None while nobody knows it."""


def run(
    command: Sequence[str],
    folder: Path,
    *,
    growing: Path,
    total: int,
    progress: Progress | None = None,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """What the client complained of on stderr; None if it succeeded.

    Args:
        command: program and arguments; killed if this call is interrupted.
        folder: where it runs, and where its complaint is kept.
        growing: a folder whose size tells how far the download is.
        total: the size in bytes that it grows to.
        progress: called a few times a second.
        environment: variables beside those of this process.
    """
    errors, done = folder / "errors.txt", 0
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        ) as process,
    ):
        try:
            while process.poll() is None:
                if progress is not None:
                    done = max(done, min(_bytes_in(growing), total))  # a client may clear up before it ends
                    progress(done, total)
                time.sleep(0.05)
        finally:
            process.kill()
    return errors.read_text(encoding="utf-8", errors="replace") if process.returncode != 0 else None


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, files in os.walk(folder):  # clients rename and remove their temporary files and folders under us
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                total += Path(parent, file).lstat().st_size
    return total
